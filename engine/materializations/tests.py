"""`test`: the rows that a query finds are counted, and judged by the test's severity."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from ...adapters.base import Response, Rows
from ...adapters.relation import RelationType
from ..core.errors import CompilationError, did_you_mean
from ..core.numbers import shortened
from ..core.results import Status
from ..manifest.nodes.stored_failures import STORED_AS
from .built_name import check_built_name
from .count_tests import gives_a_number
from .node_build import NodeBuild, Outcome
from .node_transaction import node_transaction
from .swap import build_and_swap

_ANSWERS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


async def data_test(build: NodeBuild) -> Outcome:
    """Run a test's query, and say whether what it found is a failure.

    Where the test stores its failures, its rows are in its relation afterwards, also if there
    are none, and are counted there.

    Raises:
        CompilationError: `fail_calc`, `warn_if` or `error_if` don't give a number and two
            answers; or failures can't be stored as what they are to be.
    """
    config = build.node.config
    rows, limit, stored = build.sql, config.limit, None
    fail_calc, is_number = config.fail_calc, gives_a_number(build.node, build.sql)
    if await build.scope.call_macro("should_store_failures"):
        await _store(build)
        stored = rows = f"select * from {build.relation}"
        limit = None  # it has been heeded already
    if is_number:
        rows, fail_calc = f"select (\n{rows}\n) as failures", "max(failures)"
    sql = await build.macro("get_test_sql", rows, fail_calc, config.warn_if, config.error_if, limit)
    build.executed.append(sql)
    return judge(build, await build.connection.query(sql), stored)


def judge(build: NodeBuild, found: Rows, stored: str | None = None) -> Outcome:
    """Whether what a test's query gave is a failure. `stored` is the query for the rows kept.

    Raises:
        CompilationError: it isn't one row of a number and two answers.
    """
    config = build.node.config
    if len(found.rows) != 1 or len(found.rows[0]) < 3:
        raise CompilationError("the test's query must give one row of three columns.")
    failures, should_warn, should_error = found.rows[0][:3]
    count = _count(failures)
    status = _judge(config.severity, _answer(should_warn), _answer(should_error))
    rule = config.error_if if status is Status.FAIL else config.warn_if
    if status is Status.WARN and build.fails_on_test_warning:
        status = Status.FAIL
    if status is Status.PASS:
        # As in dbt, rows that are let pass aren't failures.
        return Outcome(status, Response(""), 0, stored=stored, answer=found)
    found_text = f"Got {count} {'result' if count == 1 else 'results'}"
    verdict = "fail" if status is Status.FAIL else "warn"
    response = Response(f"{found_text}, configured to {verdict} if {rule}")
    return Outcome(status, response, count, stored=stored, answer=found)


async def _store(build: NodeBuild) -> None:
    """Put the rows that the test finds in its relation, in place of those of last time."""
    config = build.node.config
    stored_as = config.values.get("store_failures_as") or "table"
    if stored_as not in STORED_AS[1:]:
        raise CompilationError(
            f"'{stored_as}' is not a valid value for `store_failures_as`. Accepted values are: "
            f"{list(STORED_AS)}.{did_you_mean(str(stored_as), STORED_AS)}",
            location=build.node.location,
        )
    check_built_name(build.node, build.adapter)
    kind = RelationType(stored_as)
    if config.limit is not None:
        build.sql = await build.macro("get_limit_subquery_sql", build.sql, config.limit)
    # What was made is not the test's outcome, so that `build.made` is none of it.
    async with node_transaction(build):
        await build_and_swap(build, kind)
    build.cache.add(replace(build.relation, type=kind))


def _answer(value: object) -> bool:
    """Yes or no, as a macro of the project's own may have it: as text, too."""
    if not isinstance(value, str):
        return bool(value)
    if value.casefold() not in _ANSWERS:
        raise CompilationError(
            f"'get_test_sql' returns '{shortened(value)}' for whether the test warns or fails, "
            "which is neither true nor false. Have it return a boolean."
        )
    return _ANSWERS[value.casefold()]


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
