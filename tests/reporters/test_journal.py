"""The journal knows every selected node, however the process ended."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from headrace.engine.core.errors import UsageError
from headrace.engine.core.events import (
    Event,
    NodeCancelled,
    NodeCommitting,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    RunEmpty,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from headrace.engine.state.journal import Journal
from headrace.engine.state.journal_state import JournalState, NodeState, read_journal
from hypothesis import given
from hypothesis import strategies as st

from .support import (
    NOON,
    FailingWrites,
    at_noon,
    failed,
    hook,
    invocation,
    model,
    small_run,
    succeeded,
)


def journalled(path: Path, *events: Event, carried: JournalState | None = None) -> Journal:
    journal = Journal(path, carried=carried, clock=at_noon)
    for event in events:
        journal.record(event)
    journal.close()
    return journal


def test_whole_run_reads_back_as_it_was(tmp_path: Path) -> None:
    journal = journalled(tmp_path / "journal", *small_run())

    state = read_journal(tmp_path / "journal")

    assert state == journal.state
    assert state.finished
    assert state.elapsed == 0.45
    assert state.header == {
        "event": "header",
        "format": 1,
        "invocation_id": "an-invocation",
        "command": "run",
        "version": "0.1.0",
        "started_at": "2026-11-23T12:00:00.000000Z",
        "threads": 4,
        "target": "dev",
        "args": {"threads": 4},
    }
    results = {key: (n.result or {})["status"] for key, n in state.nodes.items()}
    assert results == {
        "model.debug.model_1": "success",
        "model.debug.model_2": "error",
        "model.debug.model_3": "cancelled",
        "model.debug.model_4": "skipped",
    }


def test_each_line_is_on_disk_as_it_happens(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    states = []

    for event in small_run()[:8]:
        journal.record(event)
        if path.exists():
            states.append([node.state for node in read_journal(path).nodes.values()])
    journal.close()

    planned, started, done = NodeState.PLANNED, NodeState.STARTED, NodeState.DONE
    assert states == [
        [planned] * 4,
        [started, planned, planned, planned],
        [started, planned, planned, planned],
        [started, planned, planned, planned],
        [done, planned, planned, planned],
        [done, started, planned, planned],
    ]


@given(st.data())
def test_journal_cut_anywhere_tells_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("run") / "journal"
    journalled(path, *small_run())
    content = path.read_bytes()
    header_length = content.index(b"\n")
    length = data.draw(st.integers(header_length, len(content)))
    path.write_bytes(content[:length])

    state = read_journal(path)

    whole = content[:length].split(b"\n")
    expected = JournalState()
    for line in whole:
        try:
            expected.apply(json.loads(line))
        except json.JSONDecodeError:
            break
    assert state == expected


@pytest.mark.parametrize("kind", [NodeFinished, NodeSkipped, NodeCancelled])
def test_end_of_a_node_is_noted_whatever_becomes_of_the_run(
    tmp_path: Path, kind: type[NodeFinished | NodeSkipped | NodeCancelled]
) -> None:
    first = model("first")

    journalled(
        tmp_path / "journal",
        invocation(),
        RunStarted((first,), 1, "dev"),
        kind(succeeded(first), 1, 1),
    )

    state = read_journal(tmp_path / "journal")
    assert [node.state for node in state.nodes.values()] == [NodeState.DONE]


@pytest.mark.parametrize("tail", [b'{"event": "sta', b"\x00" * 4096, b"\xff\xfe", b"[]\n", b"7"])
def test_damaged_tail_is_left_out(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "journal"
    journal = journalled(path, *small_run())

    path.write_bytes(path.read_bytes() + tail)

    assert read_journal(path) == journal.state


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"event":"header","form',
        b"not a journal",
        b'{"event":"header","format":99}',
        b'{"event":"header","format":99}\n{"event":"header","format":1}',
    ],
)
def test_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").write_bytes(content)

    with pytest.raises(UsageError, match="isn't the journal of a run"):
        read_journal(tmp_path / "journal")


def test_missing_journal_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="journal: the journal of a run can't be read"):
        read_journal(tmp_path / "journal")


def test_invocation_that_runs_nothing_keeps_the_old_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journalled(path, *small_run())
    before = path.read_bytes()

    journalled(path, invocation(), WarningRaised("Odd", "never got there"))

    assert path.read_bytes() == before


def test_next_run_replaces_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journalled(path, *small_run())

    journalled(path, invocation(), RunStarted((model("other"),), 1, "dev"))

    assert list(read_journal(path).nodes) == ["model.debug.other"]


@pytest.mark.parametrize("nth", range(1, 9))
def test_old_journal_stays_whole_when_the_new_one_cannot_begin(tmp_path: Path, nth: int) -> None:
    path = tmp_path / "journal"
    journalled(path, *small_run())
    before = path.read_bytes()
    journal = Journal(path, write=FailingWrites(nth))

    for event in small_run():
        journal.record(event)
    journal.close()

    assert path.read_bytes() == before
    (problem,) = journal.problems
    assert "No space left on device" in problem.message
    assert journal.state.finished


def test_disk_full_later_leaves_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    full_from_now = False

    def write(descriptor: int, content: bytes | memoryview) -> int:
        return FailingWrites(1 if full_from_now else 1000)(descriptor, content)

    journal = Journal(path, write=write)
    events = small_run()
    for event in events[:4]:
        journal.record(event)

    full_from_now = True
    for event in events[4:]:
        journal.record(event)
    journal.close()

    first = read_journal(path).nodes["model.debug.model_1"]
    assert first.state is NodeState.STARTED
    assert len(journal.problems) == 1


def test_run_that_continues_another_keeps_its_results(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journalled(path, *small_run())
    second = model("model_2")

    journalled(
        path,
        invocation(),
        RunStarted((second,), 1, "dev"),
        NodeStarted(second, 1, 1, NOON),
        NodeFinished(succeeded(second), 1, 1),
        RunFinished((succeeded(second),), 0.1),
        carried=read_journal(path),
    )

    state = read_journal(path)
    results = {key: (n.result or {})["status"] for key, n in state.nodes.items()}
    assert results == {
        "model.debug.model_1": "success",
        "model.debug.model_3": "cancelled",
        "model.debug.model_4": "skipped",
        "model.debug.model_2": "success",
    }


def test_result_without_an_event_of_its_own_is_noted_at_the_end(tmp_path: Path) -> None:
    first = model("first")
    results = (failed(first), succeeded(hook("on-run-end")))

    journalled(
        tmp_path / "journal",
        invocation(),
        RunStarted((first,), 1, "dev"),
        RunFinished(results, 0.1, interrupted=True),
    )

    state = read_journal(tmp_path / "journal")
    assert [node.state for node in state.nodes.values()] == [NodeState.DONE] * 2
    assert state.interrupted


def test_secrets_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, scrub=lambda text: text.replace("hunter2", "*****"))
    only = model("only")

    journal.record(invocation({"vars": {"password": "hunter2"}}))
    journal.record(RunStarted((only,), 1, "dev"))
    journal.record(NodeFinished(failed(only, "no login with hunter2"), 1, 1))
    journal.close()

    assert b"hunter2" not in path.read_bytes()
    assert path.read_bytes().count(b"*****") == 2


def test_run_that_was_killed_is_neither_finished_nor_interrupted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for event in small_run()[:8]:
        journal.record(event)
    journal.close()

    state = read_journal(tmp_path / "journal")

    assert (state.finished, state.interrupted, state.elapsed) == (False, False, 0.0)


@pytest.mark.parametrize("interrupted", [True, False])
def test_end_of_a_run_says_whether_it_was_interrupted(tmp_path: Path, interrupted: bool) -> None:
    journal = Journal(tmp_path / "journal")
    for event in [*small_run()[:3], RunFinished((), 1.5, interrupted=interrupted)]:
        journal.record(event)
    journal.close()

    state = read_journal(tmp_path / "journal")

    assert (state.finished, state.interrupted, state.elapsed) == (True, interrupted, 1.5)


def test_records_of_a_node_tell_it_again_as_far_as_it_got(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for event in small_run()[:8]:
        journal.record(event)
    journal.close()
    state, again = journal.state, JournalState()

    for node in state.nodes.values():
        for record in node.records():
            again.apply(record)

    assert again.nodes == state.nodes
    assert [len(node.records()) for node in state.nodes.values()] == [3, 2, 1, 1]


DAY = (NOON.replace(hour=0), NOON.replace(hour=0, day=24))


@pytest.mark.parametrize("batch", [None, DAY])
@pytest.mark.parametrize("completes", [True, False])
def test_transaction_is_on_record_before_it_is_committed(
    tmp_path: Path, batch: tuple[datetime, datetime] | None, completes: bool
) -> None:
    first = model("model_1")
    journal = Journal(tmp_path / "journal")
    for event in [*small_run()[:4], NodeCommitting(first, "771", completes, batch)]:
        journal.record(event)

    last = json.loads((tmp_path / "journal").read_bytes().splitlines()[-1])

    journal.close()
    assert last == {
        "event": "committing",
        "unique_id": first.unique_id,
        "transaction": "771",
        "completes": completes,
        "batch": batch and ["2026-11-23T00:00:00.000000Z", "2026-11-24T00:00:00.000000Z"],
    }
    assert read_journal(tmp_path / "journal").nodes == journal.state.nodes


def test_header_has_the_arguments_and_what_was_settled_of_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.record(invocation({"threads": None, "vars": {"a": 1}}))
    journal.record(RunStarted((model("m"),), 7, "dev", settings={"threads": 7}))
    journal.close()

    header = read_journal(tmp_path / "journal").header

    assert header["args"] == {"threads": 7, "vars": {"a": 1}}
    assert (header["threads"], header["target"], header["command"]) == (7, "dev", "run")


def test_run_without_nodes_keeps_the_file_and_has_a_header_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"what the last run left to be done")
    journal = Journal(path)

    journal.record(invocation({"select": ["nothing"]}))
    journal.record(RunEmpty())
    journal.close()

    assert path.read_bytes() == b"what the last run left to be done"
    assert journal.state.header["command"] == "run"
    assert journal.state.header["args"] == {"select": ["nothing"]}
    assert "threads" not in journal.state.header
