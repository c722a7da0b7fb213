"""A run on a terminal, and what is left there afterwards."""

from __future__ import annotations

import io
import re
import threading

import pytest
from headrace.engine.core.events import (
    Event,
    MessageLogged,
    NodeFinished,
    NodeStarted,
    OutputProduced,
    RunFinished,
    RunStarted,
)
from headrace.engine.reporters.style import Style
from headrace.engine.reporters.text.console import ConsoleReporter

from .support import HARMFUL, NOON, at_noon, model, small_run, succeeded

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen(io.StringIO):
    """A stream that remembers its text, and lets a test wait for some of it."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        with self._changed:
            self.writes.append(text)
            self._changed.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.getvalue(), timeout=10)

    @property
    def lines(self) -> list[str]:
        """Everything that was written, without escapes; what the live part left is in it."""
        return [row.strip("\r") for row in ESCAPE.sub("", self.getvalue()).split("\n")]


def shown(*events: Event, width: int = 100, quiet: bool = False) -> Screen:
    """The screen after the events, which come too fast for the live part to be painted."""
    screen = Screen()
    reporter = ConsoleReporter(
        screen, Style(quiet=quiet, clock=at_noon), refresh_seconds=60, size=(width, 24)
    )
    for event in events:
        reporter.handle(event)
    reporter.close()
    return screen


def test_finished_nodes_and_summary_scroll_by() -> None:
    screen = shown(*small_run())

    assert (
        "\n".join(screen.lines)
        == """\
Running with headrace=0.1.0
Found 4 models, 1 test

Concurrency: 4 threads (target='dev')

12:00:00 | 1 of 4 OK created table model test_schema.model_1 ................... [SELECT 4 in 0.08s]
12:00:00 | 2 of 4 ERROR creating table model test_schema.model_2 .................. [ERROR in 0.06s]
12:00:00 | CANCEL query model.debug.model_3 ............................................... [CANCEL]
12:00:00 | 4 of 4 SKIP relation test_schema.model_4 ......................................... [SKIP]

Finished running 4 table models in 0.45s.

Completed with 2 errors, 0 partial successes, and 0 warnings:

Database Error in model model_2 (models/model_2.sql)
  relation "nope" does not exist
  at models/model_2.sql:4
  compiled SQL at target/run/debug/models/model_2.sql

Skipped because of model.debug.model_2:
  test_schema.model_4

Cancelled in flight:
  test_schema.model_3

