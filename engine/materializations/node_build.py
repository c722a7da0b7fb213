"""What a materialization works with: one node, its SQL, its connection and its macros."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct, field

from ...adapters.base import Adapter, Connection, Deferred, Response, Rows, Transaction
from ...adapters.column import Column
from ...adapters.connection_abilities import ComesAnew, IsOurs, Swapped
from ...adapters.errors import CommitInDoubtError
from ...adapters.relation import Relation, RelationType
from ...adapters.relation_cache import RelationCache
from ..core.errors import CompilationError
from ..core.results import BatchResults, NodeError, SourceAge, Status
from ..manifest.nodes.node import Hook, Node
from ..project.event_time import EventWindow
from ..sandbox.handed import printed
from ..template.dbt.statement_response import StatementResponse
from ..template.scope import Scope

TEMPORARY_PREFIX = "headrace_tmp_"
_NODE_DIGITS = 12
_INVOCATION_DIGITS = 8

RenderHook = Callable[[str], Any]
NoteTransaction = Callable[[str, bool], None]


class Outcome(Struct, frozen=True):
    """What a materialization achieved. `failures` counts the rows that a test found.

    `error` is why it failed, where that isn't raised; `stored` is the query for the rows that a
    test has kept; `answer` is what the query of a test gave, or what was asked for; `source_age`
    is that of a source.
    """

    status: Status
    response: Response
    failures: int | None = None
    error: NodeError | None = None
    batches: BatchResults | None = None
    stored: str | None = None
    answer: Rows | None = None
    source_age: SourceAge | None = None


class NodeBuild(Struct):
    """One node on its way into the database.

    Attributes:
        sql: the compiled SQL; empty for a seed.
        full_refresh: the flag; a `full_refresh` in the node's config beats it.
        executed: every statement sent, in order: what `target/run` shows.
        is_repeatable: whether to build twice does no harm: not so where rows are added.
        adds_to_table: it is a batch, before which the table was made, if it was to be.
        batch_window: the window of the batch that it is; None where it is no batch.
        is_ours: whether a relation is one that the project builds.
        comes_anew: whether a later node of the run makes a foreign key, or looks at its rows.
        fails_on_test_warning: whether what a test would warn of is a failure.
        swapped: how the node's relation was swapped for another, where it was.
        is_made_anew: whether a table was made, rather than added to.
        made: the statement that made the relation, known before COMMIT.
        committed: whether the database has said that the transaction is durable.
        doubt: why nobody can say whether the transaction is durable, where that is so.
        would_complete: whether the node is done with the transaction that is in doubt.
        hooks_done: the places of the hooks before BEGIN that an earlier attempt has been through.
        note_transaction: takes the name of a transaction before its COMMIT is sent, and whether
            the node is done with it.
    """

    node: Node
    relation: Relation
    sql: str
    adapter: Adapter
    connection: Connection
    cache: RelationCache
    scope: Scope
    render_hook: RenderHook
    full_refresh: bool
    invocation_id: str
    is_ours: IsOurs
    comes_anew: ComesAnew
    batch_window: EventWindow | None
    adds_to_table: bool
    fails_on_test_warning: bool
    is_repeatable: bool = True
    executed: list[str] = field(default_factory=list)
    swapped: Swapped = field(default_factory=Swapped)
    is_made_anew: bool = False
    made: Deferred | None = None
    committed: bool = False
    doubt: CommitInDoubtError | None = None
    would_complete: bool = False
    hooks_done: set[int] = field(default_factory=set)
    note_transaction: NoteTransaction = lambda name, completes: None

    async def is_full_refresh(self) -> bool:
        """Whether what is there is to be built anew, as the macro `should_full_refresh` has it."""
        if self.adds_to_table:
            return False
        if self.scope.is_overridden("should_full_refresh"):
            return bool(await self.scope.call_macro("should_full_refresh"))
        configured = self.node.config.full_refresh
        return self.full_refresh if configured is None else configured

    @property
    def has_contract(self) -> bool:
        """Whether the node's columns are held to what its properties say of them."""
        contract = self.node.config.values.get("contract")
        return isinstance(contract, Mapping) and bool(contract.get("enforced"))

    @property
    def has_hooks_afterwards(self) -> bool:
        """Whether hooks run in the transaction when the relation is there."""
        return any(hook.transaction for hook in self.node.config.post_hook)

    @property
    def temporary_relation(self) -> Relation:
        """A name of this node and invocation alone, short enough for any database."""
        invocation = sha256(self.invocation_id.encode()).hexdigest()[:_INVOCATION_DIGITS]
        return self.relation.with_identifier(f"{self._temporary_stem}_{invocation}")

    @property
    def _temporary_stem(self) -> str:
        digest = sha256(self.node.unique_id.encode()).hexdigest()[:_NODE_DIGITS]
        return TEMPORARY_PREFIX + digest

    async def leftovers(self) -> list[Relation]:
        """What an earlier build of this very node left: its names are nobody else's."""
        found = await self.cache.starting_with(self.relation.namespace, TEMPORARY_PREFIX)
        if not found:
            return []
        pattern = re.compile(rf"{self._temporary_stem}_[0-9a-f]{{{_INVOCATION_DIGITS}}}")
        return [relation for relation in found if pattern.fullmatch(relation.identifier or "")]

    @property
    def outcome(self) -> Outcome | None:
        """What the database holds now, if this build's transaction is through."""
        if not self.committed or self.made is None or self.made.response is None:
            return None
        return self.success()

    async def existing(self) -> Relation | None:
        """What stands under the node's name now.

        Raises:
            CompilationError: it is something that no model makes, such as a foreign table.
        """
        found = await self.cache.find(self.relation)
        if found is not None and found.type is RelationType.EXTERNAL:
            raise CompilationError(
                f"{found.display_name} is there already, as a foreign table, which no model has "
                "made. Drop it, or give the model another alias.",
                location=self.node.location,
            )
        return found

    async def execute(self, sql: str) -> Response:
        """Send SQL, and what was deferred before it."""
        self.executed.append(sql)
        return await self.connection.execute(sql)

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        """Queue SQL to go with the next statement, or with COMMIT."""
        self.executed.append(sql)
        return self.connection.defer(sql, wants_response=wants_response)

    async def columns(self, relation: Relation) -> list[Column]:
        """The columns of a relation, as a macro of the project's own for that has them, if any."""
        if self.scope.is_overridden("get_columns_in_relation"):
            asked = self.scope.context_name("adapter").get_columns_in_relation(relation)
            found: list[Column] = await asked
            return found
        return await self.connection.columns(relation)

    async def macro(self, name: str, *arguments: Any) -> str:
        """The text of a macro, as the project's templates would see it."""
        return printed(await self.scope.call_implementation(name, *arguments)).strip()

    def note_end(self, transaction: Transaction | None, *, completes: bool) -> None:
        """Note what became of a transaction of the node's, which may be its last."""
        if transaction is not None:
            self.committed |= transaction.committed
            self.doubt, self.would_complete = transaction.doubt, completes

    async def run_hooks(self, hooks: Sequence[Hook], *, in_transaction: bool) -> None:
        """Render and run the hooks of one kind; an empty one is passed over.

        A macro `run_hooks` of the project's own does it in its way. One that stands outside of
        the transaction is run once, whatever becomes of the attempt, unless it is about the
        session, which is another one then.
        """
        if self.scope.is_overridden("run_hooks"):
            described = [hook_dict(hook) for hook in hooks]
            await self.scope.call_macro("run_hooks", described, inside_transaction=in_transaction)
            return
        for place, hook in enumerate(hooks):
            if hook.transaction is not in_transaction:
                continue
            if not in_transaction and place in self.hooks_done and not self.committed:
                continue
            sql = (await self.render_hook(hook.sql)).strip()
            if not sql:
                continue
            had_kept = self.connection.has_kept
            await self.execute(sql)
            if not in_transaction and not self.adapter.sets_session(sql):
                self.hooks_done.add(place)
                self.connection.has_kept = had_kept

    async def load_result(self, name: str) -> Any:
        """`load_result` in a hook, where `main` is the statement that makes the relation."""
        if name == "main" and self.made is not None:
            if self.made.response is None:
                await self.connection.query("select 1")  # what was deferred goes before it
            if self.made.response is not None:
                answer = StatementResponse(self.made.response)
                self.scope.context_name("store_result")(name, answer)
        return self.scope.context_name("load_result")(name)

    def success(self) -> Outcome:
        """The outcome of a build that is through."""
        made = self.made
        assert made is not None
        assert made.response is not None
        return Outcome(Status.SUCCESS, made.response)


def hook_dict(hook: Hook) -> dict[str, Any]:
    """A hook as macros see it."""
    return {"sql": hook.sql, "transaction": hook.transaction, "index": None}
