"""One line of the log, before it is text: what it says, how bad it is, what to colour."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum

from msgspec import Struct

from ...core.plain_text import column_width
from ...core.results import NodeInfo, RunResult

TIMESTAMP_WIDTH = len("HH:MM:SS | ")
LINE_WIDTH = 80
"""Columns before the brackets, as dbt has it: the timestamp, the text, the dots."""


class Level(IntEnum):
    """How much a line matters. A reporter shows what is at or above its own level."""

    DEBUG = 10
    """What was sent to the database, and what a template logs for itself."""
    INFO = 20
    """The way of the run."""
    WARN = 30
    """To look at; nothing stopped."""
    ERROR = 40
    """Something failed. All that is left under `--quiet`."""
    NONE = 50
    """No line has it: whoever shows only these shows nothing."""


class Paint(Enum):
    """The colour of a status word, as an ANSI code. rich knows them by their lower-case names."""

    NONE = ""
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    RED = "\x1b[31m"


_UNPAINTED = "\x1b[0m"

Segments = tuple[str, str, str]
"""A physical line in three: plain, painted, plain."""


class LineKind(Struct, frozen=True):
    """What dbt's JSON log calls such a line, for the tools that read it."""

    name: str
    code: str = ""


class Line(Struct, frozen=True):
    """One entry of the log.

    With a `status` it is laid out in dbt's form: text, dots, and the status in brackets with
    the `seconds` that it took. Without one, the text stands alone; it may have several lines,
    of which the first is painted. `text` and `status` are already clean (see `Cleaner`).
    `about` is the node that the line speaks of. A block (`is_block`) is what tools look for at
    the beginning of a line, such as an error's: no time stands before it.
    """

    kind: LineKind
    text: str
    level: Level = Level.INFO
    status: str = ""
    seconds: float | None = None
    paint: Paint = Paint.NONE
    about: RunResult | NodeInfo | None = None
    is_block: bool = False

    @property
    def bracket_width(self) -> int:
        """Columns that the bracketed end takes, with the space before it."""
        return column_width(self.status) + len(self._after) + len(" [")

    @property
    def _after(self) -> str:
        return "]" if self.seconds is None else f" in {self.seconds:.2f}s]"


BLANK = Line(LineKind("Formatting", "Z017"), "")
BLANK_BEFORE_BLOCK = Line(LineKind("Formatting", "Z017"), "", is_block=True)


def segments(line: Line, dotted_width: int) -> list[Segments]:
    """The physical lines of an entry; dots fill a status line up to `dotted_width` columns."""
    if not line.status:
        first, *others = line.text.split("\n")
        return [("", first, ""), *((other, "", "") for other in others)]
    room = dotted_width - column_width(line.text) - 1
    dots = f" {'.' * room}" if room > 0 else ""
    return [(f"{line.text}{dots} [", line.status, line._after)]


def fitted(line: Line, width: int) -> list[Segments]:
    """As `segments`, but all within `width` columns, with the brackets at the right edge.

    Where a name leaves no room for them, the brackets stand on a line of their own.
    """
    bracket = line.bracket_width
    if not line.status or column_width(line.text) + bracket <= width:
        return segments(line, width - bracket)
    dots = "." * max(3, width - bracket - 2)
    return [(line.text, "", ""), (f"  {dots} [", line.status, line._after)]


def timed(line: Line, rows: Sequence[str], prefix: str) -> list[str]:
    """The physical lines of an entry with the time before the first, but for a block."""
    first, *others = rows
    return [first if line.is_block else (prefix + first).rstrip(), *others]


def render(line: Line, dotted_width: int = LINE_WIDTH, *, use_colors: bool = False) -> list[str]:
    """The physical lines of an entry as text."""
    paint = line.paint.value if use_colors else ""
    return [
        f"{before}{paint}{painted}{_UNPAINTED}{after}"
        if paint and painted
        else f"{before}{painted}{after}"
        for before, painted, after in segments(line, dotted_width)
    ]
