"""Template functions that work on plain values: JSON, YAML, sets, digests, modules."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from hashlib import md5
from importlib import import_module
from types import MappingProxyType, ModuleType, SimpleNamespace
from typing import Any

import yaml

from ..errors import CompilationError
from ..sandbox.iterators import ITERTOOLS
from ..sandbox.patterns import PATTERNS
from .scope import MacroReturn

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def return_value(data: Any = None) -> Any:
    """`return(x)` in a macro."""
    raise MacroReturn(data)


return_value.__qualname__ = "return"  # for Python's messages


def from_json(string: str, default: Any = None) -> Any:
    try:
        return json.loads(string)
    except (ValueError, TypeError):
        return default


def to_json(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    try:
        return json.dumps(value, sort_keys=sort_keys)
    except (ValueError, TypeError):
        return default


def from_yaml(value: str, default: Any = None) -> Any:
    try:
        return yaml.load(value, _YAML_LOADER)
    except (yaml.YAMLError, AttributeError, TypeError):
        return default


def to_yaml(value: Any, default: str | None = None, sort_keys: bool = False) -> str | None:
    try:
        return yaml.dump(value, Dumper=_YAML_DUMPER, sort_keys=sort_keys, default_flow_style=False)
    except (yaml.YAMLError, ValueError):
        return default


def to_set(value: Iterable[Any], default: Any = None) -> Any:
    try:
        return set(value)
    except TypeError:
        return default


def zip_lists(*iterables: Iterable[Any], default: Any = None) -> Any:
    try:
        return list(zip(*iterables, strict=False))
    except TypeError:
        return default


def zip_lists_strict(*iterables: Iterable[Any]) -> list[tuple[Any, ...]]:
    return list(zip(*iterables, strict=False))


def local_md5(value: str) -> str:
    return md5(str(value).encode(), usedforsecurity=False).hexdigest()


def diff_of_two_dicts(
    dict_a: Mapping[str, Iterable[str]], dict_b: Mapping[str, Iterable[str]]
) -> dict[str, list[str]]:
    """What the first has and the second hasn't, keys and members compared without case."""
    lowered = {key.lower(): {item.lower() for item in value} for key, value in dict_b.items()}
    difference: dict[str, list[str]] = {}
    for key, items in dict_a.items():
        known = lowered.get(key.lower(), set())
        missing = [item for item in items if item.lower() not in known]
        if missing:
            difference[key] = missing
    return difference


def public_members(module: ModuleType, names: Iterable[str]) -> SimpleNamespace:
    """The named members of a module, and no way to the module itself."""
    return SimpleNamespace(**{name: getattr(module, name) for name in names})


_DATETIME_NAMES = ("date", "datetime", "time", "timedelta", "timezone", "tzinfo")

_PYTZ_NAMES = (
    "timezone utc country_timezones country_names AmbiguousTimeError InvalidTimeError "
    "NonExistentTimeError UnknownTimeZoneError all_timezones all_timezones_set common_timezones "
    "common_timezones_set BaseTzInfo FixedOffset"
).split()


class TemplateModules:
    """`modules` in a template. pytz is imported for those who use it."""

    datetime = public_members(datetime, _DATETIME_NAMES)
    re = PATTERNS
    itertools = ITERTOOLS

    @cached_property
    def pytz(self) -> SimpleNamespace:
        members = public_members(import_module("pytz"), _PYTZ_NAMES)
        # The module's own could be changed by a template, for every other in the process.
        members.all_timezones = tuple(members.all_timezones)
        members.common_timezones = tuple(members.common_timezones)
        members.all_timezones_set = frozenset(members.all_timezones_set)
        members.common_timezones_set = frozenset(members.common_timezones_set)
        members.country_names = MappingProxyType(dict(members.country_names))
        return members


MODULES = TemplateModules()


def validate_any(*wanted: Any) -> Callable[[Any], None]:
    """`validation.any['a', 'b', list]`: a check that a value is one of those, or of such a type."""

    def check(value: Any) -> None:
        types = tuple(one for one in wanted if isinstance(one, type))
        if isinstance(value, types) or value in wanted:
            return
        listed = ",".join(map(str, wanted))
        raise CompilationError(f'Expected value "{value}" to be one of {listed}')

    return check


class AnyOf:
    """`validation.any`, called with parentheses or with brackets."""

    def __call__(self, *wanted: Any) -> Callable[[Any], None]:
        return validate_any(*wanted)

    def __getitem__(self, wanted: Any) -> Callable[[Any], None]:
        return validate_any(*(wanted if isinstance(wanted, tuple) else (wanted,)))


VALIDATION = SimpleNamespace(any=AnyOf())
"""`validation` in a template."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "return": return_value,
        "fromjson": from_json,
        "tojson": to_json,
        "fromyaml": from_yaml,
        "toyaml": to_yaml,
        "set": to_set,
        "set_strict": set,
        "zip": zip_lists,
        "zip_strict": zip_lists_strict,
        "local_md5": local_md5,
        "diff_of_two_dicts": diff_of_two_dicts,
    }
)
"""The functions of every template, in every phase."""
