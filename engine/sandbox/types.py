"""The types of Python's and Jinja's that templates have, and the names that each shows."""

from __future__ import annotations

import datetime
import functools
import itertools
import re
import time
import types
from collections import abc
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalTuple
from types import MappingProxyType
from typing import Any
from uuid import UUID

from jinja2.filters import _GroupTuple
from jinja2.runtime import (
    AsyncLoopContext,
    BlockReference,
    LoopContext,
    Macro,
    TemplateReference,
    Undefined,
)
from jinja2.utils import Cycler, Joiner, Namespace, missing
from markupsafe import Markup

Reader = Callable[[Any, str], Any]

NO_NAMES: frozenset[str] = frozenset()


def _public(kind: type, *but: str) -> frozenset[str]:
    return frozenset(name for name in dir(kind) if not name.startswith("_")) - {*but}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOOP = _words(
    "changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"
)

PLAIN: Mapping[type, frozenset[str]] = MappingProxyType(
    {
        type(None): NO_NAMES,
        type(NotImplemented): NO_NAMES,
        type(...): NO_NAMES,
        bool: _public(bool),
        int: _public(int),
        float: _public(float),
        complex: _public(complex),
        Decimal: _public(Decimal),
        Markup: _public(Markup),
        str: _public(str),
        bytes: _public(bytes),
        bytearray: _public(bytearray),
        list: _public(list),
        tuple: _public(tuple),
        dict: _public(dict, "fromkeys"),
        set: _public(set),
        frozenset: _public(frozenset),
        MappingProxyType: _public(MappingProxyType),
        range: _public(range),
        slice: _words("start stop step"),
        datetime.datetime: _public(datetime.datetime),
        datetime.date: _public(datetime.date),
        datetime.time: _public(datetime.time),
        datetime.timedelta: _public(datetime.timedelta),
        datetime.timezone: _words("dst fromutc max min tzname utc utcoffset"),
        # Those of pytz are derived from it.
        datetime.tzinfo: _words("dst fromutc key localize normalize tzname utcoffset zone"),
        type(datetime.date.min.isocalendar()): _words("count index week weekday year"),
        _GroupTuple: _public(_GroupTuple),
        DecimalTuple: _public(DecimalTuple),
        time.struct_time: frozenset(n for n in dir(time.struct_time) if n.startswith("tm_")),
        UUID: _words("hex int urn version"),
        re.Pattern: _public(re.Pattern, "scanner"),
        re.Match: _public(re.Match),
        re.RegexFlag: _words("name value"),
        abc.KeysView: _words("isdisjoint"),
        abc.ItemsView: _words("isdisjoint"),
        abc.ValuesView: NO_NAMES,
        type({}.keys()): _words("isdisjoint"),
        type({}.items()): _words("isdisjoint"),
        type({}.values()): NO_NAMES,
    }
)
"""Values, and what is derived from them, with what they show."""

_IN_ORDER = (
    *(Markup, str, bytes, bytearray, list, tuple, dict, MappingProxyType, range, re.Match),
    *(_GroupTuple, DecimalTuple, type(datetime.date.min.isocalendar()), time.struct_time),
)

ITEMS: frozenset[type] = frozenset(_IN_ORDER)
"""Those of the plain types that may be asked for items."""

CALLED: frozenset[type] = frozenset(
    (types.FunctionType, types.MethodType, functools.partial, functools._lru_cache_wrapper)
)
"""Functions, which show nothing of themselves. Python's own are judged one by one."""


class _Sequence(abc.Sequence[Any]):
    """What Python goes through by asking for one item after the other."""

    def __len__(self) -> int:
        return 0

    def __getitem__(self, position: Any) -> Any:
        raise IndexError


_ITERATED: tuple[Any, ...] = (
    *(iter("a"), iter("\u00e9"), iter(b""), iter(bytearray()), iter([]), iter(())),
    *(iter({}), iter({}.values()), iter({}.items()), iter(set()), iter(_Sequence())),
    *(iter(range(0)), iter(range(1 << 70)), reversed(()), reversed([]), reversed({})),
    *(reversed({}.values()), reversed({}.items()), re.finditer("", ""), itertools.tee(())[0]),
    *(enumerate(()), zip(), map(str, ()), filter(None, ()), itertools.chain()),
    *(itertools.compress((), ()), itertools.dropwhile(bool, ()), itertools.pairwise(())),
    *(itertools.filterfalse(bool, ()), itertools.groupby(()), itertools.islice((), 0)),
    *(itertools.starmap(bool, ()), itertools.takewhile(bool, ()), itertools.zip_longest(())),
    next(itertools.groupby("a"))[1],
)

OPAQUE: frozenset[type] = frozenset(
    (types.GeneratorType, types.CoroutineType, *map(type, _ITERATED), *CALLED)
)
"""Types whose objects may be called, awaited or gone through, and not looked into."""


def _of_macro(macro: Any, name: str) -> Any:
    # Its list of arguments is that of every caller.
    match name:
        case "arguments":
            return tuple(macro.arguments)
        case "name":
            return macro.name
        case "catch_kwargs":
            return macro.catch_kwargs
        case "catch_varargs":
            return macro.catch_varargs
        case "caller":
            return macro.caller
    return missing


def _of_namespace(namespace: Any, name: str) -> Any:
    values: dict[str, Any] = object.__getattribute__(namespace, "_Namespace__attrs")
    return values.get(name, missing)


def _of_undefined(undefined: Any, name: str) -> Any:
    """What says that there is nothing, or, while parsing, nothing once more."""
    if name[:2] == "__":
        return missing
    return type(undefined).__getattr__(undefined, name)


JINJA: Mapping[type, tuple[frozenset[str], bool, bool, Reader | None]] = MappingProxyType(
    {
        Undefined: (NO_NAMES, True, True, _of_undefined),
        Namespace: (NO_NAMES, False, False, _of_namespace),
        Macro: (NO_NAMES, False, True, _of_macro),
        Cycler: (_words("current next reset"), False, False, None),
        Joiner: (NO_NAMES, False, True, None),
        LoopContext: (_LOOP, False, True, None),
        AsyncLoopContext: (_LOOP, False, True, None),
        BlockReference: (_words("super"), False, True, None),
        TemplateReference: (NO_NAMES, True, False, None),
    }
)
"""Jinja's own objects: their names, whether they have items, are called, and how they are read."""
