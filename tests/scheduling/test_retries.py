"""When a node that failed is built again, and after which pause."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from headrace.adapters.errors import DatabaseError, RelationChangedError
from headrace.adapters.relation import Namespace, Relation, RelationType
from headrace.engine.running.node_result import Progress
from headrace.engine.running.node_run import (
    LONGEST_PAUSE_SECONDS,
    OVERTAKEN_AT_MOST,
    may_retry,
    pause_after,
    retry_text,
    was_overtaken,
)
from msgspec.structs import replace


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


class Overtaken:
    """A build whose relation somebody else has made after it was listed."""

    def __init__(self, *, committed: bool, came: bool = True) -> None:
        self.relation = Relation(None, "main", "orders")
        self.committed = committed
        self.cache = self
        self.refreshed: list[Namespace] = []
        self._came = came

    async def find(self, relation: Relation) -> Relation | None:
        is_there = self._came and bool(self.refreshed)
        return replace(relation, type=RelationType.TABLE) if is_there else None

    async def refresh(self, namespace: Namespace) -> None:
        self.refreshed.append(namespace)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("has_kept", [False, True])
@pytest.mark.parametrize("came", [True, False])
@pytest.mark.parametrize("attempts", [1, OVERTAKEN_AT_MOST, OVERTAKEN_AT_MOST + 1])
@pytest.mark.parametrize("failure", [RelationChangedError("x"), DatabaseError("x")])
async def test_node_that_was_overtaken_goes_on_from_what_is_there_unless_it_has_left_something(
    failure: DatabaseError, attempts: int, came: bool, has_kept: bool, committed: bool
) -> None:
    build = Overtaken(committed=committed, came=came)
    so_far = Progress("slot-1", attempts=attempts, build=cast(Any, build), has_kept=has_kept)

    again = await was_overtaken(failure, so_far)

    may_be = (
        isinstance(failure, RelationChangedError)
        and attempts <= OVERTAKEN_AT_MOST
        and not has_kept
        and not committed
    )
    assert again == (may_be and came)
    assert build.refreshed == ([build.relation.namespace] if may_be else [])


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
