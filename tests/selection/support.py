"""The selections whose answers are known, and the project that they are made in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from headrace.engine.commands.command_line import join_values

EXPECTATIONS = Path(__file__).parent / "expectations.txt"
FIXTURE = "many_to_select_from"
_NOTHING = "(nothing)"


def read_expectations() -> dict[str, tuple[str, ...]]:
    """The short ids that each line of flags selects."""
    found: dict[str, list[str]] = {}
    flags = ""
    for line in EXPECTATIONS.read_text().splitlines():
        if line.startswith(" "):
            found[flags] += line.split()
        elif line and not line.startswith("#"):
            flags = line
            found[flags] = []
    return {flags: () if ids == [_NOTHING] else tuple(ids) for flags, ids in found.items()}


def arguments(flags: str) -> list[str]:
    """A line of flags as the command line takes it."""
    return join_values(flags.split())


def short_ids(unique_ids: Sequence[str]) -> tuple[str, ...]:
    """Ids without the project's name, and without the digests of tests."""
    return tuple(sorted(map(_short, unique_ids)))


def _short(unique_id: str) -> str:
    kind, _, rest = unique_id.partition(".")
    rest = rest.removeprefix("library.")
    return f"{kind}.{re.sub(r'[.][0-9a-f]{10}$', '', rest) if kind == 'test' else rest}"


every_selection = pytest.mark.parametrize(
    ("flags", "expected"), read_expectations().items(), ids=read_expectations()
)
