"""Which relations the simulated database has, as far as simple statements say so."""

from __future__ import annotations

import re

from msgspec import Struct

from ..relation import Namespace, RelationType

_PART = r'(?:"(?>(?:[^"]|"")*)"|\w++)'
_NAME = rf"(?P<name>{_PART}(?>(?:\.{_PART})*))"
_KIND = r"(?P<kind>table|view|materialized\s+view)"
_CREATE = re.compile(
    rf"\bcreate\s+(?:or\s+replace\s+)?{_KIND}\s+(?:if\s+not\s+exists\s+)?{_NAME}", re.IGNORECASE
)
_DROP = re.compile(rf"\bdrop\s+{_KIND}\s+(?:if\s+exists\s+)?{_NAME}", re.IGNORECASE)
_RENAME = re.compile(
    rf"\balter\s+{_KIND}\s+{_NAME}\s+rename\s+to\s+(?P<new>{_PART}(?>(?:\.{_PART})*))",
    re.IGNORECASE,
)

Key = tuple[str, str, str]
"""A database, a schema and an identifier, in lower case."""


class Name(Struct, frozen=True):
    """What a relation is called, in the spelling that a statement has."""

    namespace: Namespace
    identifier: str

    @property
    def key(self) -> Key:
        return (*_folded(self.namespace), self.identifier.lower())


class Change(Struct, frozen=True):
    """What one statement does to the catalog: a relation goes, one comes."""

    gone: Name | None = None
    made: Name | None = None
    type: RelationType = RelationType.TABLE


class Entry(Struct, frozen=True):
    """A relation that exists, in the spelling that it was made with."""

    name: Name
    type: RelationType


class Catalog:
    """The relations of all databases. Changes come in when their transaction commits."""

    def __init__(self, home: Namespace) -> None:
        self.home = home
        """What a name without a schema stands in, and in whose database one without any is."""
        self._schemas = [home]
        self._entries: dict[Key, Entry] = {}

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            before = self._entries.pop(change.gone.key, None) if change.gone else None
            if change.made:
                type = before.type if before else change.type
                self._entries[change.made.key] = Entry(change.made, type)

    def entries(self, namespace: Namespace) -> list[Entry]:
        """What a schema holds, compared without case."""
        folded = _folded(self._located(namespace))
        return [entry for key, entry in self._entries.items() if key[:2] == folded]

    def schemas(self, database: str | None) -> frozenset[str]:
        """The schemas of a database, which is that of `home` unless it is named."""
        folded = (database or self.home.database or "").lower()
        return frozenset(one.schema for one in self._schemas if _folded(one)[0] == folded)

    def add_schema(self, namespace: Namespace) -> None:
        located = self._located(namespace)
        if _folded(located) not in map(_folded, self._schemas):
            self._schemas.append(located)

    def drop_schema(self, namespace: Namespace) -> None:
        folded = _folded(self._located(namespace))
        self._schemas = [one for one in self._schemas if _folded(one) != folded]
        self._entries = {key: entry for key, entry in self._entries.items() if key[:2] != folded}

    def _located(self, namespace: Namespace) -> Namespace:
        return Namespace(namespace.database or self.home.database, namespace.schema)


def read_changes(sql: str, home: Namespace) -> list[Change]:
    """What a text of one or more statements does to the catalog, in order."""
    found = [(match.start(), _created(match, home)) for match in _CREATE.finditer(sql)]
    found += [(match.start(), _dropped(match, home)) for match in _DROP.finditer(sql)]
    found += [(match.start(), _renamed(match, home)) for match in _RENAME.finditer(sql)]
    return [change for _, change in sorted(found, key=lambda pair: pair[0])]


def _created(match: re.Match[str], home: Namespace) -> Change:
    kind = RelationType("_".join(match["kind"].lower().split()))
    return Change(None, _name(match["name"], home), kind)


def _dropped(match: re.Match[str], home: Namespace) -> Change:
    return Change(gone=_name(match["name"], home))


def _renamed(match: re.Match[str], home: Namespace) -> Change:
    old = _name(match["name"], home)
    return Change(old, _name(match["new"], old.namespace))


def _name(text: str, home: Namespace) -> Name:
    """A name of one to three parts, of which `home` has those that aren't there."""
    *parts, identifier = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part
        for part in re.findall(_PART, text)
    ]
    schema = parts[-1] if parts else home.schema
    database = parts[-2] if len(parts) > 1 else home.database
    return Name(Namespace(database, schema), identifier)


def _folded(namespace: Namespace) -> tuple[str, str]:
    return (namespace.database or "").lower(), namespace.schema.lower()
