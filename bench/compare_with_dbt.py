"""The same project built by headrace on SQLite and by dbt on DuckDB: are the rows the same?

    python bench/compare_with_dbt.py [PROJECT] [--dbt PATH]

Each tool builds its own copy of the project three times: once as it was some time ago (that is
what `--first-vars` is for), once more, so that incremental models catch up, and once with
`--full-refresh`. After each build every seed's and model's rows are compared. A relation is the
same if it was the same each time.

dbt is looked for at `--dbt`, then at the environment variable HEADRACE_BENCH_DBT, then on PATH. It
must have dbt-duckdb. The project's profile must have both targets, with the same schema.

Exit code: 0 the rows are the same, or there is no dbt; 1 they differ; 2 a build failed, so that
nothing could be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from figures import headrace, print_table

COFFEE_SHOP = Path(__file__).parents[1] / "fixtures" / "coffee_shop"
FIRST_VARS = '{load_until: "2025-06-30 12:00:00"}'
DIGITS = 6
"""Numbers are compared to so many decimal places."""
SHOWN = 3
"""So many rows of a difference are shown."""

# Runs in dbt's own environment, since DuckDB need not be in ours.
READ_DUCKDB = """
import json, sys
from decimal import Decimal
import duckdb

def plain(value):
    return float(value) if isinstance(value, Decimal) else str(value)

tables = {}
with duckdb.connect(sys.argv[1], read_only=True) as database:
    for name in json.load(sys.stdin):
        schema, identifier = (part.replace('"', '""') for part in name.split(".", 1))
        try:
            found = database.execute(f'select * from "{schema}"."{identifier}"')
        except duckdb.CatalogException:
            continue
        tables[name] = [[column[0] for column in found.description], found.fetchall()]
json.dump(tables, sys.stdout, default=plain)
"""

Value: TypeAlias = int | float | str | None


class CannotCompareError(Exception):
    """A tool's build failed, or the project isn't made for a comparison."""


@dataclass(frozen=True)
class Table:
    """What a relation holds: the names of its columns, and how often there is each row."""

    columns: tuple[str, ...]
    rows: Counter[tuple[Value, ...]]


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

    def build(self, *options: str) -> None:
        """Run its `build`.

        Raises:
            CannotCompareError: the build failed.
        """
        directories = ("--project-dir", str(self.project), "--profiles-dir", str(self.project))
        done = subprocess.run(
            [*self.command, "build", *directories, "--target", self.target, *options],
            cwd=self.project,
            env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if done.returncode:
            ending = "\n".join(done.stdout.splitlines()[-25:])
            raise CannotCompareError(
                f"{self.name} build failed with exit code {done.returncode}:\n{ending}"
            )

    def relations(self) -> set[str]:
        """`schema.name` of each seed, snapshot and model that the last build's manifest has."""
        manifest = json.loads((self.project / "target" / "manifest.json").read_text("utf-8"))
        return {
            f"{node['schema']}.{node['alias']}"
            for node in manifest["nodes"].values()
            if node["resource_type"] in ("seed", "snapshot", "model")
            and node["config"]["materialized"] != "ephemeral"
        }

    def database(self) -> Path:
        """The database's file, as the profile names it."""
        profile = read_yaml(self.project / "dbt_project.yml")["profile"]
        outputs = read_yaml(self.project / "profiles.yml")[profile]["outputs"]
        if self.target not in outputs:
            raise CannotCompareError(
                f"the profile '{profile}' has no target '{self.target}' for {self.name} to build."
            )
        return self.project / str(outputs[self.target]["path"])


def read_yaml(path: Path) -> Any:
    """A YAML file's content."""
    return yaml.safe_load(path.read_text("utf-8"))


