"""Transactions of the last run of which nobody knows: read from its journal, and settled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from headrace import Options
from headrace.adapters.abilities import Fate
from headrace.engine.core.results import Doubt
from headrace.engine.project.event_time import EventWindow
from headrace.engine.state.unfinished import UnfinishedRun, find_unfinished

from .test_unfinished import result, write_journal, write_results

ORDERS = "model.shop.orders"
MAY = [f"2026-05-0{day}T00:00:00Z" for day in range(1, 5)]
WINDOWS = [[MAY[0], MAY[1]], [MAY[1], MAY[2]], [MAY[2], MAY[3]]]


def in_doubt(status: str, *doubts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result that has doubts."""
    return result(
        "orders", status, adapter_response={"in_doubt": list(doubts), "attempts": 2}, **more
    )


def doubt(number: int | None, *, completes: bool = True, batch: object = None) -> dict[str, Any]:
    name = None if number is None else f"one/1/{number}"
    return {"transaction": name, "completes": completes, "batch": batch}


def committing(number: int, **more: Any) -> dict[str, Any]:
    return {"event": "committing", "unique_id": ORDERS, **doubt(number, **more)}


def killed(directory: Path, *lines: dict[str, Any]) -> UnfinishedRun:
    """A run of `orders` that was killed after these lines of its journal."""
    path = write_journal(directory)
    started = {"event": "started", "unique_id": ORDERS, "at": MAY[0]}
    planned = {"event": "planned", "unique_id": ORDERS, "relation_name": "shop.orders"}
    with path.open("a") as journal:
        for line in (planned, started, *lines):
            journal.write(json.dumps(line) + "\n")
    return find_unfinished(directory, Options(), retries_warnings=False, macro_commands=())


def found(directory: Path) -> UnfinishedRun:
    return find_unfinished(directory, Options(), retries_warnings=False, macro_commands=())


def last_result(run: UnfinishedRun) -> dict[str, Any]:
    """What the journal is to say of `orders` in the end."""
    (*_, record) = [
        record["result"]
        for record in run.records
        if record["event"] == "result" and record["result"]["unique_id"] == ORDERS  # type: ignore[index] # it is one
    ]
    assert isinstance(record, dict)
    return record


def test_doubts_of_a_result_are_read(tmp_path: Path) -> None:
    write_journal(tmp_path, in_doubt("error", doubt(7), doubt(None, completes=False)))

    run = found(tmp_path)

    assert run.doubts == {ORDERS: (Doubt("one/1/7", True), Doubt(None, False))}


def test_doubts_of_results_without_a_journal_are_read(tmp_path: Path) -> None:
    write_results(tmp_path, in_doubt("error", doubt(7)))

    assert found(tmp_path).doubts == {ORDERS: (Doubt("one/1/7", True),)}


@pytest.mark.parametrize("value", ["nonsense", [{"completes": "perhaps"}], [7], [{"batch": ["x"]}]])
def test_doubt_that_cannot_be_read_is_one_of_which_nothing_is_known(
    tmp_path: Path, value: object
) -> None:
    write_journal(tmp_path, result("orders", "error", adapter_response={"in_doubt": value}))

    assert found(tmp_path).doubts == {ORDERS: (Doubt(None),)}


def test_node_that_is_done_or_failed_otherwise_has_none(tmp_path: Path) -> None:
    write_journal(tmp_path, in_doubt("success", doubt(7)), result("other", "error"))

    assert found(tmp_path).doubts == {}


@pytest.mark.parametrize(
    ("fate", "left"),
    [
        (Fate.COMMITTED, ["model.shop.waiting"]),
        (Fate.ROLLED_BACK, [ORDERS, "model.shop.waiting"]),
    ],
)
def test_node_is_done_if_what_completes_it_went_through(
    tmp_path: Path, fate: Fate, left: list[str]
) -> None:
    write_journal(tmp_path, in_doubt("error", doubt(7), compiled_code="select 1"))

    run = found(tmp_path).settled({"one/1/7": fate})

    assert (list(run.nodes), run.doubts) == (left, {})
    told = last_result(run)
    assert told["status"] == ("success" if fate is Fate.COMMITTED else "error")
    assert ("in_doubt" in told["adapter_response"]) is (fate is not Fate.COMMITTED)
    assert told["compiled_code"] == "select 1"


