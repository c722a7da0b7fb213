"""The transactions of a project's own materialization.

    (a statement begins one → adapter.commit())* → COMMIT at the end

A relation that is dropped on the way stays until its transaction ends: by then something else
stands under its name, and what depends on it is pointed to that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256

from ...adapters.base import Transaction
from ...adapters.connection_abilities import Restore
from ...adapters.relation import Relation
from .node_build import TEMPORARY_PREFIX, NodeBuild
from .swap import find_for_macro, keep, let_go

_DIGITS = 20


class MacroTransactions:
    """The transactions of one node's macro, on its connection."""

    def __init__(self, build: NodeBuild) -> None:
        self.build = build
        self._stack: AsyncExitStack | None = None
        self._completes = False
        self._transaction = Transaction()
        self._going: list[tuple[Relation, str]] = []
        """Relations that are to go, each with the name that it had."""
        self._former_names: dict[str, str] = {}
        self._kept: list[tuple[Restore, str]] = []
        """What was made on relations that are gone, each with the name that they had."""

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[None]:
        """All of them: the last one is committed at the end, or rolled back on an error."""
        try:
            yield
            await self.commit(completes=True)
        except BaseException as error:
            stack, self._stack = self._stack, None
            if stack is not None:
                await stack.__aexit__(type(error), error, error.__traceback__)
            raise

    async def begin(self) -> None:
        """Open a transaction, unless one is."""
        if self._stack is None:
            stack = AsyncExitStack()
            self._transaction = await stack.enter_async_context(
                self.build.connection.transaction(traceable=self._note)
            )
            self._stack = stack

    async def commit(self, *, completes: bool = False) -> None:
        """Commit what is open. A cancellation waits for the database's answer.

        `completes`: the macro has done all that it does.
        """
        if self._stack is None:
            return
        await self._settle()
        stack, self._stack = self._stack, None
        self._completes = completes
        try:
            await stack.__aexit__(None, None, None)
        finally:
            self.build.note_end(self._transaction, completes=completes)

    def _note(self, name: str) -> None:
        self.build.note_transaction(name, self._completes)

    def note_renamed(self, before: Relation, after: Relation) -> None:
        """Remember under which name a relation stood."""
        former = self._former_names.pop(before.render(), before.identifier or "")
        self._former_names[after.render()] = former

    async def drop(self, relation: Relation) -> None:
        """Let a relation go when the transaction ends, if it is there."""
        await self.begin()
        build = self.build
        found = await find_for_macro(build, relation)
        if found is None:
            return
        former = self._former_names.pop(relation.render(), None)
        if former is None:
            digest = sha256(f"{build.node.unique_id} {len(self._going)}".encode()).hexdigest()
            aside = f"{TEMPORARY_PREFIX}going_{digest[:_DIGITS]}"
            for sql in await build.connection.rename_statements(found, aside):
                await build.execute(sql)
            found, former = found.with_identifier(aside), relation.identifier or ""
        self._going.append((found, former))

    async def keep(self, relation: Relation) -> None:
        """Note what goes with a relation that the macro is dropping."""
        await self.begin()
        former = self._former_names.pop(relation.render(), relation.identifier or "")
        self._kept.append((keep(self.build, relation), former))

    async def _settle(self) -> None:
        """Drop what is to go, once what depends on it follows what has come in its place."""
        for restore, former in self._kept:
            restore(former)
        self._kept.clear()
        for relation, former in self._going:
            await let_go(self.build, relation, former)
        self._going.clear()
