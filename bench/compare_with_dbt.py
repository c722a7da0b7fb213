"""The same project built by headrace and by dbt: are the rows the same?

    python bench/compare_with_dbt.py [PROJECT] [--dbt PATH]
    python bench/compare_with_dbt.py --target postgres --dbt-target postgres [--server URL]

Each tool builds its own copy of the project three times: once as it was some time ago (that is
what `--first-vars` is for), once more, so that incremental models catch up, and once with
`--full-refresh`. After each build every seed's, snapshot's and model's rows are compared; a moment
of the comparison itself counts as "now", whichever it is. A relation is the same if it was the
same each time. So are the statuses of the nodes. With both on one database, columns have types,
and the manifests are compared as well: nodes, parents, macros, configuration, relation names, and
of the last build the compiled SQL, up to white space where no built-in macro made it.

By default headrace builds on SQLite and dbt on DuckDB. On PostgreSQL each has a database of its
own; the profile must take its connection from COFFEE_SHOP_PG_HOST, _PORT, _USER, _PASSWORD and
_DBNAME. dbt is looked for at `--dbt`, then at the environment variable HEADRACE_BENCH_DBT, then on
PATH. The project's profile must have both targets, with the same schema.

Exit code: 0 the rows are the same, or there is no dbt; 1 they differ; 2 a build failed, so that
nothing could be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from compare_manifests import manifest_differences
from figures import headrace, print_table
from postgres_server import Server, server_to_use
from read_relations import Table, read_duckdb, read_postgres, read_sqlite

COFFEE_SHOP = Path(__file__).parents[1] / "fixtures" / "coffee_shop"
FIRST_VARS = '{load_until: "2025-06-30 12:00:00"}'
SHOWN = 3
"""So many rows of a difference are shown."""


class CannotCompareError(Exception):
    """A tool's build failed, or the project isn't made for a comparison."""


@dataclass(frozen=True)
class Comparison:
    """What the builds so far showed of one relation. No rows: a tool doesn't have it at all."""

    headrace_rows: int | None = None
    dbt_rows: int | None = None
    different_after: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def after(self, build: str, ours: Table | None, theirs: Table | None) -> Comparison:
        """With one build more. Examples are of the first build that differs."""
        found = differences(ours, theirs)
        return Comparison(
            None if ours is None else ours.rows.total(),
            None if theirs is None else theirs.rows.total(),
            (*self.different_after, build) if found else self.different_after,
            self.examples or tuple(found),
        )


