"""Entries of properties files as typed values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from ...core.errors import Location, ParseError, did_you_mean
from ...core.events import WarningRaised
from ...core.nouns import noun_of
from ...project.project import Project
from ...project.type_problems import TypeProblem, read_type_problem
from ...project.yaml_file import YamlDocument

EntryT = TypeVar("EntryT", bound=msgspec.Struct)
Keys = tuple[str | int, ...]


class Place(Struct, frozen=True):
    """An entry's document, and the keys that lead to it there. `what` names its kind."""

    document: YamlDocument
    keys: Keys
    what: str

    def locate(self, *below: str | int) -> Location:
        return self.document.locate(*self.keys, *below)


def read_entry(
    kind: type[EntryT],
    values: Mapping[str, Any],
    place: Place,
    warn: Callable[[WarningRaised], None] | None,
) -> EntryT:
    """An entry as a value of its type; a key that the type doesn't know is passed over as in dbt,
    and warned of where it seems to be spelled wrong.

    Raises:
        ParseError: a value is missing, or has the wrong type; or, where nobody is there to be
            warned, the type doesn't know a key. Says which and where.
    """
    made = typed_entry(kind, values, place)
    for keys, known in _unknown_keys(values, made, ()):
        problem = f"'{keys[-1]}' is no key of {place.what}{' there' if keys[1:] else ''}"
        remedy, location = did_you_mean(str(keys[-1]), known), place.locate(*keys)
        if warn is None:
            raise ParseError(f"{problem}.{remedy}", location=location)
        if not remedy:
            continue
        message = f"{problem}, and is ignored.{remedy}"
        warn(WarningRaised("CustomKeyInObjectDeprecation", message, location))
    return made


def typed_entry(kind: type[EntryT], values: Mapping[str, Any], place: Place) -> EntryT:
    """An entry as a value of its type; keys that the type doesn't know are passed over.

    Raises:
        ParseError: a value is missing, or has the wrong type; says which and where.
    """
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _wrong(kind, values, place, read_type_problem(error)) from error


def configured_meta(config: Mapping[str, Any], place: Place) -> dict[Any, Any]:
    """`meta` of an entry's configuration; `place` is the entry's.

    Raises:
        ParseError: it is no mapping.
    """
    meta = config.get("meta") or {}
    if not isinstance(meta, dict):
        raise ParseError(
            f"'meta' of {place.what} must be a mapping, but it is {noun_of(meta)}.",
            location=place.locate("config", "meta"),
        )
    return meta


def _wrong(
    kind: type[msgspec.Struct], values: Mapping[str, Any], place: Place, found: TypeProblem
) -> ParseError:
    problem, steps = f"{found.text}.", found.steps
    choices = _choices(kind, steps)
    if choices:
        given: Any = values
        for step in steps:
            given = given[step]
        problem = f"'{given}' is none of {', '.join(choices)}."
        problem += did_you_mean(str(given), choices)
    where = f", '{found.path}'" if steps else ""
    is_named = isinstance(values, Mapping) and "name" in values
    name = f" '{values['name']}'" if is_named else ""
    what = place.what.removesuffix(name)
    return ParseError(f"{what}{name}{where}: {problem}", location=place.locate(*steps))


def _choices(kind: Any, steps: Sequence[str | int]) -> tuple[str, ...]:
    """What a value at a place of a type may be, where the type lists it."""
    if get_origin(kind) in (Union, UnionType):
        return next((found for part in get_args(kind) if (found := _choices(part, steps))), ())
    if not steps:
        return get_args(kind) if get_origin(kind) is Literal else ()
    step, *below = steps
    if isinstance(step, int):
        members = get_args(kind) if get_origin(kind) in (list, tuple) else ()
        return _choices(members[0], below) if members else ()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _choices(get_type_hints(kind).get(step), below)
    return ()


def _unknown_keys(raw: Any, made: Any, keys: Keys) -> Iterator[tuple[Keys, tuple[str, ...]]]:
    if isinstance(made, msgspec.Struct) and isinstance(raw, dict):
        known = made.__struct_encode_fields__
        for key, value in raw.items():
            if key in known:
                yield from _unknown_keys(value, getattr(made, key), (*keys, key))
            elif not str(key).startswith((".", "x-")):
                yield (*keys, key), known
    elif isinstance(made, list) and isinstance(raw, list):
        for position, (value, item) in enumerate(zip(raw, made, strict=True)):
            yield from _unknown_keys(value, item, (*keys, position))


def below_search_path(display: str, project: Project) -> str:
    """A properties file's path without the search path that it was found under."""
    for search_path in project.properties_paths:
        if display.startswith(f"{search_path}/"):
            return display[len(search_path) + 1 :]
    return display


def directories_of(display: str, project: Project) -> tuple[str, ...]:
    """The directories from the search path that a properties file was found under to it."""
    return tuple(below_search_path(display, project).split("/")[:-1])
