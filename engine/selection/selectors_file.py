"""selectors.yml: selections that have a name.

(https://docs.getdbt.com/reference/node-selection/yaml-selectors)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from ..core.errors import SelectionError, did_you_mean
from ..core.events import WarningRaised
from ..core.nouns import noun_of
from ..core.numbers import is_within, shortened, whole_number
from ..manifest.reading.entries import Place, read_entry
from ..project.render import Renderer
from ..project.yaml_file import YamlDocument, read_yaml
from .grammar import (
    MAX_DEPTH,
    Criterion,
    Difference,
    Intersection,
    Specification,
    Union,
    make_criterion,
    parse_criterion,
)
from .methods import NAMED, check_method
from .selector import IndirectSelection

FILE_NAME = "selectors.yml"

_Keys = tuple[str | int, ...]
_GROUPS = ("union", "intersection")
_CRITERION_KEYS = (
    *("method", "value", "childrens_parents", "parents", "parents_depth", "children"),
    *("children_depth", "indirect_selection", "exclude"),
)
_MEANT = frozenset((*_GROUPS, "exclude", "method", "value"))
"""Keys that mean something in their own place, so that they aren't passed over in another."""

_ROOT_DEPTH = len(("selectors", 0, "definition"))


class Selectors(Struct, frozen=True):
    """The selections of a project by name, and the name of that which counts where none is given.

    `described` is what the manifest says of them.
    """

    named: Mapping[str, Specification] = field(default_factory=dict)
    default: str | None = None
    described: Mapping[str, Any] = field(default_factory=dict)


class _Entry(Struct, frozen=True, kw_only=True):
    name: str
    definition: str | dict[str, Any]
    description: str = ""
    default: bool | str = False

    @property
    def is_default(self) -> bool:
        return str(self.default).strip().lower() == "true"


def load_selectors(
    root: Path, renderer: Renderer, warn: Callable[[WarningRaised], None]
) -> Selectors:
    """The selections in a project's selectors.yml; none where there is no such file.

    Raises:
        HeadraceError: the file isn't YAML, or says what can't be; with file, line and column.
    """
    if not os.path.isfile(root / FILE_NAME):
        return Selectors()
    document = read_yaml(root / FILE_NAME, FILE_NAME)
    data = renderer.render(document, document.data)
    if data is None:
        return Selectors()
    listed = data.get("selectors") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        raise SelectionError(
            "selectors.yml must be a mapping with the key 'selectors', which holds a list of "
            "selectors, each with a name and a definition.",
            location=document.locate("selectors"),
        )
    return _Reader(document, warn).read(listed)


