"""`adapter` in a project's own materialization: statements belong to the node's transactions."""

from __future__ import annotations

from typing import Any

from ...adapters.base import Response, Rows
from ...adapters.relation import Relation
from ..template.dbt.adapter_facade import RunningAdapter
from ..template.relations import require_sql
from .macro_transactions import MacroTransactions
from .swap import puts_aside

_COMMIT = frozenset({"commit", "end", "commit transaction", "commit work"})
_BEGIN = frozenset({"begin", "begin transaction", "begin work", "start transaction"})


class MacroAdapter(RunningAdapter):
    """Runs a macro's statements, and sees to what depends on what they drop."""

    def __init__(self, *arguments: Any, transactions: MacroTransactions) -> None:
        super().__init__(*arguments)
        self._transactions = transactions

    async def commit(self) -> None:
        """Commit what is open; the next statement begins another transaction."""
        await self._transactions.commit()

    async def drop_relation(self, relation: Relation) -> None:
        """Let a relation go. What depends on it follows what the macro puts in its place."""
        if puts_aside(self._adapter) and not self._own_macros.has("drop_relation"):
            await self._transactions.drop(relation)
            self._cache.drop(relation)
        else:
            await self._transactions.keep(relation)
            await super().drop_relation(relation)

    async def rename_relation(self, from_relation: Relation, to_relation: Relation) -> None:
        is_inside = self._own_macros.is_asking("rename_relation")
        await super().rename_relation(from_relation, to_relation)
        if not is_inside:
            self._transactions.note_renamed(from_relation, to_relation)

    async def _run(self, sql: str, auto_begin: bool) -> Response:
        word = " ".join(require_sql(sql).split()).rstrip("; ").lower()
        if word in _COMMIT:
            await self._transactions.commit()
            return Response("COMMIT")
        if auto_begin or word in _BEGIN:
            await self._transactions.begin()
        if word in _BEGIN:
            return Response("BEGIN")
        return await self._transactions.build.execute(sql)

    async def _query(self, sql: str, auto_begin: bool) -> Rows:
        if auto_begin:
            await self._transactions.begin()
        self._transactions.build.executed.append(require_sql(sql))
        return await self._connection.query(sql)
