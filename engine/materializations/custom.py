"""A project's own `{% materialization %}`: its macro says what is done, and in which order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ...adapters.base import Connection, Deferred, Response, Rows
from ...adapters.relation import Relation
from ..core.errors import CompilationError
from ..manifest.nodes.macro import Macro
from ..manifest.nodes.materialization_names import PREFIX
from ..manifest.nodes.test_nodes import Test
from ..manifest.nodes.unit_test_node import UnitTest
from ..sandbox.handed import printed
from ..template.dbt.adapter_facade import RunningAdapter
from ..template.dbt.result_table import ResultTable
from ..template.dbt.statement_response import StatementResponse
from ..template.scope import Scope
from .foreign_keys import validate_keys_to
from .macro_adapter import MacroAdapter
from .macro_transactions import MacroTransactions
from .node_build import NodeBuild, Outcome, hook_dict
from .tests import judge
from .unit_test import compare

Materialize = Callable[[NodeBuild], Awaitable[Outcome]]
"""Builds one node."""

AdapterMaker = Callable[[Scope, Connection, Callable[..., RunningAdapter]], RunningAdapter]
"""Makes `adapter` for a scope, on a connection, of a kind."""


class BuiltIn:
    """`built_in_materialization` in the context: a node built in our way, inside of another."""

    def __init__(
        self, build: NodeBuild, transactions: MacroTransactions, ours: Mapping[str, Materialize]
    ) -> None:
        self.outcome: Outcome | None = None
        self._build = build
        self._transactions = transactions
        self._ours = ours

    async def run(self, scope: Scope, name: str) -> dict[str, list[Relation]]:
        """Build the node, in a transaction of its own, and say what was made.

        What was begun before is committed. `load_result('main')` tells of it afterwards. The SQL
        is what `sql` stands for in the scope: a template may have put another there.

        Raises:
            CompilationError: nothing of the kind builds such a node.
        """
        build, materialize = self._build, self._ours.get(name)
        if materialize is None:
            raise CompilationError(
                f"a {build.node.resource_type.value} can't be built by '{PREFIX}{name}'.",
                location=build.node.location,
            )
        await self._transactions.commit()
        build.sql = printed(scope.context_name("context")["sql"])
        outcome = self.outcome = await materialize(build)
        table = None if outcome.answer is None else ResultTable(outcome.answer)
        build.scope.context_name("store_result")("main", StatementResponse(outcome.response), table)
        made = await build.cache.find(build.relation)
        return {"relations": [] if made is None else [made]}


async def custom(
    build: NodeBuild,
    macro: Macro,
    make_adapter: AdapterMaker,
    ours: Mapping[str, Materialize],
    names: Mapping[str, object] = MappingProxyType({}),
) -> Outcome:
    """Build a node by a materialization of its project's, in whose context are also `names`.

    What it did and hasn't committed itself is committed at its end. `ours` are those that it may
    call for the greater part of the work.

    Raises:
        CompilationError: the macro failed, gave no relations, or called no statement 'main'.
        DatabaseError: a statement was refused.
    """
    transactions = MacroTransactions(build)
    built_in = BuiltIn(build, transactions, ours)
    scope = _scope(build, transactions, make_adapter)
    scope = scope.with_names(
        {"built_in_materialization": lambda scope: partial(built_in.run, scope)}, **names
    )
    is_test = isinstance(build.node, Test | UnitTest)
    try:
        async with transactions.whole():
            answer = await scope.bind(macro)()
            relations = [] if is_test else _relations(answer, macro)
            build.made = _main(scope)
    except BaseException:
        # What the macro noted in the cache was undone.
        build.cache.forget(build.relation.namespace)
        raise
    if is_test:
        return built_in.outcome or _verdict(build, scope)
    build.committed = True
    for relation in relations:
        build.cache.add(relation)
    await validate_keys_to(build)
    return build.success()


def _verdict(build: NodeBuild, scope: Scope) -> Outcome:
    """What a test's statement 'main' has found."""
    table = scope.context_name("load_result")("main").table
    found = Rows(table.column_names, [tuple(row) for row in table])
    return compare(found) if isinstance(build.node, UnitTest) else judge(build, found)


def _scope(build: NodeBuild, transactions: MacroTransactions, make_adapter: AdapterMaker) -> Scope:
    """The node's scope, with the names that only a materialization has."""
    kind = partial(MacroAdapter, transactions=transactions)
    config = build.node.config

    def model(scope: Scope) -> dict[str, Any]:
        described: dict[str, Any] = build.scope.context_name("model")
        return {**described, "compiled": True, "compiled_code": build.sql, "sql": build.sql}

    return build.scope.with_names(
        {"adapter": lambda scope: make_adapter(scope, build.connection, kind), "model": model},
        sql=build.sql,
        compiled_code=build.sql,
        pre_hooks=[hook_dict(hook) for hook in config.pre_hook],
        post_hooks=[hook_dict(hook) for hook in config.post_hook],
    )


def _relations(answer: Any, macro: Macro) -> list[Relation]:
    """The relations that the macro says it has made."""
    relations = answer.get("relations") if isinstance(answer, Mapping) else None
    if not isinstance(relations, (list, tuple)) or not all(
        isinstance(relation, Relation) for relation in relations
    ):
        name = macro.name.removeprefix(PREFIX).rpartition("_")[0]
        raise CompilationError(
            f"The materialization '{name}' ({macro.original_file_path}:{macro.line}) did not "
            "explicitly return a list of relations to add to the cache: end it with "
            "{{ return({'relations': [this]}) }}."
        )
    return list(relations)


def _main(scope: Scope) -> Deferred:
    """What the database said of the macro's statement 'main'.

    Raises:
        CompilationError: it called none.
    """
    result = scope.context_name("load_result")("main")
    if result is None:
        raise CompilationError(
            "main is not being called during running model: the statement that makes the "
            "relation must be {% call statement('main') %}."
        )
    answer = result.response
    response = Response(
        printed(answer), getattr(answer, "code", None), getattr(answer, "rows_affected", None)
    )
    return Deferred("main", response=response)
