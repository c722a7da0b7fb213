"""What the benchmarks share: commands timed from outside, rows of figures, and tables to print.

A benchmark makes rows: a piece of work, who did it (headrace, a floor, dbt), and what it cost each
time. Those who are compared take turns, so that the machine's other work is nobody's advantage.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from statistics import median

HEADRACE = "headrace"
BEFORE = "before"
"""Another headrace, which the first one is compared with."""
FLOOR = "floor"
DBT = "dbt"
NOTHING = "no_such_model"
"""A selection of nothing: a run of it costs what starting and ending do, and some reading."""


class Quantity(StrEnum):
    """What is measured: a field of a cost."""

    WALL = "wall"
    CPU = "cpu"
    MEGABYTES = "megabytes"
    EXECUTING = "executing"
    BUSY = "busy"
    RENDERED = "rendered"

    def text(self, value: float) -> str:
        """A value with its unit."""
        match self:
            case Quantity.MEGABYTES:
                return f"{value:.0f} MB"
            case Quantity.RENDERED:
                return f"{value:,.0f}"
            case _:
                return f"{value:.3f} s" if value < 1 else f"{value:.2f} s"


@dataclass(frozen=True)
class Cost:
    """What a piece of work cost once. What wasn't measured is None.

    Seconds from outside and of the processors, the peak of resident megabytes, the seconds that a
    run says that it executed, those for which executing kept processors busy, the server's part
    with it, and how many templates a parse rendered.
    """

    wall: float | None = None
    cpu: float | None = None
    megabytes: float | None = None
    executing: float | None = None
    busy: float | None = None
    rendered: float | None = None


@dataclass(frozen=True)
class Row:
    """What a piece of work cost the one who did it, each time."""

    work: str
    who: str
    nodes: int
    costs: tuple[Cost, ...]

    def values(self, quantity: Quantity) -> list[float]:
        """What was measured of it, in turn."""
        values = (getattr(cost, quantity) for cost in self.costs)
        return [value for value in values if value is not None]

    def median(self, quantity: Quantity) -> float | None:
        values = self.values(quantity)
        return median(values) if values else None


@dataclass(frozen=True)
class Headrace:
    """A headrace to measure: the Python that has it, and a directory of its own.

    Of its own since each keeps what it parsed in the project, and templates in a cache.
    """

    who: str
    python: str
    home: Path

    @property
    def cache(self) -> Path:
        """Where it keeps compiled templates."""
        return self.home / "cache"

    @property
    def environ(self) -> dict[str, str]:
        return {"XDG_CACHE_HOME": str(self.cache)}

    def cost_of(self, *arguments: str, project: Path) -> Cost:
        """Run a command in a project, and say what it cost.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        return cost_of([self.python, "-m", "headrace", *arguments], project, self.environ)


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        repeat: how often each does what is short.
        scale: the part of the full size; goals are those of the full size.
        python: of the headrace that is measured.
        before: the Python of another one.
        dbt: its command, to compare with.
        dbt_models: how many it builds of a full size, where it is as many as headrace's otherwise.
        server: the URL of a PostgreSQL, else one is started.
        fast: don't let that one wait for disks.
    """

    repeat: int = 3
    scale: float = 1.0
    python: str = sys.executable
    before: str | None = None
    dbt: str | None = None
    dbt_models: int | None = None
    server: str | None = None
    fast: bool = False

    def nodes(self, full: int) -> int:
        """How many instead of so many."""
        return max(20, round(full * self.scale))

    def headraces(self, root: Path) -> list[Headrace]:
        """Those to measure, with directories below that one."""
        pythons = {HEADRACE: self.python, BEFORE: self.before}
        found = [Headrace(who, python, root / who) for who, python in pythons.items() if python]
        for each in found:
            each.home.mkdir(parents=True, exist_ok=True)
        return found


Measure = Callable[[Options], list[Row]]


def cost_of(
    command: Sequence[str], cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> Cost:
    """Run a command to its end, and say what it cost.

    As where it is installed, modules are compiled once: from the first of several runs on. A peak
    is never told as less than this process's own, from which the other one was started.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    whole = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **(environ or {})}
    whole.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=cwd, env=whole, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        try:
            complaint = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()  # else it goes on in a directory that is to be removed
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode:
        sys.stderr.write(complaint.decode(errors="replace"))
        raise subprocess.CalledProcessError(process.returncode, command, stderr=complaint)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def executed(cost: Cost, project: Path) -> Cost:
    """The cost of a run, with the seconds that it was executing."""
    results = json.loads((project / "target" / "run_results.json").read_text())
    return replace(cost, executing=results["elapsed_time"])


