"""All that is to be fast, in one table: what it costs, what the goal is, and whether it is met.

    python bench/all.py                         # some minutes; interrupted, it goes on next time
    python bench/all.py --only connector sqlite # some parts
    python bench/all.py --dbt PATH              # dbt-core beside it, where parts compare with it
    python bench/all.py --before PYTHON         # another headrace, in turns: before and after
    python bench/all.py --scale 0.1             # to try it: goals are those of the full size

Each part is kept in a file of --results as soon as it is measured. It is measured again when the
headrace, a benchmark or an option that matters to it is another, or with `--fresh`. Each part is
a command too, which tells more (`--details` shows it here): startup.py, coffee_shop.py and so on.

Below the table is the machine's load at the time: its average over a minute, before and after, and
how many processors others than this had kept busy meanwhile. Where they did, seconds of runs say
little, and CPU seconds somewhat less than on a quiet machine. Ratios are medians of turns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import coffee_shop
import connector_parse
import parse
import postgres_run
import sqlite_run
import startup
import testing_run
from figures import Cost, Measure, Options, Row, options_of, parser_of, print_rows, print_table
from goals import print_goals

FORMAT = 1
"""Of the kept files: another number, and they are measured again."""


@dataclass(frozen=True)
class Part:
    """Some of the table, which is measured at once.

    `repeat` is how often, of those who take turns. Options of which it makes no use don't matter.
    """

    name: str
    measure: Measure
    repeat: int
    uses_dbt: bool = False
    uses_server: bool = False

    def options(self, options: Options, repeat: int | None) -> Options:
        """Those that matter to it."""
        options = replace(options, repeat=repeat or self.repeat)
        if not self.uses_dbt:
            options = replace(options, dbt=None)
        if not (self.uses_dbt and self.uses_server):
            options = replace(options, dbt_models=None)
        if not self.uses_server:
            options = replace(options, server=None, fast=False)
        return options


PARTS = (
    Part("startup", startup.measure, 7, uses_dbt=True),
    Part("coffee-shop", coffee_shop.measure, 5),
    Part("connector", connector_parse.measure, 3, uses_dbt=True),
    Part("parse-1000", parse.measure_small, 3),
    Part("parse-10000", parse.measure_large, 3),
    Part("testing", testing_run.measure, 1),
    Part("sqlite", sqlite_run.measure, 5),
    *(
        Part(
            f"postgres-{name}",
            partial(postgres_run.measure, name=name),
            3,
            uses_dbt=True,
            uses_server=True,
        )
        for name in postgres_run.LOADS
    ),
)


@dataclass(frozen=True)
class Load:
    """How busy the machine was with a part, and for how many seconds the part kept it."""

    began: str
    seconds: float
    before: float
    after: float
    cores: int
    others: float | None

    @property
    def is_noisy(self) -> bool:
        return self.others is not None and self.others > 0.1 * self.cores


class LoadWatch:
    """Looks at the machine, from when it is made."""

    def __init__(self) -> None:
        self._began = datetime.now().astimezone()
        self._clock = time.perf_counter()
        self._average = os.getloadavg()[0]
        self._busy = _busy_seconds()
        self._own = _own_seconds()

    def load(self) -> Load:
        """What it was since then."""
        seconds = time.perf_counter() - self._clock
        busy, others = _busy_seconds(), None
        if busy is not None and self._busy is not None:
            others = max(0.0, busy - self._busy - (_own_seconds() - self._own)) / seconds
        return Load(
            self._began.isoformat(timespec="seconds"),
            seconds,
            self._average,
            os.getloadavg()[0],
            os.cpu_count() or 1,
            others,
        )


def _busy_seconds() -> float | None:
    """How long all processors have been busy since the machine started, where that is told."""
    try:
        first = Path("/proc/stat").read_text("ascii").split("\n", 1)[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, first.split()[1:9])
    ticks = user + nice + system + interrupts + soft + stolen
    return ticks / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """How long this process was on a processor, and those that it had started and that ended."""
    return sum(os.times()[:4])


@dataclass(frozen=True)
class Measured:
    """What a part gave, and when."""

    rows: tuple[Row, ...]
    load: Load


class Results:
    """What has been measured, in a directory: a file for each part."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, part: Part, key: str) -> Measured | None:
        """What is kept of a part, unless it was measured with another key."""
        try:
            kept = json.loads(self._path(part).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if kept.get("format") != FORMAT or kept.get("key") != key:
            return None
        return Measured(tuple(map(_row, kept["rows"])), Load(**kept["load"]))

    def write(self, part: Part, key: str, measured: Measured) -> None:
        """Keep a part: whole, whenever this is interrupted."""
        kept = {"format": FORMAT, "key": key, **asdict(measured)}
        self.directory.mkdir(parents=True, exist_ok=True)
        beside = self._path(part).with_suffix(".new")
        beside.write_text(json.dumps(kept, indent=1), "utf-8")
        beside.replace(self._path(part))

    def _path(self, part: Part) -> Path:
        return self.directory / f"{part.name}.json"


def _row(values: dict[str, Any]) -> Row:
    costs = tuple(Cost(**cost) for cost in values["costs"])
    return Row(values["work"], values["who"], values["nodes"], costs)


def key_of(options: Options, digests: Sequence[str]) -> str:
    """What figures hold for: options, and the state of the headraces and the benchmarks."""
    return json.dumps([asdict(options), *digests])


def digest_of(directory: Path, pattern: str) -> str:
    """The state of the code below a directory."""
    digest = hashlib.sha256()
    for path in sorted(directory.glob(pattern)):
        digest.update(f"{path}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def digest_of_headrace(python: str) -> str:
    """The state of the headrace that a Python has."""
    found = subprocess.run(
        [python, "-P", "-c", "import headrace; print(headrace.__path__[0])"],
        check=True,
        capture_output=True,
        text=True,
    )
    home = Path(found.stdout.strip())
    patterns = (
        "*.py",
        "engine/**/*.py",
        "engine/**/*.sql",
        "adapters/**/*.py",
        "adapters/**/*.sql",
    )
    return "-".join(digest_of(home, pattern) for pattern in patterns)


def measure_all(
    parts: Sequence[Part], given: argparse.Namespace, done: dict[str, Measured]
) -> list[str]:
    """Measure what isn't kept, one part after the other, and tell which of them failed."""
    options = options_of(given)
    pythons = [options.python, *([options.before] if options.before else [])]
    digests = [digest_of(Path(__file__).parent, "*.py"), *map(digest_of_headrace, pythons)]
    failed = []
    for number, part in enumerate(parts, 1):
        own = part.options(options, given.repeat)
        key = key_of(own, digests)
        measured = None if given.fresh else given.results.read(part, key)
        place = f"{number} of {len(parts)}: {part.name}"
        if measured is not None:
            _say(f"{place}, as measured at {measured.load.began}")
        else:
            _say(f"{place} …")
            try:
                watch = LoadWatch()
                rows = tuple(part.measure(own))
                measured = Measured(rows, watch.load())
            except (subprocess.CalledProcessError, OSError, SystemExit) as problem:
                _say(f"{part.name} failed: {problem}")
                failed.append(part.name)
                continue
            given.results.write(part, key, measured)
        done[part.name] = measured
    return failed


def print_loads(measured: Mapping[str, Measured]) -> None:
    """How busy the machine was with each part."""
    lines = []
    for name, each in measured.items():
        load = each.load
        others = "-" if load.others is None else f"{load.others:.2f}"
        averages = f"{load.before:.2f} to {load.after:.2f}"
        noisy = "noisy" if load.is_noisy else ""
        lines.append((name, load.began, f"{load.seconds:.0f} s", averages, others, noisy))
    cores = {each.load.cores for each in measured.values()}
    title = f"{' or '.join(map(str, sorted(cores)))} cores"
    print_table((title, "measured at", "took", "load average", "others' cores", ""), lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _default_results() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "headrace-bench"


def _parser() -> argparse.ArgumentParser:
    names = [part.name for part in PARTS]
    parser = parser_of(__doc__, dbt=True)
    parser.set_defaults(repeat=None)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PART")
    parser.add_argument("--scale", type=float, default=1.0, help="the part of the full size")
    parser.add_argument(
        "--results",
        type=lambda text: Results(Path(text)),
        default=Results(_default_results()),
        help=f"the directory with what was measured ({_default_results()})",
        metavar="DIRECTORY",
    )
    parser.add_argument("--fresh", action="store_true", help="measure all parts again")
    parser.add_argument("--details", action="store_true", help="show all that was measured")
    parser.add_argument(
        "--dbt-models", type=int, default=200, help="how many it builds on PostgreSQL (200)"
    )
    parser.add_argument("--server", help="postgresql://user:password@host:port/database")
    parser.add_argument("--fast", action="store_true", help="don't let a server wait for disks")
    parser.epilog = f"The parts are {', '.join(names)}."
    return parser


def main() -> int:
    given = _parser().parse_args()
    parts = [part for part in PARTS if part.name in given.only]
    done: dict[str, Measured] = {}
    try:
        failed = measure_all(parts, given, done)
    except KeyboardInterrupt:
        _say(f"\nInterrupted: {len(done)} of {len(parts)} parts are kept, and it goes on there.")
        return 130
    rows = [row for each in done.values() for row in each.rows]
    if given.details:
        print_rows(rows)
        print()
    if given.scale != 1:
        print(f"At {given.scale:g} of the full size, whose goals these are:\n")
    print_goals(rows)
    print()
    print_loads(done)
    if failed:
        _say(f"Without {', '.join(failed)}, which failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