def plain_value(value: object) -> Value:
    """What both databases mean by a value: SQLite has no booleans, and no dates but texts."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        rounded = round(value, DIGITS)
        return int(rounded) if rounded.is_integer() else rounded
    return str(value)


def make_table(columns: Iterable[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of values that can be compared."""
    return Table(tuple(columns), Counter(tuple(map(plain_value, row)) for row in rows))


def read_sqlite(path: Path, relations: Iterable[str]) -> dict[str, Table]:
    """The relations that there are. `marts.orders` is in the file `<stem>.marts.db`."""
    tables = {}
    with closing(sqlite3.connect(path)) as database:
        for file in path.parent.glob(f"{path.stem}.*{path.suffix}"):
            schema = file.stem.removeprefix(f"{path.stem}.")
            database.execute("attach ? as ?", (str(file), schema))
        for name in relations:
            schema, identifier = (part.replace('"', '""') for part in name.split(".", 1))
            known = f'select 1 from "{schema}".sqlite_master where name = ?'
            if database.execute(known, (identifier,)).fetchone():
                found = database.execute(f'select * from "{schema}"."{identifier}"')
                columns = [str(column[0]) for column in found.description]
                tables[name] = make_table(columns, found)
    return tables


def read_duckdb(python: Path, path: Path, relations: Iterable[str]) -> dict[str, Table]:
    """The relations that there are, read by the Python that dbt has."""
    done = subprocess.run(
        [python, "-c", READ_DUCKDB, path],
        input=json.dumps(list(relations)),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    found = json.loads(done.stdout)
    return {name: make_table(columns, rows) for name, (columns, rows) in found.items()}


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
    databases = (ours.database(), theirs.database())
    dbt_python = Path(theirs.command[0]).resolve().with_name("python")
    comparisons: dict[str, Comparison] = {}
    for name, options in {
        "the first build": ("--vars", first_vars),
        "the second build": (),
        "the full refresh": ("--full-refresh",),
    }.items():
        for tool in (ours, theirs):
            tool.build(*options)
        relations = sorted(ours.relations() | theirs.relations())
        our_tables = read_sqlite(databases[0], relations)
        their_tables = read_duckdb(dbt_python, databases[1], relations)
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


def find_dbt(given: str | None) -> str | None:
    """dbt's executable: the one that is named, else the one on PATH. None if there is none."""
    return shutil.which(given or os.environ.get("HEADRACE_BENCH_DBT") or "dbt")


def copy_project(project: Path, to: Path) -> Path:
    """A fresh copy, without what earlier runs left behind."""
    leftovers = shutil.ignore_patterns("target", "logs", "*.db", "*.db-*", "*.duckdb")
    return Path(shutil.copytree(project, to, ignore=leftovers))


def main() -> int:
    """Compare, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("project", nargs="?", type=Path, default=COFFEE_SHOP)
    parser.add_argument("--dbt", help="dbt's executable, in an environment with dbt-duckdb")
    parser.add_argument("--target", default="dev", help="of headrace, on SQLite (%(default)s)")
    parser.add_argument("--dbt-target", default="duckdb", help="of dbt (%(default)s)")
    parser.add_argument("--first-vars", default=FIRST_VARS, help="in the first build (%(default)s)")
    arguments = parser.parse_args()
    dbt = find_dbt(arguments.dbt)
    if dbt is None:
        print("peer not installed: there is no dbt at --dbt, HEADRACE_BENCH_DBT or on PATH.")
        return 0
    with tempfile.TemporaryDirectory() as name:
        ours = copy_project(arguments.project, Path(name) / "headrace")
        theirs = copy_project(arguments.project, Path(name) / "dbt")
        try:
            comparisons = build_and_compare(
                Tool("headrace", tuple(headrace()), ours, arguments.target),
                Tool("dbt", (os.path.abspath(dbt),), theirs, arguments.dbt_target),
                arguments.first_vars,
            )
        except CannotCompareError as error:
            print(error, file=sys.stderr)
            return 2
    return report(comparisons)


if __name__ == "__main__":
    sys.exit(main())
