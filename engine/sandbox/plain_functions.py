"""Functions and modules of every template, in macros as in YAML, that work on plain values."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from hashlib import md5
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar

import yaml

from .allowed_names import Names
from .handed import printed
from .iterators import ITERTOOLS
from .patterns import PATTERNS
from .sizes import require_printable

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # found when it runs
    """Writes a node's own mappings, too, and texts that stand for more."""


_Dumper.add_multi_representer(dict, yaml.SafeDumper.represent_dict)
_Dumper.add_multi_representer(str, yaml.SafeDumper.represent_str)


def from_json(string: str, default: Any = None) -> Any:
    try:
        return json.loads(string)
    except (ValueError, TypeError):
        return default


def to_json(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    require_printable(value)
    try:
        return json.dumps(value, sort_keys=sort_keys)
    except ValueError:
        return default


def from_yaml(value: str, default: Any = None) -> Any:
    try:
        return yaml.load(value, _YAML_LOADER)
    except (yaml.YAMLError, AttributeError, TypeError):
        return default


def to_yaml(value: Any, default: str | None = None, sort_keys: bool = False) -> str | None:
    require_printable(value)
    try:
        return yaml.dump(value, Dumper=_Dumper, sort_keys=sort_keys, default_flow_style=False)
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
    return md5(printed(value).encode(), usedforsecurity=False).hexdigest()


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


def public_members(module: ModuleType, names: Iterable[str]) -> Names:
    """The named members of a module, and no way to the module itself."""
    return Names({name: getattr(module, name) for name in names})


_DATETIME_NAMES = ("date", "datetime", "time", "timedelta", "timezone", "tzinfo")

_PYTZ_FUNCTIONS = ("timezone", "utc", "FixedOffset")
_PYTZ_LISTS = ("all_timezones", "common_timezones")
_PYTZ_SETS = ("all_timezones_set", "common_timezones_set")


_PYTZ_LACKING = dict.fromkeys(
    (
        *("AmbiguousTimeError", "InvalidTimeError", "NonExistentTimeError"),
        *("UnknownTimeZoneError", "BaseTzInfo"),
    ),
    "templates catch no errors, and have no use for classes",
)


class CountryTimezones:
    """`modules.pytz.country_timezones`: the names of a country's zones, by its code."""

    template_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, known: Mapping[str, Iterable[str]]) -> None:
        self._known = known

    def __getitem__(self, code: str) -> list[str]:
        return list(self._known[code])

    def __call__(self, code: str) -> list[str]:
        return self[code]


class TemplateModules:
    """`modules` in a template. pytz is imported for those who use it."""

    template_names: ClassVar[frozenset[str]] = frozenset(("datetime", "itertools", "pytz", "re"))

    datetime = public_members(datetime, _DATETIME_NAMES)
    re = PATTERNS
    itertools = ITERTOOLS

    @cached_property
    def pytz(self) -> Names:
        # What the module itself holds could be changed by a template, for the whole process.
        pytz = import_module("pytz")
        return Names(
            {
                **{name: getattr(pytz, name) for name in _PYTZ_FUNCTIONS},
                **{name: tuple(getattr(pytz, name)) for name in _PYTZ_LISTS},
                **{name: frozenset(getattr(pytz, name)) for name in _PYTZ_SETS},
                "country_names": MappingProxyType(dict(pytz.country_names)),
                "country_timezones": CountryTimezones(pytz.country_timezones),
            },
            _PYTZ_LACKING,
        )


MODULES = TemplateModules()


PLAIN_FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
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
"""The functions of every template that need to know of nothing else."""
