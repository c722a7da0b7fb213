"""When a node that failed is built again, and after which pause."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from headrace.adapters.errors import DatabaseError
from headrace.engine.running.node_result import Progress
from headrace.engine.running.node_run import (
    LONGEST_PAUSE_SECONDS,
    may_retry,
    pause_after,
    retry_text,
)


class PassingError(DatabaseError):
    may_pass = True


def progress(*, attempts: int, committed: bool | None, has_kept: bool = False) -> Progress:
    """How far a node got; `committed` is None where its build had not begun."""
    build = None if committed is None else cast(Any, SimpleNamespace(committed=committed))
    return Progress("slot-1", attempts=attempts, build=build, has_kept=has_kept)


@pytest.mark.parametrize("committed", [None, False, True])
@pytest.mark.parametrize(("attempts", "has_one_left"), [(1, True), (2, True), (3, False)])
@pytest.mark.parametrize("failure", [PassingError("x"), DatabaseError("x")])
def test_only_what_may_pass_has_not_committed_and_has_attempts_left_is_built_again(
    failure: DatabaseError, attempts: int, has_one_left: bool, committed: bool | None
) -> None:
    again = may_retry(failure, progress(attempts=attempts, committed=committed), retries=2)

    assert again == (failure.may_pass and has_one_left and committed is not True)


@pytest.mark.parametrize("committed", [None, False])
def test_what_its_sql_has_made_durable_by_itself_is_not_done_twice(committed: bool | None) -> None:
    kept = progress(attempts=1, committed=committed, has_kept=True)

    assert not may_retry(PassingError("x"), kept, retries=2)


def test_without_retries_nothing_is_built_again() -> None:
    assert not may_retry(PassingError("x"), progress(attempts=1, committed=False), retries=0)


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.4), (2, 0.8), (3, 1.6), (20, LONGEST_PAUSE_SECONDS)]
)
def test_pause_doubles_up_to_a_limit_and_is_never_twice_the_same(
    attempt: int, longest: float
) -> None:
    pauses = {pause_after(attempt, 0.4) for _ in range(50)}

    assert len(pauses) > 40
    assert all(longest / 2 <= pause <= longest for pause in pauses)


def test_attempt_that_failed_is_told_in_one_line() -> None:
    node = cast(Any, SimpleNamespace(name="orders", resource_type=SimpleNamespace(value="model")))

    text = retry_text(
        node,
        PassingError("deadlock detected\nDETAIL: …"),
        progress(attempts=2, committed=None),
        0.8,
    )

    assert text == (
        "attempt 2 at model orders failed (deadlock detected); the next one comes in 0.8 s."
    )