Done. PASS=1 WARN=0 ERROR=2 SKIP=1 NO-OP=0 TOTAL=4
"""
    )


def test_narrow_terminal_gets_the_line_without_its_time() -> None:
    screen = shown(NodeFinished(succeeded(model("orders")), 1, 4), width=80)

    assert screen.lines[0] == (
        "1 of 4 OK created table model test_schema.orders ........... [SELECT 4 in 0.08s]"
    )


def test_running_nodes_are_shown_while_they_run() -> None:
    screen = Screen()
    reporter = ConsoleReporter(screen, Style(clock=at_noon), size=(80, 24))
    orders = model("orders")

    reporter.handle(RunStarted((orders,), 4, "dev"))
    reporter.handle(NodeStarted(orders, 1, 1, NOON))
    screen.wait_for("  table model test_schema.orders")
    reporter.close()

    assert "0/1  0 ok" in screen.getvalue()


def test_bar_moves_together_with_the_line_above_it() -> None:
    screen = Screen()
    reporter = ConsoleReporter(screen, Style(clock=at_noon), size=(80, 24))
    orders, customers = model("orders"), model("customers")
    reporter.handle(RunStarted((orders, customers), 4, "dev"))
    screen.wait_for("0/2  0 ok")

    reporter.handle(NodeFinished(succeeded(orders), 1, 2))
    screen.wait_for("OK created")
    reporter.close()

    (painting,) = [text for text in screen.writes if "OK created" in text]
    assert "1/2  1 ok" in painting


@pytest.mark.parametrize("upto", range(1, 15))
def test_terminal_is_restored_whenever_it_is_closed(upto: int) -> None:
    screen = Screen()
    reporter = ConsoleReporter(screen, Style(clock=at_noon, use_colors=True), size=(80, 24))

    for event in small_run()[:upto]:
        reporter.handle(event)
    if 3 <= upto < 13:
        screen.wait_for(HIDE_CURSOR)
    reporter.close()
    reporter.close()

    text = screen.getvalue()
    assert text.count(HIDE_CURSOR) == text.count(SHOW_CURSOR)
    assert text.rfind(SHOW_CURSOR) >= text.rfind(HIDE_CURSOR)


def test_without_colours_it_is_still_live() -> None:
    screen = Screen()
    reporter = ConsoleReporter(screen, Style(clock=at_noon), size=(80, 24))

    reporter.handle(RunStarted((model("orders"),), 4, "dev"))
    screen.wait_for("0/1  0 ok")
    for event in small_run()[3:]:
        reporter.handle(event)
    reporter.close()

    assert HIDE_CURSOR in screen.getvalue()
    assert not COLOUR.search(screen.getvalue())


def test_status_is_coloured() -> None:
    screen = Screen()
    reporter = ConsoleReporter(screen, Style(clock=at_noon, use_colors=True), size=(100, 24))

    for event in small_run():
        reporter.handle(event)
    reporter.close()

    assert "[\x1b[32mSELECT 4\x1b[0m in 0.08s]" in screen.getvalue()
    assert "[\x1b[31mERROR\x1b[0m in 0.06s]" in screen.getvalue()


def test_quiet_has_no_live_part_and_only_errors() -> None:
    screen = shown(
        *small_run(), MessageLogged("printed", to_console=True, is_print=True), quiet=True
    )

    assert HIDE_CURSOR not in screen.getvalue()
    told = [row for row in screen.lines if " ERROR " in row or "printed" in row]
    assert told[0].startswith("12:00:00 | 2 of 4 ERROR creating table model test_schema.model_2 ")
    assert told[1:] == ["printed"]
    assert "Done." not in screen.getvalue()


def test_hostile_text_cannot_steer_the_terminal() -> None:
    hostile = model(HARMFUL)
    screen = shown(
        RunStarted((hostile,), 1, "dev"),
        NodeStarted(hostile, 1, 1, NOON),
        NodeFinished(succeeded(hostile, HARMFUL), 1, 1),
        OutputProduced(HARMFUL),
        RunFinished((succeeded(hostile),), 0.1),
    )

    assert "\x1b[2J" not in screen.getvalue()
    assert "\x9b" not in screen.getvalue()
    assert "\x07" not in screen.getvalue()


def test_markup_in_a_message_is_no_markup() -> None:
    screen = shown(MessageLogged("[red]select[/red] :warning: [1, 2]", to_console=True))

    assert screen.lines[0] == "[red]select[/red] :warning: [1, 2]"


def test_answer_for_a_pipe_goes_there() -> None:
    screen, pipe = Screen(), io.StringIO()
    reporter = ConsoleReporter(screen, Style(use_colors=True), output=pipe, size=(80, 24))

    reporter.handle(OutputProduced("debug.orders"))
    reporter.close()

    assert pipe.getvalue() == "debug.orders\n"
    assert "debug.orders" not in screen.getvalue()


def test_closed_terminal_does_not_break_the_run() -> None:
    screen = Screen()
    reporter = ConsoleReporter(screen, Style(clock=at_noon, use_colors=True), size=(80, 24))
    screen.close()

    for event in small_run():
        reporter.handle(event)
    reporter.close()


def test_failure_of_the_painter_travels_at_close() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise RuntimeError("a bug of ours")

    reporter = ConsoleReporter(Broken(), Style(use_colors=True), size=(80, 24))
    reporter.handle(MessageLogged("hello", to_console=True))

    with pytest.raises(RuntimeError, match="a bug of ours"):
        reporter.close()


def test_whoever_hands_an_event_over_draws_nothing() -> None:
    drawing: set[int] = set()

    class Watched(io.StringIO):
        def write(self, text: str) -> int:
            drawing.add(threading.get_ident())
            return len(text)

    nodes = tuple(model(f"m{number}") for number in range(1000))
    reporter = ConsoleReporter(Watched(), Style(use_colors=True), size=(80, 24))
    reporter.handle(RunStarted(nodes, 8, "dev"))
    for number, node in enumerate(nodes, 1):
        reporter.handle(NodeStarted(node, number, 1000, NOON))
        reporter.handle(NodeFinished(succeeded(node), number, 1000))
    reporter.close()

    assert drawing
    assert threading.get_ident() not in drawing
