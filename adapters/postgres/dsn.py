"""A profile's `dsn`: a URL that says in one line what `host`, `user` and so on say in several.

    dsn: postgresql://shop:p%40ss@db.example:5432/warehouse?sslmode=require

The form is libpq's (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING),
with one host. It is read here and not by the driver, whose errors quote what they couldn't
read, a password among it. No error of this module holds any part of the URL, nor does its cause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from ..errors import ProfileKeyError

KEY = "dsn"

_FORM = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@/?#\[\],]*)"
    r"(?::(?P<port>[0-9]{0,5}))?"
    r"(?:/(?P<dbname>[^/@?#]*))?"
    r"(?:\?(?P<query>[^@#]*))?"
)
"""No part may hold what ends another: else a piece of a password that isn't encoded could pass for
a host or a database, and messages show those."""

_BROKEN_CODE = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x20]")
_NUMBERS = frozenset({"port", "connect_timeout", "keepalives_idle"})
_TEXTS = frozenset({"host", "sslmode", "sslcert", "sslkey", "sslrootcert", "application_name"})
_OTHER_NAMES = {"dbname": ("database",), "password": ("pass",)}


def expanded(keys: Mapping[str, object]) -> Mapping[str, object]:
    """A profile's keys, with what its `dsn` says in the place of it.

    Raises:
        ProfileKeyError: the `dsn` is no such URL, or says what another key says as well.
    """
    dsn = keys.get(KEY)
    if dsn is None:
        return {key: value for key, value in keys.items() if key != KEY}
    if not isinstance(dsn, str) or not dsn.strip():
        raise _unreadable()
    said = _read(dsn.strip())
    for key in said:
        also = (name for name in (key, *_OTHER_NAMES.get(key, ())) if keys.get(name) is not None)
        if twice := next(also, None):
            raise ProfileKeyError(KEY, f"and '{twice}' say the same: leave one of them out.")
    return {**{key: value for key, value in keys.items() if key != KEY}, **said}


def _read(dsn: str) -> dict[str, object]:
    """The keys that a URL stands for."""
    found = None if _BROKEN_CODE.search(dsn) else _FORM.fullmatch(dsn)
    if found is None:
        raise _unreadable()
    parts = {name: text for name, text in found.groupdict(default="").items() if text}
    given: dict[str, str] = {}
    for name, text in [*_parameters(parts.pop("query", "")), *parts.items()]:
        if name in given:
            raise ProfileKeyError(KEY, f"says '{name}' twice: leave one of them out.")
        given[name] = _decoded(text.strip("[]") if name == "host" else text)
    return {name: _number(name, text) if name in _NUMBERS else text for name, text in given.items()}


def _parameters(query: str) -> list[tuple[str, str]]:
    """What stands behind the `?`."""
    known = _NUMBERS | _TEXTS
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    if any(name not in known for name, _, _ in pairs):
        raise ProfileKeyError(
            KEY,
            f"has a parameter behind the '?' that isn't known. There are: "
            f"{', '.join(sorted(known))}. What else there is goes into keys of their own.",
        )
    return [(name, text) for name, _, text in pairs if text]


def _decoded(text: str) -> str:
    plain = unquote(text)
    if "\ufffd" in plain:
        raise _unreadable()  # what was encoded isn't UTF-8
    return plain


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ProfileKeyError(KEY, f"gives a '{name}' that isn't a whole number.")
    return int(text)


def _unreadable() -> ProfileKeyError:
    return ProfileKeyError(
        KEY,
        "can't be read: it must look like postgresql://user:password@host:5432/database. What is "
        "neither a letter nor a digit in a password must be percent-encoded: @ as %40, / as %2F, "
        "% as %25.",
    )
