"""`config-version: 1`: how dbt_project.yml was written before dbt 0.17.

Variables stood under `models:`, `seeds:` and `snapshots:`, for all nodes or those of a folder, and
configuration that is a mapping had no `+` before its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VARS = "vars"
KINDS = ("models", "seeds", "snapshots")
"""The kinds of nodes whose folders could have variables."""

_MAPPINGS = frozenset("column_types quoting persist_docs pre-hook post-hook".split())

Tree = Mapping[str, object]


def is_first_version(version: object, trees: Mapping[str, Tree]) -> bool:
    """Whether a project's file is of that time: it says so, or its variables stand there."""
    if version is None:
        return any(_has_vars(trees.get(kind, {})) for kind in KINDS)
    return version == 1


def _has_vars(tree: Tree) -> bool:
    found = tree.get(VARS)
    if isinstance(found, Mapping) and not any(str(key).startswith("+") for key in found):
        return True
    below = (value for key, value in tree.items() if not str(key).startswith("+"))
    return any(isinstance(value, Mapping) and _has_vars(value) for value in below)


def as_today(tree: Tree) -> dict[str, object]:
    """A tree without its variables, and with a `+` where today there must be one."""
    found: dict[str, object] = {}
    for key, value in tree.items():
        if not isinstance(value, Mapping):
            found[key] = value
        elif key in _MAPPINGS:
            found[f"+{key}"] = value
        elif key.startswith("+"):
            found[key] = value
        elif key != VARS:
            found[key] = as_today(value)
    return found


def only_vars(tree: Tree) -> dict[str, Any]:
    """The folders of a tree with nothing but their variables."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if key == VARS and isinstance(value, Mapping):
            found[VARS] = value
        elif isinstance(value, Mapping) and not key.startswith("+") and key not in _MAPPINGS:
            below = only_vars(value)
            if below:
                found[key] = below
    return found


def vars_of(tree: Tree, fqn: Sequence[str]) -> dict[str, Any]:
    """The variables of the node with that fqn: those of its own folder come before others."""
    found: dict[str, Any] = {}
    level: object = tree
    for step in (*fqn, None):
        if not isinstance(level, Mapping):
            break
        own = level.get(VARS)
        found.update(own if isinstance(own, Mapping) else {})
        level = level.get(step)
    return found
