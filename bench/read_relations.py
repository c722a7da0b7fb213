"""What a database's relations hold, in a form in which those of another can be compared."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from postgres_server import Server

DIGITS = 6
"""Numbers are compared to so many decimal places."""

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


@dataclass(frozen=True)
class Table:
    """What a relation holds: the names of its columns, and how often there is each row."""

    columns: tuple[str, ...]
    rows: Counter[tuple[Value, ...]]


NOW = "now"
_BEGAN = datetime.now(UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:?\d\d)?)?")
_A_WHILE = timedelta(hours=2)


def plain_value(value: object) -> Value:
    """What both databases mean by a value: SQLite has no booleans, and no dates but texts."""
    if value is None:
        return value
    if isinstance(value, datetime):
        value = value.isoformat(sep=" ")
    if isinstance(value, str):
        return NOW if _is_now(value) else value
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float | Decimal):
        rounded = round(float(value), DIGITS)
        return int(rounded) if rounded.is_integer() else rounded
    return str(value)


def _is_now(text: str) -> bool:
    """Whether a text is a moment of this comparison, which no two tools have in common."""
    if not _MOMENT.fullmatch(text):
        return False
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return abs(moment - _BEGAN) < _A_WHILE


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


_TYPES = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = $1::text::regclass and attnum > 0 and not attisdropped order by attnum
"""


async def read_postgres(
    server: Server, relations: Iterable[str], *, with_types: bool = False
) -> dict[str, Table]:
    """The relations that there are; with the types of their columns where these are wanted."""
    connection = await server.connect()
    tables = {}
    for name in relations:
        schema, identifier = (part.replace('"', '""') for part in name.split(".", 1))
        quoted = f'"{schema}"."{identifier}"'
        if await connection.fetchval("select to_regclass($1)", quoted) is None:
            continue
        statement = await connection.prepare(f"select * from {quoted}")
        rows = await statement.fetch()
        typed = await connection.fetch(_TYPES, quoted)
        columns = [f"{column} {type_}" if with_types else column for column, type_ in typed]
        tables[name] = make_table(columns, [tuple(row) for row in rows])
    await connection.close()
    return tables
