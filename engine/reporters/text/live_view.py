"""What moves at the foot of a terminal during a run: what is running, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct, field
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...core.events import Event, NodeCancelled, NodeFinished, NodeSkipped, NodeStarted, RunStarted
from ...core.plain_text import Cleaner
from ...core.results import RunResult
from .tally import Tally

ROWS_SHOWN = 8
"""How many running nodes are shown; of the others, how many there are."""
MAX_WIDTH = 120
"""Columns beyond which a wider terminal is left empty: eyes don't follow further."""
_NARROWEST_BAR = 10


class LiveState(Struct):
    """How far the run is. `running` is in the order of starts: the longest runner is first."""

    planned: frozenset[str] = frozenset()
    started_at: datetime | None = None
    tally: Tally = field(default_factory=Tally)
    running: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def take(self, event: Event, now: datetime, clean: Cleaner) -> None:
        """Move on by one event, which happened `now`."""
        match event:
            case RunStarted(nodes=nodes):
                self.planned = frozenset(node.unique_id for node in nodes)
                self.tally, self.started_at = Tally(), now
            case NodeStarted(node=node):
                described = f"{node.kind} {node.display_name}"
                self.running[node.unique_id] = (clean.name(described), now)
            case NodeFinished(result=result) | NodeSkipped(result=result):
                self._done(result)
            case NodeCancelled(result=result):
                self._done(result)

    @property
    def total(self) -> int:
        return len(self.planned)

    def _done(self, result: RunResult) -> None:
        self.running.pop(result.node.unique_id, None)
        # Hooks run besides the plan, and don't move its bar.
        if result.node.unique_id in self.planned:
            self.tally.add(result.status)


class LiveView(Struct, frozen=True):
    """The state as rich paints it: as it is whenever it is painted."""

    state: LiveState
    clock: Callable[[], datetime]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield live_view(self.state, self.clock(), options.max_width, console.height)


def live_view(state: LiveState, now: datetime, width: int, height: int) -> RenderableType:
    """The running nodes, longest first, and below them the bar with its counts."""
    width = min(width, MAX_WIDTH)
    # Two lines for the bar and the count of the others, one so that the last line stays free.
    room = max(1, min(ROWS_SHOWN, height - 3))
    rows = Table.grid(padding=(0, 1), expand=False)
    rows.width = width
    rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    rows.add_column(justify="right", no_wrap=True)
    running = list(state.running.values())
    for described, started_at in running[:room]:
        elapsed = duration_text((now - started_at).total_seconds())
        rows.add_row(Text(f"  {described}"), Text(elapsed, style="cyan"))
    if len(running) > room:
        rows.add_row(Text(f"  +{len(running) - room} more", style="dim"), "")
    return Group(rows, _bar(state, now, width)) if running else _bar(state, now, width)


def duration_text(seconds: float) -> str:
    """`12.3s`, `1m 02s`, `1h 02m`."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"


def _bar(state: LiveState, now: datetime, width: int) -> RenderableType:
    counts = _counts(state, now)
    room = width - counts.cell_len - 1
    if room < _NARROWEST_BAR:
        return counts
    tally = state.tally
    style = "red" if tally.failed else "yellow" if tally.warned else "green"
    bar = ProgressBar(
        total=max(1, state.total),
        completed=tally.total,
        width=room,
        complete_style=style,
        finished_style=style,
    )
    line = Table.grid(padding=(0, 1))
    line.add_row(bar, counts)
    return line


def _counts(state: LiveState, now: datetime) -> Text:
    tally = state.tally
    text = Text(f"{tally.total}/{state.total}", no_wrap=True, overflow="ellipsis")
    for count, noun, style in (
        (tally.passed, "ok", "green"),
        (tally.warned, "warn", "yellow"),
        (tally.failed, "error", "red"),
        (tally.skipped, "skip", "yellow"),
    ):
        if count or noun == "ok":
            text.append("  ")
            text.append(f"{count} {noun}", style=style)
    if state.started_at:
        text.append(f"  {duration_text((now - state.started_at).total_seconds())}", style="dim")
    return text
