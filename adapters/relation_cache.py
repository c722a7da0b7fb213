"""What is known to be in the database: one listing a schema, kept up to date by what we do."""

from __future__ import annotations

from collections.abc import Iterable

from .base import Adapter
from .errors import ApproximateMatchError
from .relation import Relation


class RelationCache:
    """Relations by schema and identifier, compared as the database compares them."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._key = str if adapter.is_case_sensitive else str.casefold
        self._schemas: dict[str, dict[str, Relation]] = {}
        self._found: dict[tuple[str, str], list[str]] = {}
        self._views: dict[str, list[str]] = {}
        self._spellings: dict[str, dict[str, str]] = {}
        """The names that were seen in a schema, by what they are without case."""
        self._listings: dict[str, list[dict[str, Relation | None]]] = {}
        """What was noted of a schema while it was being listed: it is newer than the list."""

    async def fill(self, schemas: Iterable[str]) -> None:
        """List the schemas that aren't known yet.

        Raises:
            DatabaseError: the catalog can't be read.
        """
        for schema in schemas:
            await self._known(schema)

    async def refresh(self, schema: str) -> None:
        """List a schema again, in which others may have changed something."""
        await self._list(schema)

    def forget(self, schema: str) -> None:
        """Let a schema be listed again when it is needed next: what was noted isn't so."""
        self._schemas.pop(self._key(schema), None)
        self._found.clear()
        self._views.clear()

    async def find(self, schema: str, identifier: str) -> Relation | None:
        """A relation as it stands in the database, or None. Lists an unknown schema first.

        Raises:
            ApproximateMatchError: there is only one that differs in case.
        """
        key = self._key(schema)
        known = self._schemas.get(key)
        if known is None:
            known = await self._list(schema)
        found = known.get(self._key(identifier))
        if found is None:
            near = known.get(self._spellings.get(key, {}).get(identifier.casefold(), ""))
            if near is not None:
                raise ApproximateMatchError(f"{schema}.{identifier}", near.display_name)
        return found

    async def relations(self, schema: str) -> list[Relation]:
        """Every relation of a schema."""
        return list((await self._known(schema)).values())

    async def starting_with(self, schema: str, prefix: str) -> list[Relation]:
        """The relations of a schema whose names begin in some way. Looked for once a listing."""
        known = await self._known(schema)
        key = self._key(schema), prefix
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = [name for name in known if name.startswith(prefix)]
        return [known[name] for name in found if name in known]

    async def views(self, schema: str) -> list[Relation]:
        """The views of a schema that were there when it was listed."""
        known = await self._known(schema)
        key = self._key(schema)
        names = self._views.get(key)
        if names is None:
            names = self._views[key] = [name for name, found in known.items() if found.is_view]
        return [known[name] for name in names if name in known]

    def add(self, relation: Relation) -> None:
        """Note that a relation was made."""
        self._note(relation, relation)

    def drop(self, relation: Relation) -> None:
        """Note that a relation is gone."""
        self._note(relation, None)

    def _note(self, named: Relation, now: Relation | None) -> None:
        schema, name = self._key(named.schema or ""), self._key(named.identifier or "")
        for listing in self._listings.get(schema, ()):
            listing[name] = now
        known = self._schemas.get(schema)
        if known is not None:
            _set(known, name, now)
            if now is not None:
                self._spellings.setdefault(schema, {})[name.casefold()] = name

    async def _known(self, schema: str) -> dict[str, Relation]:
        known = self._schemas.get(self._key(schema))
        return await self._list(schema) if known is None else known

    async def _list(self, schema: str) -> dict[str, Relation]:
        key = self._key(schema)
        noted: dict[str, Relation | None] = {}
        listings = self._listings.setdefault(key, [])
        listings.append(noted)
        try:
            relations = await self._adapter.list_relations(schema)
        finally:
            listings.remove(noted)
        known = {self._key(relation.identifier or ""): relation for relation in relations}
        for name, now in noted.items():
            _set(known, name, now)
        self._schemas[key] = known
        self._spellings[key] = {name.casefold(): name for name in known}
        self._found.clear()
        self._views.clear()
        return known


def _set(known: dict[str, Relation], name: str, now: Relation | None) -> None:
    if now is None:
        known.pop(name, None)
    else:
        known[name] = now
