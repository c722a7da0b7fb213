"""The variables that a template names."""

from __future__ import annotations

import re

_CALL = re.compile(r"\bvar\s*(?:\.\s*has_var\s*)?\(\s*(['\"])(?P<name>[^'\"]+)\1")


def named_vars(text: str) -> list[str]:
    """The names that are written out in calls of `var` and `var.has_var`, as often as they are."""
    return [match["name"] for match in _CALL.finditer(text)] if "var" in text else []
