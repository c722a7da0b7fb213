"""Macros, and what properties files say of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

_TAG = re.compile(r"\s*\{%[-+]?\s*(\w+)")
_OF_OTHER_BLOCKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"materialization": ("supported_languages",), "test": (), "data_test": ()}
)


class Macro(msgspec.Struct, frozen=True, kw_only=True):
    """A macro of the project, of a package or of headrace itself.

    `names` are all the names that its body reads: what its dependencies are found by. `dispatched`
    is what it dispatches to, with the namespace in front where it says one: "dbt_utils.star".
    `package_name` is "dbt" for what comes with headrace, so that `dbt.…` finds it.
    """

    unique_id: str
    name: str
    package_name: str
    path: str
    original_file_path: str
    line: int = 1
    arguments: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    dispatched: frozenset[str] = frozenset()
    is_inert: bool = False
    """Whether its own body can neither add a dependency nor a configuration."""
    file_has_state: bool = False
    """Whether its file does more than define macros: `{% set … %}` beside them, for one."""
    beside: tuple[tuple[str, int], ...] = ()
    """The tags beside the macros of its file, with their lines: the first macro there has them."""
    macro_sql: str = ""
    supported_languages: tuple[str, ...] | None = None


class MacroArgument(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a macro. Its type is said to people, and not enforced."""

    name: str
    type: str | None = None
    description: str = ""


def own_arguments(macro: Macro) -> tuple[MacroArgument, ...]:
    """A macro's arguments as its own text has them, and as dbt has them of the other blocks."""
    tag = _TAG.match(macro.macro_sql)
    names = macro.arguments if tag is None else _OF_OTHER_BLOCKS.get(tag[1], macro.arguments)
    return tuple(MacroArgument(name=name) for name in names)


class MacroProperties(msgspec.Struct, frozen=True, kw_only=True):
    """What a properties file says of one macro."""

    description: str
    arguments: tuple[MacroArgument, ...]
    docs: dict[str, Any]
    meta: dict[str, Any]
    patch_path: str
