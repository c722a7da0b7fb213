"""What the benchmarks share: commands timed from outside, and one table to print."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process cost: wall and CPU seconds, and its peak of resident megabytes."""

    wall: float
    cpu: float
    megabytes: float


def cost_of(command: Sequence[str], cwd: Path | None = None) -> Cost:
    """Run a command to its end, and say what it cost.

    As where it is installed, modules are compiled once: from the first of several runs on.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environ = {**os.environ}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=cwd, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=complaint)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best_cost(command: Sequence[str], cwd: Path | None = None, repeat: int = 3) -> Cost:
    """The least of several runs: what the machine's other work adds is not ours."""
    costs = [cost_of(command, cwd) for _ in range(repeat)]
    return Cost(
        min(cost.wall for cost in costs),
        min(cost.cpu for cost in costs),
        max(cost.megabytes for cost in costs),
    )


def headrace(*arguments: str) -> list[str]:
    """The command line of the headrace that this Python has."""
    return [sys.executable, "-m", "headrace", *arguments]


def own_cpu() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


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
