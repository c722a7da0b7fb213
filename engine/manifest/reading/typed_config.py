"""A node's configuration as a type: checked, with its hooks and its severity read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ...core.errors import ParseError, did_you_mean
from ...project.type_problems import read_type_problem
from ..nodes.node import Hook, NodeConfig
from .draft import Draft

_TYPED = frozenset(NodeConfig.__struct_fields__) - {"values", "pre_hook", "post_hook"}
_SEVERITIES = ("WARN", "ERROR")


def typed_config(values: dict[str, Any], draft: Draft) -> NodeConfig:
    """The configuration as a type, checked.

    Raises:
        ParseError: a value has the wrong type; names the key and the place.
    """
    known = {key: values[key] for key in _TYPED if values.get(key) is not None}
    try:
        config = msgspec.convert(known, NodeConfig, strict=False)
    except msgspec.ValidationError as error:
        problem = read_type_problem(error)
        key = str(problem.steps[0])
        raise ParseError(
            f"config '{key}' of {draft.resource_type} '{draft.name}' is wrong: {problem.text}.",
            location=draft.configured_at(key),
        ) from error
    if isinstance(values.get("full_refresh"), str):
        # Templates are to see what the engine goes by: 'false' would be true to them.
        values = {**values, "full_refresh": config.full_refresh}
    hooks = {
        key: tuple(_hooks(values[key], key, draft))
        for key in ("pre_hook", "post_hook")
        if values.get(key)
    }
    if not hooks and config.severity in _SEVERITIES:
        return msgspec.structs.replace(config, values=values)
    if config.severity.upper() not in _SEVERITIES:
        raise ParseError(
            f"severity must be either 'warn' or 'error', but that of '{draft.name}' is "
            f"'{config.severity}'.{did_you_mean(config.severity, ('warn', 'error'))}",
            location=draft.configured_at("severity"),
        )
    return msgspec.structs.replace(config, values=values, severity=config.severity.upper(), **hooks)


def _hooks(value: Any, key: str, draft: Draft) -> Iterator[Hook]:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, str):
            yield _written_hook(item)
        elif isinstance(item, dict) and isinstance(item.get("sql"), str):
            yield Hook(item["sql"], bool(item.get("transaction", True)))
        else:
            raise ParseError(
                f"a {key.replace('_', '-')} is SQL, or a mapping with 'sql' and 'transaction'.",
                location=draft.configured_at(key),
            )


def _written_hook(text: str) -> Hook:
    """A hook that is SQL, or that one of the macros `before_begin`, `after_commit`… has made."""
    if text.lstrip().startswith("{") and not text.lstrip().startswith(("{{", "{%", "{#")):
        try:
            return msgspec.json.decode(text, type=Hook)
        except (msgspec.DecodeError, RecursionError):
            pass
    return Hook(text)