def take_turns(
    work: str, nodes: int, repeat: int, attempts: Mapping[str, Callable[[], Cost]]
) -> list[Row]:
    """Let each do the work as many times, one after the other."""
    costs: dict[str, list[Cost]] = {who: [] for who in attempts}
    for _ in range(repeat):
        for who, attempt in attempts.items():
            costs[who].append(attempt())
    return [Row(work, who, nodes, tuple(each)) for who, each in costs.items()]


def headrace(*arguments: str) -> list[str]:
    """The command line of the headrace that this Python has."""
    return [sys.executable, "-m", "headrace", *arguments]


def own_cpu() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def parser_of(
    description: str | None,
    repeat: int = 3,
    *,
    full: int = 0,
    counted: str = "--models",
    dbt: bool = False,
) -> argparse.ArgumentParser:
    """The command line that the benchmarks share. `options_of` reads it.

    Where the full size is given, there is an option for another one; and one for dbt's command.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=repeat, help="how often what is short runs")
    parser.add_argument(
        "--python", type=program, default=sys.executable, help="the Python with the headrace"
    )
    parser.add_argument(
        "--before", type=program, help="the Python with another headrace, measured in turns"
    )
    if full:
        parser.add_argument(counted, type=int, default=full, dest="size")
        parser.set_defaults(full=full)
    if dbt:
        parser.add_argument("--dbt", type=program, help="dbt's command, to compare with")
    return parser


def program(name: str) -> str:
    """A program's path, which holds wherever it is started. A link stays one: a Python needs it."""
    found = shutil.which(name)
    if found is None:
        raise argparse.ArgumentTypeError(f"there is no program {name}")
    return os.path.abspath(found)


def options_of(given: argparse.Namespace) -> Options:
    """What the command line asks for."""
    values = vars(given)
    if "size" in values:
        values["scale"] = values["size"] / values["full"]
    names = Options.__dataclass_fields__
    asked = {name: value for name, value in values.items() if name in names and value is not None}
    return Options(**asked)


def print_rows(rows: Sequence[Row]) -> None:
    """All that was measured, medians: a column for each quantity, and one for ratios to a floor."""
    quantities = [each for each in Quantity if any(row.values(each) for row in rows)]
    bases = {row.work: row for row in rows if row.who == FLOOR}
    lines = []
    works = list(dict.fromkeys(row.work for row in rows))
    for row in sorted(rows, key=lambda row: works.index(row.work)):
        cells = [row.work, row.who, f"{row.nodes:,}", str(len(row.costs))]
        for quantity in quantities:
            value = row.median(quantity)
            cells.append("-" if value is None else quantity.text(value))
        if bases:
            cells.append(_ratio(row, bases.get(row.work)))
        lines.append(cells)
    header = ["work", "who", "nodes", "times", *quantities]
    print_table([*header, "of the floor"] if bases else header, lines)


def _ratio(row: Row, base: Row | None) -> str:
    for quantity in (Quantity.EXECUTING, Quantity.CPU):
        if base is not None and row.values(quantity) and base.values(quantity):
            return f"{ratio(row, base, quantity):.2f} x"
    return "-"


def ratio(row: Row, base: Row, quantity: Quantity) -> float:
    """How many times the other's cost a node: the median of the turns, where they took turns."""
    ours, theirs = row.values(quantity), base.values(quantity)
    scale = base.nodes / row.nodes
    if len(ours) == len(theirs):
        return scale * median(a / b for a, b in zip(ours, theirs, strict=True))
    return scale * median(ours) / median(theirs)


def more_a_node(row: Row, base: Row, quantity: Quantity) -> float:
    """Milliseconds a node that it takes longer than the other: the median of the turns."""
    ours, theirs = row.values(quantity), base.values(quantity)
    return 1000 * median((a - b) / row.nodes for a, b in zip(ours, theirs, strict=True))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table of text, the first column to the left and the others to the right."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for number, line in enumerate(lines):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