def test_node_is_run_again_if_what_went_through_does_not_complete_it(tmp_path: Path) -> None:
    write_journal(tmp_path, in_doubt("error", doubt(7, completes=False)))

    run = found(tmp_path).settled({"one/1/7": Fate.COMMITTED})

    assert list(run.nodes) == [ORDERS, "model.shop.waiting"]


def test_killed_node_has_the_doubt_of_its_last_commit(tmp_path: Path) -> None:
    run = killed(tmp_path, committing(7), committing(8))

    assert run.doubts == {ORDERS: (Doubt("one/1/8", True),)}
    done = run.settled({"one/1/8": Fate.COMMITTED})
    assert list(done.nodes) == ["model.shop.waiting"]
    assert last_result(done)["status"] == "success"
    assert last_result(done)["relation_name"] == "shop.orders"


def test_cancelled_node_has_the_doubt_of_its_last_commit(tmp_path: Path) -> None:
    ended = {"event": "result", "result": result("orders", "cancelled")}

    assert killed(tmp_path, committing(7), ended).doubts == {ORDERS: (Doubt("one/1/7", True),)}


@pytest.mark.parametrize("status", ["success", "error", "timeout", "skipped"])
def test_node_that_has_ended_has_no_doubt_of_its_journal(tmp_path: Path, status: str) -> None:
    ended = {"event": "result", "result": result("orders", status)}

    assert killed(tmp_path, committing(7), ended).doubts == {}


def test_killed_batches_have_a_doubt_each(tmp_path: Path) -> None:
    run = killed(
        tmp_path,
        committing(7, batch=WINDOWS[0]),
        committing(8, batch=WINDOWS[1]),
        committing(9, batch=WINDOWS[1]),
    )

    assert [each.transaction for each in run.doubts[ORDERS]] == ["one/1/7", "one/1/9"]
    again = run.settled(dict.fromkeys(["one/1/7", "one/1/9"], Fate.COMMITTED))
    assert ORDERS in again.nodes  # of the batches that come after nothing is known


@pytest.mark.parametrize("naive", [False, True])
def test_batch_that_went_through_is_built_no_more(tmp_path: Path, naive: bool) -> None:
    batches = {"successful": WINDOWS[:1], "failed": WINDOWS[1:]}
    batch = [time.removesuffix("Z") if naive else time for time in WINDOWS[1]]
    write_journal(
        tmp_path, in_doubt("partial success", doubt(7, batch=batch), batch_results=batches)
    )

    run = found(tmp_path).settled({"one/1/7": Fate.COMMITTED})

    assert ORDERS in run.nodes
    (left,) = run.batches[ORDERS].failed
    assert isinstance(left, EventWindow)
    assert left.start.isoformat() == "2026-05-03T00:00:00+00:00"
    assert len(run.batches[ORDERS].successful) == 2


def test_model_whose_last_batch_went_through_is_done(tmp_path: Path) -> None:
    batches = {"successful": WINDOWS[:2], "failed": WINDOWS[2:]}
    write_journal(
        tmp_path, in_doubt("partial success", doubt(7, batch=WINDOWS[2]), batch_results=batches)
    )

    run = found(tmp_path).settled({"one/1/7": Fate.COMMITTED})

    assert list(run.nodes) == ["model.shop.waiting"]
    assert last_result(run)["batch_results"] == {"successful": WINDOWS, "failed": []}


def test_hook_in_doubt_is_asked_for_where_something_is_left(tmp_path: Path) -> None:
    hook = {**in_doubt("error", doubt(7)), "unique_id": "operation.shop.start"}
    write_journal(tmp_path, hook)

    assert found(tmp_path).doubts == {"operation.shop.start": (Doubt("one/1/7", True),)}

    with (tmp_path / "run_results.jsonl").open("a") as journal:
        ended = {"event": "result", "result": result("waiting", "success")}
        journal.write(json.dumps(ended) + "\n")
    assert (found(tmp_path).nodes, found(tmp_path).doubts) == ((), {})
