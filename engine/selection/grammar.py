"""The grammar of a selection: text -> a specification of nodes.

    selection    = union (" " union)*            what any of them selects
    union        = criterion ("," criterion)*    what all of them select
    criterion    = "@"? (depth? "+")? (method ("." argument)* ":")? value ("+" depth?)?

(https://docs.getdbt.com/reference/node-selection/syntax)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from ..core.errors import SelectionError
from ..core.numbers import shortened, whole_number

MAX_DEPTH = 1_000_000
"""How far a criterion may reach along the graph, where it gives a number."""

_CRITERION = re.compile(
    r"""\A
    (?P<at>@)?
    (?P<parents>(?P<parents_depth>\d*)\+)?
    (?:(?P<method>\w+(?:\.[\w.-]+)?):)?
    (?P<value>.*?)
    (?P<children>\+(?P<children_depth>\d*))?
    \Z""",
    re.VERBOSE,
)
_FILE_SUFFIXES = (".sql", ".csv", ".py", ".yml", ".yaml")


class Criterion(Struct, frozen=True):
    """One condition, with how far it reaches along the graph.

    A depth of None means: all the way; `parents` or `children` false means: not at all.
    `indirect` is how tests come along, where that differs from what the command says.
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
    indirect: str | None = None


class Union(Struct, frozen=True):
    """What any of its parts selects.

    `is_typed`: it was given on the command line, whose tests are gathered once more when all
    parts are known (see `Selector`).
    """

    parts: tuple[Specification, ...]
    is_typed: bool = False


class Intersection(Struct, frozen=True):
    """What all of its parts select. `raw` is how it was given on the command line, if it was:
    then somebody is told if there is nothing."""

    parts: tuple[Specification, ...]
    raw: str | None = None


class Difference(Struct, frozen=True):
    """What one part selects and the other doesn't."""

    include: Specification
    exclude: Specification


class Everything(Struct, frozen=True):
    """All that there is: what a command takes that is told nothing."""


Specification = Criterion | Union | Intersection | Difference | Everything


def parse_selection(texts: Sequence[str]) -> Union:
    """What `--select` or `--exclude` was given, one or several times.

    Raises:
        SelectionError: a criterion can't be read.
    """
    return Union(
        tuple(
            Intersection(
                tuple(parse_criterion(part) for part in alternative.split(",") if part),
                raw=alternative,
            )
            for text in texts
            for alternative in text.split() or [text]
        ),
        is_typed=True,
    )


def parse_flags(include: Sequence[str], exclude: Sequence[str]) -> Specification:
    """`--select` less `--exclude`; everything where nothing is included.

    Raises:
        SelectionError: a criterion can't be read.
    """
    included = parse_selection(include) if include else Everything()
    return Difference(included, parse_selection(exclude)) if exclude else included


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
    return make_criterion(
        text,
        method=match["method"],
        value=match["value"],
        parents=match["parents"] is not None,
        parents_depth=_depth(match["parents_depth"]),
        children=match["children"] is not None,
        children_depth=_depth(match["children_depth"]),
        childrens_parents=match["at"] is not None,
    )


def make_criterion(
    raw: str,
    *,
    method: str | None,
    value: str,
    parents: bool = False,
    parents_depth: int | None = None,
    children: bool = False,
    children_depth: int | None = None,
    childrens_parents: bool = False,
    indirect: str | None = None,
) -> Criterion:
    """A criterion of its parts, wherever they stood. `method` has its arguments: "config.meta".

    Raises:
        SelectionError: it reaches both ways that exclude each other.
    """
    if childrens_parents and children:
        raise SelectionError(
            f'Invalid node spec "{raw}": "@" prefix and "+" suffix are incompatible'
        )
    name, *arguments = (method or _default_method(value)).split(".")
    return Criterion(
        raw,
        name,
        tuple(arguments),
        value,
        parents=parents,
        parents_depth=parents_depth,
        children=children,
        children_depth=children_depth,
        childrens_parents=childrens_parents,
        indirect=indirect,
    )


def _default_method(value: str) -> str:
    """What a value without a method means: a path, a file, or a name."""
    if "/" in value or "\\" in value:
        return "path"
    return "file" if value.lower().endswith(_FILE_SUFFIXES) else "fqn"


def _depth(digits: str | None) -> int | None:
    if not digits:
        return None
    number = whole_number(digits)
    if number is None or number > MAX_DEPTH:
        raise SelectionError(
            f"'{shortened(digits)}' is too far to reach along the graph: {MAX_DEPTH:,} is the "
            "most. Without a number it is all the way."
        )
    return number
