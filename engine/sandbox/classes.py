"""The classes that templates have as such: to call them, and for what stands on them."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping
from types import MappingProxyType

from jinja2.utils import Cycler, Joiner, Namespace


def _public(kind: type) -> frozenset[str]:
    return frozenset(name for name in dir(kind) if not name.startswith("_"))


_NOTHING: frozenset[str] = frozenset()

_SHOWN: Mapping[type, frozenset[str]] = MappingProxyType(
    {
        dict: frozenset(("fromkeys",)),
        set: _NOTHING,
        Cycler: _NOTHING,
        Joiner: _NOTHING,
        Namespace: _NOTHING,
        datetime.date: _public(datetime.date),
        datetime.datetime: _public(datetime.datetime),
        datetime.time: _public(datetime.time),
        datetime.timedelta: _public(datetime.timedelta),
        datetime.timezone: _public(datetime.timezone),
        datetime.tzinfo: _NOTHING,
        itertools.chain: frozenset(("from_iterable",)),
        **dict.fromkeys(
            (itertools.compress, itertools.islice, itertools.pairwise, itertools.zip_longest),
            _NOTHING,
        ),
    }
)


def is_shown_class(kind: type) -> bool:
    """Whether templates have a class."""
    return kind in _SHOWN


def names_of_class(kind: type) -> frozenset[str]:
    """What a template may look up on a class."""
    return _SHOWN.get(kind, _NOTHING)
