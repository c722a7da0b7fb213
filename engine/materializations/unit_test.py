"""`unit`: what a model's SQL makes of the rows given, compared with the rows expected."""

from __future__ import annotations

from typing import Any

from ...adapters.base import Response, Rows
from ...adapters.column import Column
from ..core.errors import CompilationError
from ..core.results import Status
from ..manifest.nodes.unit_test_node import UnitTest
from .node_build import NodeBuild, Outcome
from .row_diff import row_diff


async def unit_test(build: NodeBuild) -> Outcome:
    """Run a unit test's query, and compare what came of it with what was expected.

    Only the columns that are expected are looked at, and the order of rows isn't. Nothing is
    made in the database but a temporary view, whose types the expected values take; it is gone
    before the query runs.

    Raises:
        CompilationError: a column that is expected is none of the model's.
        DatabaseError: the model's SQL is refused, or a value doesn't suit its column.
    """
    test = build.node
    assert isinstance(test, UnitTest)
    columns = await build.connection.query_columns(build.sql)
    quoted = {column.name.lower(): column.quoted for column in columns}
    names, expected_sql = await _expected(build, test, columns, quoted)
    wanted = [quoted[name] for name in names]
    sql = await build.macro("get_unit_test_sql", build.sql, expected_sql, wanted)
    build.executed.append(sql)
    return compare(await build.connection.query(sql))


def compare(found: Rows) -> Outcome:
    """Whether the rows that a unit test's query gave are those expected.

    The last column says which of them a row is one of, `actual` or `expected`.
    """
    rows: dict[str, list[tuple[object, ...]]] = {"actual": [], "expected": []}
    for row in found.rows:
        rows[str(row[-1])].append(tuple(row[:-1]))
    difference = row_diff(found.column_names[:-1], rows["expected"], rows["actual"])
    if difference is None:
        return Outcome(Status.PASS, Response(""), 0, answer=found)
    response = Response(f"actual differs from expected:\n\n{difference}\n")
    return Outcome(Status.FAIL, response, failures=1, answer=found)


async def _expected(
    build: NodeBuild, test: UnitTest, columns: list[Column], quoted: dict[str, str]
) -> tuple[list[str], str]:
    """The names of the columns to compare, in lower case, and the rows expected as a select."""
    rows = test.expect.rows
    if isinstance(rows, str):
        described = await build.connection.query_columns(rows)
        names = [column.name.lower() for column in described]
        unknown = [name for name in names if name not in quoted]
        if unknown:
            raise CompilationError(
                f"Invalid column name: '{unknown[0]}' in unit test fixture for expected output.\n"
                f"Accepted columns for expected output are: {list(quoted)}",
                location=test.location,
            )
        return names, rows
    names = list(test.expect.column_names) or list(quoted)
    types = {column.name.lower(): column.data_type for column in columns}
    full = [_row_with(names, row) for row in rows]
    return names, await build.macro("get_expected_sql", full, types, quoted)


def _row_with(names: list[str], row: Any) -> dict[str, Any]:
    """A row with all the columns that any row has: what it doesn't say is null."""
    values = {str(name).lower(): value for name, value in row.items()}
    return {name: values.get(name) for name in names}
