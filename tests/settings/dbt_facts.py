"""Write down which flags and variables dbt has: `python dbt_facts.py > dbt_flags.tsv`, where the
Python is one with dbt-core 1.10.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

EVERYWHERE = "everywhere"
"""Before the command, between its two words, and behind it."""
COMMANDS = "commands"
"""Behind each command, and nowhere else."""
BEFORE = "before"

_SAMPLES = {
    "vars": "{}",
    "args": "{}",
    "warn_error_options": "{silence: [JinjaLogWarning]}",
    "event_time_start": "2024-01-01",
    "event_time_end": "2024-01-01",
    "sample": "3 days",
    "threads": "3",
    "limit": "3",
    "port": "3",
    "printer_width": "90",
    "log_file_max_bytes": "1000",
}


def parameters(command: Any, path: str = BEFORE) -> Iterator[tuple[str, Any]]:
    """Each flag, with the command that takes it."""
    for parameter in command.params:
        if type(parameter).__name__ != "Argument":
            yield path, parameter
    for name, below in getattr(command, "commands", {}).items():
        yield from parameters(below, name if path == BEFORE else f"{path} {name}")


def row_of(parameter: Any) -> tuple[str, ...]:
    # What it has for the sake of older variables it refuses as a flag.
    is_old = parameter.name in (
        *("deprecated_defer", "deprecated_favor_state", "deprecated_print", "deprecated_state"),
    )
    choices = [each for each in getattr(parameter.type, "choices", ()) if each != parameter.default]
    sample = _SAMPLES.get(parameter.name, choices[0] if choices else "x")
    is_switch = parameter.is_flag or parameter.name in (
        "deprecated_defer",
        "deprecated_favor_state",
    )
    return (
        "" if is_old else " ".join(sorted(parameter.opts)),
        "" if is_old else " ".join(sorted(filter(str.strip, parameter.secondary_opts))),
        "" if is_switch else sample,
        parameter.envvar or "",
    )


def write_facts() -> None:
    from dbt.cli.main import cli  # type: ignore[import-not-found] # only dbt's Python has it

    rows: dict[tuple[str, ...], list[str]] = {}
    everywhere: list[str] = []
    for command, parameter in parameters(cli):
        rows.setdefault(row_of(parameter), []).append(command)
        if command not in everywhere:
            everywhere.append(command)
    commands = [name for name in everywhere if name not in (BEFORE, "docs", "source")]
    print_row("on", "off", "value", "variable", "commands")
    for row, taken_by in sorted(rows.items()):
        names = ",".join(taken_by)
        if taken_by == everywhere:
            names = EVERYWHERE
        elif taken_by == commands:
            names = COMMANDS
        print_row(*row, names)
    print_row("", "", "", "", f"({','.join(everywhere)})")


def print_row(*cells: str) -> None:
    sys.stdout.write("\t".join(cells) + "\n")


if __name__ == "__main__":
    write_facts()
