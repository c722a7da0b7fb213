"""The grammar of a selection: text -> criteria.

    selection    = union (" " union)*            what any of them selects
    union        = criterion ("," criterion)*    what all of them select
    criterion    = "@"? (depth? "+")? (method ("." argument)* ":")? value ("+" depth?)?

(https://docs.getdbt.com/reference/node-selection/syntax)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from ..errors import SelectionError

_CRITERION = re.compile(
    r"""\A
    (?P<at>@)?
    (?P<parents>(?P<parents_depth>\d*)\+)?
    (?:(?P<method>[a-z_]+(?:\.[\w.-]+)?):)?
    (?P<value>.*?)
    (?P<children>\+(?P<children_depth>\d*))?
    \Z""",
    re.VERBOSE,
)
_FILE_SUFFIXES = (".sql", ".csv", ".py", ".yml", ".yaml")


class Criterion(Struct, frozen=True):
    """One condition, with how far it reaches along the graph.

    A depth of None means: all the way; `parents` or `children` false means: not at all.
    """

    raw: str
    method: str
    arguments: tuple[str, ...]
    value: str
    parents: bool = False
    parents_depth: int | None = None
    children: bool = False
    children_depth: int | None = None
    childrens_parents: bool = False


Union = tuple[tuple[Criterion, ...], ...]
"""Alternatives, each a tuple of criteria that must all hold."""


def parse_selection(texts: Sequence[str]) -> Union:
    """What `--select` or `--exclude` was given, one or several times.

    Raises:
        SelectionError: a criterion can't be read.
    """
    return tuple(
        tuple(parse_criterion(part) for part in alternative.split(",") if part)
        for text in texts
        for alternative in text.split()
    )


def parse_criterion(text: str) -> Criterion:
    """One criterion.

    Raises:
        SelectionError: it can't be read, or contradicts itself.
    """
    match = _CRITERION.match(text)
    if match is None or not match["value"]:
        raise SelectionError(
            f'Invalid selector spec "{text}": it names nothing. A selector looks like '
            "'orders', '+orders', 'tag:nightly' or 'models/staging'."
        )
    if match["at"] and match["children"]:
        raise SelectionError(
            f'Invalid node spec "{text}": "@" prefix and "+" suffix are incompatible'
        )
    method, *arguments = (match["method"] or _default_method(match["value"])).split(".")
    return Criterion(
        raw=text,
        method=method,
        arguments=tuple(arguments),
        value=match["value"],
        parents=match["parents"] is not None,
        parents_depth=_depth(match["parents_depth"]),
        children=match["children"] is not None,
        children_depth=_depth(match["children_depth"]),
        childrens_parents=match["at"] is not None,
    )


def _default_method(value: str) -> str:
    """What a value without a method means: a path, a file, or a name."""
    if "/" in value or "\\" in value:
        return "path"
    return "file" if value.lower().endswith(_FILE_SUFFIXES) else "fqn"


def _depth(digits: str | None) -> int | None:
    return int(digits) if digits else None
