"""What is known to be in the database: one listing a schema, kept up to date by what we do."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from .base import Adapter
from .relation import Relation


class RelationCache:
    """Relations by schema and identifier, compared without case."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._schemas: dict[str, dict[str, Relation]] = {}

    async def fill(self, schemas: Iterable[str]) -> None:
        """List the schemas that aren't known yet, at once.

        Raises:
            DatabaseError: the catalog can't be read.
        """
        missing = {schema for schema in schemas if schema.casefold() not in self._schemas}
        if len(missing) == 1:
            await self._list(missing.pop())
            return
        async with anyio.create_task_group() as tasks:
            for schema in missing:
                tasks.start_soon(self._list, schema)

    async def _list(self, schema: str) -> None:
        relations = await self._adapter.list_relations(schema)
        self._schemas[schema.casefold()] = {
            (relation.identifier or "").casefold(): relation for relation in relations
        }

    async def find(self, schema: str, identifier: str) -> Relation | None:
        """A relation as it stands in the database, or None. Lists an unknown schema first."""
        known = self._schemas.get(schema.casefold())
        if known is None:
            await self.fill([schema])
            known = self._schemas[schema.casefold()]
        return known.get(identifier.casefold())

    async def relations(self, schema: str) -> list[Relation]:
        """Every relation of a schema."""
        await self.fill([schema])
        return list(self._schemas[schema.casefold()].values())

    def add(self, relation: Relation) -> None:
        """Note that a relation was made."""
        known = self._schemas.get((relation.schema or "").casefold())
        if known is not None:
            known[(relation.identifier or "").casefold()] = relation

    def drop(self, relation: Relation) -> None:
        """Note that a relation is gone."""
        known = self._schemas.get((relation.schema or "").casefold())
        if known is not None:
            known.pop((relation.identifier or "").casefold(), None)