@dataclass(frozen=True)
class Tool:
    """A program that builds a copy of the project, and the target that it builds."""

    name: str
    command: tuple[str, ...]
    project: Path
    target: str
    server: Server | None = None
    with_types: bool = False

    def build(self, *options: str) -> None:
        """Run its `build`.

        Raises:
            CannotCompareError: the build failed.
        """
        self._run("build", *options)

    def parse(self) -> dict[str, Any]:
        """What it makes of the files by reading them alone.

        Raises:
            CannotCompareError: it can't read them.
        """
        self._run("parse", "--no-partial-parse")
        return self.manifest()

    def statuses(self) -> dict[str, str]:
        """How the last build's nodes ended. What each tool calls a hook is its own."""
        text = (self.project / "target" / "run_results.json").read_text("utf-8")
        return {result["unique_id"]: result["status"] for result in json.loads(text)["results"]}

    def _run(self, command: str, *options: str) -> None:
        directories = ("--project-dir", str(self.project), "--profiles-dir", str(self.project))
        done = subprocess.run(
            [*self.command, command, *directories, "--target", self.target, *options],
            cwd=self.project,
            env={
                **os.environ,
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                **(connection_variables(self.server) if self.server else {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if done.returncode:
            ending = "\n".join(done.stdout.splitlines()[-25:])
            raise CannotCompareError(
                f"{self.name} {command} failed with exit code {done.returncode}:\n{ending}"
            )

    def install_packages(self) -> None:
        """Run `deps`, where the project has packages.

        Raises:
            CannotCompareError: it failed.
        """
        if (self.project / "packages.yml").exists():
            done = subprocess.run(
                [*self.command, "deps"], cwd=self.project, capture_output=True, encoding="utf-8"
            )
            if done.returncode:
                raise CannotCompareError(f"{self.name} deps failed:\n{done.stdout}{done.stderr}")

    def manifest(self) -> dict[str, Any]:
        """What the last build made of the project's files."""
        text = (self.project / "target" / "manifest.json").read_text("utf-8")
        manifest: dict[str, Any] = json.loads(text)
        return manifest

    def relations(self) -> set[str]:
        """`schema.name` of each seed, snapshot and model that the last build's manifest has."""
        manifest = self.manifest()
        return {
            f"{node['schema']}.{node['alias']}"
            for node in manifest["nodes"].values()
            if node["resource_type"] in ("seed", "snapshot", "model")
            and node["config"]["materialized"] != "ephemeral"
        }

    def read(self, relations: Sequence[str]) -> dict[str, Table]:
        """What the last build left.

        Raises:
            CannotCompareError: the profile has no such target.
        """
        profile = read_yaml(self.project / "dbt_project.yml")["profile"]
        output = read_yaml(self.project / "profiles.yml")[profile]["outputs"].get(self.target)
        if output is None:
            raise CannotCompareError(
                f"the profile '{profile}' has no target '{self.target}' for {self.name} to build."
            )
        if self.server is not None:
            return asyncio.run(read_postgres(self.server, relations, with_types=self.with_types))
        path = self.project / str(output["path"])
        if output["type"] == "duckdb":
            python = Path(self.command[0]).resolve().with_name("python")
            return read_duckdb(python, path, relations)
        return read_sqlite(path, relations)


def connection_variables(server: Server) -> dict[str, str]:
    """The environment from which the fixture's profile takes its connection."""
    return {
        "COFFEE_SHOP_PG_HOST": server.host,
        "COFFEE_SHOP_PG_PORT": str(server.port),
        "COFFEE_SHOP_PG_USER": server.user,
        "COFFEE_SHOP_PG_PASSWORD": server.password,
        "COFFEE_SHOP_PG_DBNAME": server.database,
    }


def read_yaml(path: Path) -> Any:
    """A YAML file's content."""
    return yaml.safe_load(path.read_text("utf-8"))


def differences(ours: Table | None, theirs: Table | None) -> list[str]:
    """What tells two tables apart, in some examples; nothing if they are the same."""
    if ours is None or theirs is None:
        return [] if ours is theirs else [f"only {'dbt' if ours is None else 'headrace'} has it"]
    if ours.columns != theirs.columns:
        return [f"headrace's columns: {ours.columns}", f"dbt's columns:      {theirs.columns}"]
    return [
        f"only {name} has: {row}"
        for name, rows in (("headrace", ours.rows - theirs.rows), ("dbt", theirs.rows - ours.rows))
        for row in sorted(rows, key=repr)[:SHOWN]
    ]


def build_and_compare(ours: Tool, theirs: Tool, first_vars: str) -> dict[str, Comparison]:
    """Build with both tools, three times, and compare after each.

    Raises:
        CannotCompareError: a build failed, or a target is missing.
    """
    comparisons: dict[str, Comparison] = {}
    for tool in (ours, theirs):
        tool.install_packages()
    for name, options in {
        "the first build": ("--vars", first_vars),
        "the second build": (),
        "the full refresh": ("--full-refresh",),
    }.items():
        for tool in (ours, theirs):
            tool.build(*options)
        found = ours.statuses().items() ^ theirs.statuses().items()
        if found:
            raise CannotCompareError(f"after {name} statuses differ: {sorted(found)}")
        relations = sorted(ours.relations() | theirs.relations())
        our_tables, their_tables = ours.read(relations), theirs.read(relations)
        comparisons = {
            relation: comparisons.get(relation, Comparison()).after(
                name, our_tables.get(relation), their_tables.get(relation)
            )
            for relation in relations
        }
    return comparisons


def report(comparisons: Mapping[str, Comparison]) -> int:
    """Print the table, and examples of what differs. The exit code."""
    rows = []
    for name, found in comparisons.items():
        counts = (
            "missing" if count is None else f"{count:,}"
            for count in (found.headrace_rows, found.dbt_rows)
        )
        rows.append((name, *counts, "different" if found.different_after else "same"))
    print_table(("relation", "rows headrace", "rows dbt", "verdict"), rows)
    different = {name: found for name, found in comparisons.items() if found.different_after}
    for name, found in different.items():
        print(f"\n{name}, after {', '.join(found.different_after)}:")
        print(*(f"  {example}" for example in found.examples), sep="\n")
    print(f"\n{len(comparisons) - len(different)} of {len(comparisons)} relations are the same.")
    return 1 if different else 0


def report_manifests(ours: dict[str, Any], theirs: dict[str, Any]) -> int:
    """Print what differs between two manifests. The exit code."""
    found = list(manifest_differences(ours, theirs))
    for difference in found:
        print(f"\n{difference.unique_id}: {difference.what}")
        if difference.ours is not None or difference.theirs is not None:
            print(f"  headrace: {difference.ours}\n  dbt:      {difference.theirs}")
    nodes = len(theirs["nodes"])
    print(f"\nThe manifests differ in {len(found)} places, over {nodes} nodes.")
    return 1 if found else 0


def with_code_of(parsed: dict[str, Any], built: dict[str, Any]) -> dict[str, Any]:
    """What was parsed, with the SQL that a build has compiled: running adds macros in dbt."""
    for unique_id, node in parsed["nodes"].items():
        node["compiled_code"] = built["nodes"].get(unique_id, {}).get("compiled_code")
    return parsed


def find_dbt(given: str | None) -> str | None:
    """dbt's executable: the one that is named, else the one on PATH. None if there is none."""
    return shutil.which(given or os.environ.get("HEADRACE_BENCH_DBT") or "dbt")


def copy_project(project: Path, to: Path) -> Path:
    """A fresh copy, without what earlier runs left behind."""
    leftovers = shutil.ignore_patterns("target", "logs", "*.db", "*.db-*", "*.duckdb")
    return Path(shutil.copytree(project, to, ignore=leftovers))


def own_database(server: Server, tool: str) -> Server:
    """A new database for one tool."""
    database = f"compare_{tool}"
    asyncio.run(server.execute(f"drop database if exists {database}"))
    asyncio.run(server.execute(f"create database {database}"))
    return replace(server, database=database)


def main() -> int:
    """Compare, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("project", nargs="?", type=Path, default=COFFEE_SHOP)
    parser.add_argument("--dbt", help="dbt's executable, in an environment with dbt-duckdb")
    parser.add_argument("--target", default="dev", help="of headrace (%(default)s: SQLite)")
    parser.add_argument("--server", help="postgresql://user:password@host:port/database")
    parser.add_argument("--dbt-target", default="duckdb", help="of dbt (%(default)s)")
    parser.add_argument("--first-vars", default=FIRST_VARS, help="in the first build (%(default)s)")
    arguments = parser.parse_args()
    dbt = find_dbt(arguments.dbt)
    if dbt is None:
        print("peer not installed: there is no dbt at --dbt, HEADRACE_BENCH_DBT or on PATH.")
        return 0
    on_postgres = "postgres" in (arguments.target, arguments.dbt_target)
    with (
        tempfile.TemporaryDirectory() as name,
        server_to_use(arguments.server) if on_postgres else nullcontext() as server,
    ):
        ours, theirs = (
            Tool(
                tool,
                command,
                copy_project(arguments.project, Path(name) / tool),
                target,
                own_database(server, tool) if server and target == "postgres" else None,
                with_types=arguments.target == arguments.dbt_target == "postgres",
            )
            for tool, command, target in (
                ("headrace", tuple(headrace()), arguments.target),
                ("dbt", (os.path.abspath(dbt),), arguments.dbt_target),
            )
        )
        try:
            comparisons = build_and_compare(ours, theirs, arguments.first_vars)
        except CannotCompareError as error:
            print(error, file=sys.stderr)
            return 2
        code = report(comparisons)
        if arguments.target == arguments.dbt_target:
            built = [tool.manifest() for tool in (ours, theirs)]
            code |= report_manifests(
                *(
                    with_code_of(made.parse(), last)
                    for made, last in zip((ours, theirs), built, strict=True)
                )
            )
    return code


if __name__ == "__main__":
    sys.exit(main())
