"""A node's configuration as a type: checked, with its hooks and its severity read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ...core.errors import ParseError, did_you_mean
from ...core.nouns import noun_of
from ...project.type_problems import read_type_problem
from ..nodes.node import Hook, NodeConfig
from .config_checks import check_config
from .draft import Draft

_TYPED = frozenset(NodeConfig.__struct_fields__) - {"values", "pre_hook", "post_hook"}
_SEVERITIES = ("WARN", "ERROR")
_BOOLEANS = (
    "enabled",
    "full_refresh",
    "quote_columns",
    "store_failures",
    "invalidate_hard_deletes",
)
"""Where a configuration is yes or no. A text is neither: to a template 'false' would be yes."""
_BOOLEANS_IN = {"contract": ("enforced", "alias_types"), "docs": ("show",)}


def typed_config(values: dict[str, Any], draft: Draft) -> NodeConfig:
    """The configuration as a type, checked.

    Raises:
        ParseError: a value has the wrong type; names the key and the place.
    """
    _check_booleans(values, _BOOLEANS, draft)
    for key, keys in _BOOLEANS_IN.items():
        inner = values.get(key)
        if isinstance(inner, Mapping):
            _check_booleans(inner, keys, draft, key)
    check_config(values, draft)
    known = {key: value for key, value in values.items() if key in _TYPED and value is not None}
    try:
        config = msgspec.convert(known, NodeConfig, strict=False)
    except msgspec.ValidationError as error:
        problem = read_type_problem(error)
        key = str(problem.steps[0])
        raise ParseError(
            f"config '{key}' of {draft.resource_type} '{draft.name}' is wrong: {problem.text}.",
            location=draft.configured_at(key),
        ) from error
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


def _check_booleans(
    values: Mapping[str, Any], keys: Iterable[str], draft: Draft, below: str | None = None
) -> None:
    """See that what is yes or no is a boolean.

    Raises:
        ParseError: it is a text, or something else.
    """
    for key in keys:
        given = values.get(key)
        if given is not None and not isinstance(given, bool):
            raise ParseError(
                f"config '{f'{below}.' if below else ''}{key}' of {draft.resource_type} "
                f"'{draft.name}' is wrong: it must be a boolean, but it is {noun_of(given)}: "
                f"{given!r} is not of type 'boolean'.{_remedy(given)}",
                location=draft.configured_at(below or key),
            )


def _remedy(given: object) -> str:
    is_spelled = isinstance(given, str) and given.strip().lower() in ("true", "false")
    return " Take the quotes away, or put '| as_bool' into the template." if is_spelled else ""


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
