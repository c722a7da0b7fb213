"""Which relations the simulated database has, as far as simple statements say so."""

from __future__ import annotations

import re

from msgspec import Struct

from ..relation import RelationType

_PART = r'(?:"(?:[^"]|"")*+"|\w++)'
_NAME = rf"(?P<name>{_PART}(?:\.{_PART})*+)"
_KIND = r"(?P<kind>table|view|materialized\s+view)"
_CREATE = re.compile(
    rf"\bcreate\s+(?:or\s+replace\s+)?{_KIND}\s+(?:if\s+not\s+exists\s+)?{_NAME}", re.IGNORECASE
)
_DROP = re.compile(rf"\bdrop\s+{_KIND}\s+(?:if\s+exists\s+)?{_NAME}", re.IGNORECASE)
_RENAME = re.compile(
    rf"\balter\s+{_KIND}\s+{_NAME}\s+rename\s+to\s+(?P<new>{_PART}(?:\.{_PART})*+)", re.IGNORECASE
)

Key = tuple[str, str]
"""A schema and an identifier, in lower case."""


class Change(Struct, frozen=True):
    """What one statement does to the catalog: a relation goes, one comes."""

    gone: Key | None = None
    made: Key | None = None
    schema: str = ""
    identifier: str = ""
    type: RelationType = RelationType.TABLE


class Entry(Struct, frozen=True):
    """A relation that exists, in the spelling that it was made with."""

    schema: str
    identifier: str
    type: RelationType


class Catalog:
    """The relations of all schemas. Changes come in when their transaction commits."""

    def __init__(self, schemas: set[str]) -> None:
        self.schemas = schemas
        self._entries: dict[Key, Entry] = {}

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            before = self._entries.pop(change.gone, None) if change.gone else None
            if change.made:
                type = before.type if before else change.type
                self._entries[change.made] = Entry(change.schema, change.identifier, type)

    def entries(self, schema: str) -> list[Entry]:
        """What a schema holds, compared without case."""
        folded = schema.lower()
        return [entry for (its, _), entry in self._entries.items() if its == folded]

    def drop_schema(self, schema: str) -> None:
        folded = schema.lower()
        self.schemas = {name for name in self.schemas if name.lower() != folded}
        self._entries = {key: entry for key, entry in self._entries.items() if key[0] != folded}


def read_changes(sql: str, default_schema: str) -> list[Change]:
    """What a text of one or more statements does to the catalog, in order."""
    found = [(match.start(), _created(match, default_schema)) for match in _CREATE.finditer(sql)]
    found += [(match.start(), _dropped(match, default_schema)) for match in _DROP.finditer(sql)]
    found += [(match.start(), _renamed(match, default_schema)) for match in _RENAME.finditer(sql)]
    return [change for _, change in sorted(found, key=lambda pair: pair[0])]


def _created(match: re.Match[str], default_schema: str) -> Change:
    schema, identifier = _split(match["name"], default_schema)
    kind = RelationType("_".join(match["kind"].lower().split()))
    return Change(None, _key(schema, identifier), schema, identifier, kind)


def _dropped(match: re.Match[str], default_schema: str) -> Change:
    return Change(gone=_key(*_split(match["name"], default_schema)))


def _renamed(match: re.Match[str], default_schema: str) -> Change:
    old_schema, old = _split(match["name"], default_schema)
    schema, identifier = _split(match["new"], old_schema)
    return Change(_key(old_schema, old), _key(schema, identifier), schema, identifier)


def _split(name: str, default_schema: str) -> tuple[str, str]:
    parts = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part
        for part in re.findall(_PART, name)
    ]
    return (parts[-2] if len(parts) > 1 else default_schema), parts[-1]


def _key(schema: str, identifier: str) -> Key:
    return schema.lower(), identifier.lower()
