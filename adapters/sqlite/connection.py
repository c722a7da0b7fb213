"""One task's connection, with all that SQLite's can do."""

from __future__ import annotations

from ..answers import Deferred
from ..column import Column
from ..connection_abilities import Counting, Keeping, Restore
from ..errors import DatabaseError
from ..relation import Relation, quote_identifier
from .handiwork import Handiwork
from .sending import SendingConnection
from .statements import literal, read_heading
from .table_rows import empty, obstacles, write


class SqliteConnection(SendingConnection, Keeping, Counting):
    """A connection of the pool. How it sends is `SendingConnection`'s; here is what it is asked."""

    async def columns(self, relation: Relation) -> list[Column]:
        # A temporary table is found without a schema, like one whose schema isn't known.
        is_told = relation.schema and relation.include_policy.schema
        schema = literal(relation.schema or "") if is_told else "NULL"
        found = await self.query(
            # Generated columns count, those that a virtual table hides don't.
            f"SELECT name, type FROM pragma_table_xinfo({literal(relation.identifier or '')}, "
            f"{schema}) WHERE hidden <> 1"
        )
        return [Column(str(name), str(data_type)) for name, data_type in found.rows]

    async def rename_statements(self, relation: Relation, identifier: str) -> list[str]:
        if not relation.is_view:
            return await super().rename_statements(relation, identifier)
        # SQLite has no way to rename a view: it is made anew, from its own text.
        name = relation.with_identifier(identifier)
        found = await self.query(
            f"SELECT sql FROM {quote_identifier(relation.schema or 'main')}.sqlite_master "
            f"WHERE type = 'view' AND name = {literal(relation.identifier or '')}"
        )
        text = read_heading(str(found.rows[0][0])) if found.rows else None
        if text is None or text.created is None:
            raise DatabaseError(f"there is no view {relation} that could be renamed.")
        body = str(found.rows[0][0]).partition(text.created)[2]
        return [f"CREATE VIEW {name}{body}", f"DROP VIEW {relation}"]

    def keep(self, relation: Relation) -> Restore:
        handiwork = Handiwork(relation)
        self.defer_work(handiwork.remembering)
        return lambda name: self.defer_work(handiwork.restoring(name))

    async def empty_table(self, relation: Relation) -> None:
        await empty(self, relation)

    async def obstacles(self, relation: Relation) -> list[str]:
        return await obstacles(self, relation)

    async def write_rows(self, relation: Relation, sql: str) -> Deferred:
        return await write(self, relation, sql)
