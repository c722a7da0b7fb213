"""What moves at the foot of the terminal, at the widths that terminals have."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from headrace.engine.core.events import NodeFinished, NodeSkipped, NodeStarted, RunStarted
from headrace.engine.core.plain_text import Cleaner
from headrace.engine.core.results import Status
from headrace.engine.reporters.text.live_view import LiveState, duration_text, live_view
from rich.console import Console

from .support import HARMFUL, NOON, check, checked, failed, hook, model, skipped, succeeded


def painted(state: LiveState, seconds: float, width: int, height: int = 24) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, color_system=None)
    console.print(live_view(state, NOON + timedelta(seconds=seconds), width, height))
    return [row.rstrip() for row in stream.getvalue().splitlines()]


def state_after(running: int, total: int = 20) -> LiveState:
    """A state with one success, one failure and one skipped node, and some that are running."""
    nodes = [model(f"model_{number}") for number in range(total)]
    state, clean = LiveState(), Cleaner()
    state.take(RunStarted(tuple(nodes), 4, "dev"), NOON, clean)
    state.take(NodeFinished(succeeded(nodes[0]), 1, total), NOON, clean)
    state.take(NodeFinished(failed(nodes[1]), 2, total), NOON, clean)
    state.take(NodeSkipped(skipped(nodes[2]), 3, total), NOON, clean)
    for number in range(3, 3 + running):
        started = NodeStarted(nodes[number], number + 1, total, NOON)
        state.take(started, NOON + timedelta(seconds=number), clean)
    return state


def test_running_nodes_stand_above_the_bar() -> None:
    assert painted(state_after(2), 75.25, 80) == [
        "  table model test_schema.model_3                                         1m 12s",
        "  table model test_schema.model_4                                         1m 11s",
        "━━━━━━╸                                      3/20  1 ok  1 error  1 skip  1m 15s",
    ]


def test_wide_terminal_is_not_filled_to_its_edge() -> None:
    rows = painted(state_after(2), 12.5, 200)

    assert [len(row) for row in rows] == [120, 120, 120]


def test_no_more_rows_than_eyes_can_follow() -> None:
    rows = painted(state_after(14), 30, 80)

    assert len(rows) == 10
    assert rows[-2] == "  +6 more"


def test_low_terminal_has_fewer_rows() -> None:
    assert len(painted(state_after(14), 30, 80, height=6)) == 5


@pytest.mark.parametrize("width", [5, 20, 40, 80, 140])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    rows = painted(state_after(5), 30, width)

    assert max(map(len, rows)) <= width


def test_name_longer_than_the_row_is_shortened() -> None:
    state = state_after(0)
    state.take(NodeStarted(model("m" * 100), 4, 20, NOON), NOON, Cleaner())

    name, *_ = painted(state, 1.5, 40)

    assert name == "  table model test_schema.mmmmmmmm… 1.5s"


def test_hostile_name_is_escaped() -> None:
    state = state_after(0)
    state.take(NodeStarted(model(HARMFUL), 4, 20, NOON), NOON, Cleaner())

    rows = painted(state, 1.5, 200)

    assert len(rows) == 2
    assert all(row.isprintable() for row in rows)


def test_hooks_do_not_move_the_bar() -> None:
    state = state_after(0)

    state.take(NodeFinished(succeeded(hook("debug.on-run-end.0")), 1, 1), NOON, Cleaner())

    assert state.tally.total == 3


def test_warnings_are_counted() -> None:
    unique = check("unique_x")
    state = LiveState()
    state.take(RunStarted((unique,), 4, "dev"), NOON, Cleaner())

    state.take(NodeFinished(checked(unique, Status.WARN, 2), 1, 1), NOON, Cleaner())

    assert painted(state, 1, 60)[0].endswith("1/1  0 ok  1 warn  1.0s")


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0.0s"), (12.34, "12.3s"), (62, "1m 02s"), (3723, "1h 02m")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
