"""`test`: the rows that a query finds are counted, and judged by the test's severity."""

from __future__ import annotations

from decimal import Decimal

from ...adapters.base import Response
from ..errors import CompilationError
from ..results import Status
from .node_build import NodeBuild, Outcome


async def data_test(build: NodeBuild) -> Outcome:
    """Run a test's query, and say whether what it found is a failure.

    Raises:
        CompilationError: the severity is none, or `fail_calc`, `warn_if` or `error_if` don't
            give a number and two answers.
    """
    config = build.node.config
    if config.severity not in ("ERROR", "WARN"):
        raise CompilationError(
            f"severity must be 'error' or 'warn', and is '{config.severity.lower()}'."
        )
    sql = await build.macro(
        "get_test_sql", build.sql, config.fail_calc, config.warn_if, config.error_if, config.limit
    )
    build.executed.append(sql)
    found = await build.connection.query(sql)
    if len(found.rows) != 1 or len(found.rows[0]) < 3:
        raise CompilationError("the test's query must give one row of three columns.")
    failures, should_warn, should_error = found.rows[0][:3]
    count = _count(failures)
    status = _judge(config.severity, bool(should_warn), bool(should_error))
    rule = config.error_if if status is Status.FAIL else config.warn_if
    if status is Status.WARN and build.fails_on_test_warning:
        status = Status.FAIL
    message = f"Got {count} {'result' if count == 1 else 'results'}"
    if status in (Status.FAIL, Status.WARN):
        message += f", configured to {'fail' if status is Status.FAIL else 'warn'} if {rule}"
    return Outcome(status, Response(message if status is not Status.PASS else ""), count)


def _judge(severity: str, should_warn: bool, should_error: bool) -> Status:
    """dbt's rule: an error needs the severity for it, a warning only its condition."""
    if severity == "ERROR" and should_error:
        return Status.FAIL
    return Status.WARN if should_warn else Status.PASS


def _count(failures: object) -> int:
    # An aggregate such as max() over no rows is NULL: nothing was found.
    if failures is None:
        return 0
    if not isinstance(failures, int | float | Decimal):
        raise CompilationError(
            f"fail_calc must give a number, not {failures!r}. Check the test's 'fail_calc'."
        )
    return int(failures)
