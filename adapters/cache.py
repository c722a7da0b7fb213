"""What is known to be in the database: one listing a schema, kept up to date by what we do."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from .base import Adapter
from .relation import Relation


class RelationCache:
    """Relations by schema and identifier, compared as the database compares them."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._key = str if adapter.is_case_sensitive else str.casefold
        self._schemas: dict[str, dict[str, Relation]] = {}

    async def fill(self, schemas: Iterable[str]) -> None:
        """List the schemas that aren't known yet, at once.

        Raises:
            DatabaseError: the catalog can't be read.
        """
        missing = {schema for schema in schemas if self._key(schema) not in self._schemas}
        if len(missing) == 1:
            await self._list(missing.pop())
            return
        async with anyio.create_task_group() as tasks:
            for schema in missing:
                tasks.start_soon(self._list, schema)

    async def _list(self, schema: str) -> None:
        relations = await self._adapter.list_relations(schema)
        self._schemas[self._key(schema)] = {
            self._key(relation.identifier or ""): relation for relation in relations
        }

    async def find(self, schema: str, identifier: str) -> Relation | None:
        """A relation as it stands in the database, or None. Lists an unknown schema first."""
        known = self._schemas.get(self._key(schema))
        if known is None:
            await self.fill([schema])
            known = self._schemas[self._key(schema)]
        return known.get(self._key(identifier))

    async def relations(self, schema: str) -> list[Relation]:
        """Every relation of a schema."""
        await self.fill([schema])
        return list(self._schemas[self._key(schema)].values())

    def forget(self, schema: str) -> None:
        """Know nothing of a schema any more: it is listed when it is next asked for."""
        self._schemas.pop(self._key(schema), None)

    def add(self, relation: Relation) -> None:
        """Note that a relation was made."""
        known = self._schemas.get(self._key(relation.schema or ""))
        if known is not None:
            known[self._key(relation.identifier or "")] = relation

    def drop(self, relation: Relation) -> None:
        """Note that a relation is gone."""
        known = self._schemas.get(self._key(relation.schema or ""))
        if known is not None:
            known.pop(self._key(relation.identifier or ""), None)
