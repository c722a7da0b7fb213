"""A project's own `{% materialization %}`: its macro says what is done, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ...adapters.base import Connection, Deferred, Response
from ...adapters.relation import Relation
from ..errors import CompilationError
from ..manifest.nodes import Macro
from ..template.adapter_facade import RunningAdapter
from ..template.scope import Scope
from .macro_adapter import MacroAdapter
from .macro_transactions import MacroTransactions
from .node_build import NodeBuild, Outcome, hook_dict

AdapterMaker = Callable[[Scope, Connection, Callable[..., RunningAdapter]], RunningAdapter]
"""Makes `adapter` for a scope, on a connection, of a kind."""


async def custom(
    build: NodeBuild,
    macro: Macro,
    make_adapter: AdapterMaker,
    names: Mapping[str, object] = MappingProxyType({}),
) -> Outcome:
    """Build a node by a materialization of its project's, in whose context are also `names`.

    What it did and hasn't committed itself is committed at its end.

    Raises:
        CompilationError: the macro failed, gave no relations, or called no statement 'main'.
        DatabaseError: a statement was refused.
    """
    transactions = MacroTransactions(build)
    scope = _scope(build, transactions, make_adapter).with_names(**names)
    try:
        async with transactions.whole():
            answer = await scope.bind(macro)()
            relations = _relations(answer, macro)
            build.made = _main(scope)
    except BaseException:
        # What the macro noted in the cache was undone.
        build.cache.forget(build.relation.schema or "")
        raise
    build.committed = True
    for relation in relations:
        build.cache.add(relation)
    return build.success()


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
        name = macro.name.removeprefix("materialization_").rpartition("_")[0]
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
        str(answer), getattr(answer, "code", None), getattr(answer, "rows_affected", None)
    )
    return Deferred("main", response=response)