class _Reader:
    """Reads the entries in their order: one may speak of those before it."""

    def __init__(self, document: YamlDocument, warn: Callable[[WarningRaised], None]) -> None:
        self._document = document
        self._warn = warn
        self._unknown: list[_Keys] = []
        """The places of keys that mean nothing: as in dbt, they are passed over."""
        self._named: dict[str, Specification] = {}
        self._described: dict[str, Any] = {}

    def read(self, listed: list[Any]) -> Selectors:
        default: str | None = None
        for index, values in enumerate(listed):
            keys: _Keys = ("selectors", index)
            if not isinstance(values, dict):
                raise self._error(f"a selector is a mapping, and this is {noun_of(values)}.", keys)
            entry = read_entry(_Entry, values, Place(self._document, keys, "a selector"), None)
            if entry.name in self._named:
                raise self._error(f"there are two selectors '{entry.name}'. Rename one.", keys)
            if entry.is_default and default is not None:
                raise self._error(
                    f"both '{default}' and '{entry.name}' say `default: true`, and only one can.",
                    (*keys, "default"),
                )
            default = entry.name if entry.is_default else default
            found, said = self._definition(entry.definition, (*keys, "definition"))
            self._named[entry.name] = found
            self._described[entry.name] = {**values, "definition": said}
        if self._unknown:
            self._warn(self._passed_over())
        return Selectors(self._named, default, self._described)

    def _passed_over(self) -> WarningRaised:
        first, *others = self._unknown
        places = ", ".join(f"'{keys[-1]}' ({self._document.locate(*keys)})" for keys in others)
        more = f" So are {places}." if others else ""
        hint = did_you_mean(str(first[-1]), _CRITERION_KEYS)
        return WarningRaised(
            "CustomKeyInObjectDeprecation",
            f"'{first[-1]}' is no key of a definition, and is ignored.{hint}{more}",
            self._document.locate(*first),
        )

    def _definition(self, value: Any, keys: _Keys) -> tuple[Specification, Any]:
        """A definition, and how the manifest says it."""
        if isinstance(value, str):
            return self._typed(value, keys)
        if not isinstance(value, dict):
            raise self._error(f"a definition is a text or a mapping, not {noun_of(value)}.", keys)
        groups = [group for group in _GROUPS if group in value]
        if groups:
            others = ", ".join(f"'{key}'" for key in value if key in _MEANT and key != groups[0])
            if others or (len(value) > 1 and len(keys) == _ROOT_DEPTH):
                others = others or ", ".join(f"'{key}'" for key in value if key != groups[0])
                raise self._error(
                    f"beside '{groups[0]}' there can be no {others}. An 'exclude' is one of the "
                    f"items of '{groups[0]}'.",
                    keys,
                )
            self._pass_over(value, groups, keys)
            return self._group(groups[0], value[groups[0]], (*keys, groups[0]))
        if "method" in value and "value" in value:
            return self._full(value, keys)
        if len(value) != 1:
            raise self._error(
                "expected either one key, as in {tag: nightly}, or the keys 'method' and 'value', "
                f"but there are: {', '.join(map(str, value)) or 'none'}.",
                keys,
            )
        ((method, wanted),) = value.items()
        return self._full({"method": method, "value": wanted}, keys)

    def _typed(self, text: str, keys: _Keys) -> tuple[Specification, Any]:
        try:
            criterion = parse_criterion(text)
            check_method(criterion.method)
        except SelectionError as error:
            raise self._error(error.problem, keys) from error
        said = dict(_described(criterion))
        if criterion.method == NAMED:
            return self._inherited(criterion.value, keys)[0], said
        return criterion, said

    def _group(self, group: str, items: Any, keys: _Keys) -> tuple[Specification, Any]:
        if not isinstance(items, list):
            raise self._error(f"'{group}' must be a list, but it is {noun_of(items)}.", keys)
        parts: list[Specification] = []
        said: list[Any] = []
        excluded: Specification | None = None
        for index, item in enumerate(items):
            place = (*keys, index)
            if isinstance(item, dict) and "exclude" in item:
                if excluded is not None:
                    raise self._error(
                        f"'{group}' has two items 'exclude'. Put all into one list.", place
                    )
                if "method" not in item:
                    excluded, described = self._excluded(item["exclude"], (*place, "exclude"))
                    said.append({"exclude": described})
                    continue
            part, described = self._definition(item, place)
            parts.append(part)
            said.append(described)
        kind = Union if group == "union" else Intersection
        found: Specification = kind(tuple(parts))
        return (Difference(found, excluded) if excluded else found), {group: said}

    def _excluded(self, items: Any, keys: _Keys) -> tuple[Specification, list[Any]]:
        if not isinstance(items, list):
            raise self._error(f"'exclude' must be a list, but it is {noun_of(items)}.", keys)
        found = [self._definition(item, (*keys, index)) for index, item in enumerate(items)]
        return Union(tuple(part for part, _ in found)), [said for _, said in found]

    def _full(self, value: Mapping[str, Any], keys: _Keys) -> tuple[Specification, Any]:
        self._pass_over(value, _CRITERION_KEYS, keys)
        method, wanted = str(value["method"]), value["value"]
        if method == NAMED:
            found, said = self._inherited(str(wanted), keys)
        else:
            found, said = self._criterion(method, wanted, value, keys), dict(value)
        if "exclude" not in value:
            return found, said
        excluded, _ = self._excluded(value["exclude"], (*keys, "exclude"))
        return Difference(found, excluded), dict(value)

    def _pass_over(self, value: Mapping[str, Any], known: Iterable[str], keys: _Keys) -> None:
        self._unknown += [(*keys, str(key)) for key in value if key not in known]

    def _inherited(self, name: str, keys: _Keys) -> tuple[Specification, Any]:
        if name not in self._named:
            raise self._error(
                f"Existing selector definition for {name} not found: a selector may speak of "
                f"those before it.{did_you_mean(name, self._named)}",
                (*keys, "value"),
            )
        return self._named[name], self._described[name]["definition"]

    def _criterion(
        self, method: str, wanted: Any, value: Mapping[str, Any], keys: _Keys
    ) -> Criterion:
        if isinstance(wanted, dict | list) or wanted is None:
            raise self._error(
                f"the value of the method '{method}' must be a text, but it is {noun_of(wanted)}.",
                (*keys, "value"),
            )
        text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
        self._check_method(method.partition(".")[0], keys)
        try:
            return make_criterion(
                f"{method}:{text}",
                method=method,
                value=text,
                parents=self._boolean(value, "parents", keys),
                parents_depth=self._depth(value, "parents_depth", keys),
                children=self._boolean(value, "children", keys),
                children_depth=self._depth(value, "children_depth", keys),
                childrens_parents=self._boolean(value, "childrens_parents", keys),
                indirect=self._indirect(value, keys),
            )
        except SelectionError as error:
            if error.location is not None:
                raise
            raise self._error(error.problem, keys) from error

    def _check_method(self, name: str, keys: _Keys) -> None:
        try:
            check_method(name)
        except SelectionError as error:
            raise self._error(error.problem, keys) from error

    def _boolean(self, value: Mapping[str, Any], key: str, keys: _Keys) -> bool:
        given = value.get(key, False)
        if not isinstance(given, bool):
            raise self._error(
                f"'{key}' must be true or false, but it is {noun_of(given)}.", (*keys, key)
            )
        return given

    def _depth(self, value: Mapping[str, Any], key: str, keys: _Keys) -> int | None:
        given = value.get(key)
        if given is None:
            return None
        number = whole_number(given) if isinstance(given, str) else given
        if isinstance(number, int) and is_within(number, 0, MAX_DEPTH):
            return number
        raise self._error(
            f"'{key}' must be a whole number from 0 to {MAX_DEPTH:,}, not "
            f"'{shortened(str(given))}'.",
            (*keys, key),
        )

    def _indirect(self, value: Mapping[str, Any], keys: _Keys) -> str | None:
        given = value.get("indirect_selection")
        if given is None or given in list(IndirectSelection):
            return given
        raise self._error(
            f"'indirect_selection' is '{given}', and must be one of "
            f"{', '.join(IndirectSelection)}.{did_you_mean(str(given), IndirectSelection)}",
            (*keys, "indirect_selection"),
        )

    def _error(self, problem: str, keys: _Keys) -> SelectionError:
        return SelectionError(problem, location=self._document.locate(*keys))


def _described(criterion: Criterion) -> Iterator[tuple[str, Any]]:
    """What a text says, in the form of a mapping."""
    if criterion.childrens_parents:
        yield "childrens_parents", True
    if criterion.parents:
        yield "parents", True
    if criterion.parents_depth is not None:
        yield "parents_depth", str(criterion.parents_depth)
    yield "method", ".".join((criterion.method, *criterion.arguments))
    yield "value", criterion.value
    if criterion.children:
        yield "children", True
    if criterion.children_depth is not None:
        yield "children_depth", str(criterion.children_depth)
