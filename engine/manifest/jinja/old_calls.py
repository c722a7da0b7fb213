"""Calls in templates that dbt has given up: found in their texts, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from ...core.errors import Location
from ...core.events import WarningRaised
from .blocks import without_comments


class _Form(Struct, frozen=True):
    """A form that goes away. `hint` is what a text holds wherever it is used."""

    hint: str
    pattern: re.Pattern[str]
    warning: str
    remedy: str


_FORMS = (
    _Form(
        "adapter_macro",
        re.compile(r"\badapter_macro\s*\("),
        "AdapterMacroDeprecation",
        "`adapter_macro` is the old name of a dispatch. Write "
        "`adapter.dispatch('name', 'package')(…)`.",
    ),
    _Form(
        "packages",
        re.compile(r"\badapter\s*\.\s*dispatch\s*\([^)]*\bpackages\s*="),
        "AdapterDeprecationWarning",
        "The argument `packages` of `adapter.dispatch` goes away. Name the package by "
        "`macro_namespace`, and the others under `dispatch:` in dbt_project.yml.",
    ),
    _Form(
        "get_columns_in_table",
        re.compile(r"\badapter\s*\.\s*get_columns_in_table\b"),
        "AdapterDeprecationWarning",
        "`adapter.get_columns_in_table` goes away. Write `adapter.get_columns_in_relation`.",
    ),
    _Form(
        "already_exists",
        re.compile(r"\badapter\s*\.\s*already_exists\b"),
        "AdapterDeprecationWarning",
        "`adapter.already_exists` goes away. Write `adapter.get_relation(…) is not none`.",
    ),
    _Form(
        "itertools",
        re.compile(r"\bmodules\s*\.\s*itertools\b"),
        "ModulesItertoolsUsageDeprecation",
        "`modules.itertools` goes away. Use a loop, or the functions that templates have.",
    ),
)


def unexpected_tag(word: str, path: str, line: int) -> WarningRaised:
    """What is said of a tag that stands beside the blocks of its file."""
    message = f"Found unexpected '{word}' block tag."
    return WarningRaised(
        "UnexpectedJinjaBlockDeprecation",
        f"{message} It counts for nothing there: take it away, or put it into a block.",
        Location(path, line),
        {"msg": message, "file": path},
    )


def old_calls(text: str, path: str, first_line: int) -> Iterator[WarningRaised]:
    """A warning for each form that a template uses, at its first place.

    `first_line` is the line of its file that the template begins on.
    """
    for form in _FORMS:
        if form.hint not in text:
            continue
        bare = without_comments(text)
        if found := form.pattern.search(bare):
            line = first_line + bare.count("\n", 0, found.start())
            yield WarningRaised(form.warning, form.remedy, Location(path, line))
