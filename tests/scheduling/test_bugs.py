"""Exceptions that should not have been raised: they stop the run, and travel as they are."""

from __future__ import annotations

import pytest
from headrace.engine.core.results import Status

from .busy import CLEANUP_SECONDS, busy_rehearsal
from .support import Lifecycle, Rehearsal, chain


class BugError(Exception):
    """What a build should never raise."""


def test_bug_in_a_build_travels_as_it_is_and_stops_the_run() -> None:
    cause = KeyError("why")
    bug = BugError("password=hunter2")
    bug.__cause__ = cause
    rehearsal = busy_rehearsal(bad=bug)

    with pytest.raises(BugError) as caught:
        rehearsal.play()

    assert caught.value is bug
    assert bug.__cause__ is cause
    rehearsal.check_one_final_status_each()
    assert rehearsal.statuses["slow"] is Status.CANCELLED
    assert rehearsal.end_times["slow"] == 2 + CLEANUP_SECONDS
    assert rehearsal.results["late"].message == "Skipped: there was an internal error in bad"
    assert rehearsal.results["late"].because == "bad"


def test_node_with_a_bug_ends_as_an_error_that_gives_nothing_away() -> None:
    rehearsal = busy_rehearsal(bad=BugError("password=hunter2"))

    with pytest.raises(BugError):
        rehearsal.play()

    result = rehearsal.results["bad"]
    assert result.status is Status.ERROR
    assert result.message == "Internal error: BugError"
    assert result.error is not None
    assert result.error.title == "Internal Error in model bad (models/bad.sql)"
    assert "hunter2" not in repr(result)


def test_bugs_in_several_builds_travel_together() -> None:
    outcomes = {"a": BugError("one"), "b": BugError("two")}
    rehearsal = Rehearsal({"a": [], "b": [], "c": ["a"]}, outcomes=outcomes)

    with pytest.raises(ExceptionGroup) as caught:
        rehearsal.play()

    assert sorted(str(bug) for bug in caught.value.exceptions) == ["one", "two"]
    rehearsal.check_one_final_status_each()


def test_error_of_whoever_takes_the_events_travels_and_ends_the_flight() -> None:
    rehearsal = Rehearsal(chain(3))
    failures = iter([BugError("disk full")])

    def fail_once(event: Lifecycle) -> None:
        for failure in failures:
            raise failure

    rehearsal.on_event = fail_once

    with pytest.raises(BugError, match="disk full"):
        rehearsal.play()

    assert rehearsal.statuses["n000000"] is Status.CANCELLED
    rehearsal.check_one_final_status_each()
