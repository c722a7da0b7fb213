"""Numbers that somebody writes, and texts that a message shows: none longer than it may be."""

from __future__ import annotations

_MOST_DIGITS = 100
_MOST_SHOWN = 100

CUT = "…"
"""What stands where a text was cut off."""


def whole_number(text: str) -> int | None:
    """The number that a text is; None where it is none, or longer than any that is meant.

    Python itself refuses to read a number of more than 4,300 digits.
    """
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def is_within(value: object, least: int, most: int) -> bool:
    """Whether a value is a whole number, and neither too small nor too large."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def shortened(text: str) -> str:
    """A text as a message shows it: its beginning, where it is long."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}{CUT}"
