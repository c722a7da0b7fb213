"""Names that dbt's objects have in a template and ours haven't: to use one says so."""

from __future__ import annotations

from jinja2 import StrictUndefined, TemplateRuntimeError


class Lacking(StrictUndefined):
    """What a template gets for such a name: `is defined` is false, and any other use an error."""

    __slots__ = ()


def lacking(name: str, reason: str) -> Lacking:
    """What stands for a name that isn't there, for a reason that its user is told."""
    hint = f"headrace has no '{name}' here, though dbt has: {reason}."
    return Lacking(hint, name=name, exc=TemplateRuntimeError)
