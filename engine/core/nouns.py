"""What messages call a value that somebody has written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

_NOUNS = {
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    date: "a date",
    datetime: "a time",
}


def noun_of(value: object) -> str:
    """What kind of thing a YAML value is, for messages."""
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    return _NOUNS.get(type(value), "something else")
