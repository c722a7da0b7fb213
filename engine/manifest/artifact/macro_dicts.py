"""Macros in the shape of the artifact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from ..jinja.macro_index import MacroIndex
from ..nodes.macro import Macro, MacroProperties, own_arguments

_ASIDE = re.compile(r"\A[^%]*%[^%]*%\}|/\*.*?\*/|\{#.*?#\}|--.*?$", re.DOTALL | re.MULTILINE)
"""A macro's own head, and comments."""

_DOCS: Mapping[str, Any] = MappingProxyType({"show": True, "node_color": None})


def macro_dicts(
    index: MacroIndex, properties: Mapping[str, MacroProperties], *, tells_arguments: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every macro in the artifact's shape, with what properties say of it.

    `tells_arguments` is whether one of which they say nothing has the arguments of its own text.
    """
    for macro in index:
        described: dict[str, Any] = {
            "name": macro.name,
            "resource_type": "macro",
            "package_name": macro.package_name,
            "path": macro.path,
            "original_file_path": macro.original_file_path,
            "unique_id": macro.unique_id,
            "macro_sql": macro.macro_sql,
            "depends_on": {"macros": _called(index, macro)},
            "description": "",
            "meta": {},
            "docs": dict(_DOCS),
            "patch_path": None,
            "arguments": msgspec.to_builtins(own_arguments(macro)) if tells_arguments else [],
            "created_at": 0.0,
            "supported_languages": macro.supported_languages,
        }
        said = properties.get(macro.unique_id)
        yield macro.unique_id, described | (msgspec.to_builtins(said) if said else {})


def _called(index: MacroIndex, macro: Macro) -> list[str]:
    """The ids of the macros that a macro calls, as its text has them; not its own."""
    body = _ASIDE.sub("", macro.macro_sql)
    places = {
        called.unique_id: _place(body, called.name)
        for called in index.called_by(macro)
        if called is not macro
    }
    return sorted(places, key=lambda unique_id: (places[unique_id], unique_id))


def _place(text: str, name: str) -> int:
    """Where a text speaks of a macro first, by its name or by what is dispatched to it."""
    for spelled in (name, name.partition("__")[2]):
        found = find_word(text, spelled) if spelled else -1
        if found >= 0:
            return found
    return len(text)


def find_word(text: str, word: str) -> int:
    """Where a word stands in a text first; -1 where it doesn't.

    A pattern would have to be compiled for each: a tenth of what parsing a small project takes.
    """
    found = text.find(word)
    while found >= 0:
        end = found + len(word)
        if not (_is_in_word(text[found - 1 : found]) or _is_in_word(text[end : end + 1])):
            return found
        found = text.find(word, found + 1)
    return -1


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
