"""The template engine of a session: scopes for nodes that are compiled and built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from ...adapters.base import Adapter, Connection, Response, Rows
from ...adapters.cache import RelationCache
from ...adapters.relation import Relation
from ..errors import CompilationError
from ..manifest.manifest import Manifest
from ..manifest.nodes import GenericTest, Node, RefCall, SourceCall
from .adapter_facade import RunningAdapter, StatementResponse
from .config_object import RunningConfig
from .context import CommonContext, ManifestNames
from .environment import TemplateEnvironment
from .generic_test import render_generic_test
from .relations import RelationFactory
from .rendering import render_source
from .scope import MacroSpace, Scope
from .table import ResultTable


class References:
    """`ref` and `source` for one node, noting which ephemeral models it reads."""

    def __init__(self, manifest: Manifest, relations: RelationFactory, node: Node) -> None:
        self._manifest = manifest
        self._relations = relations
        self._node = node
        self.ephemeral: dict[str, Node] = {}

    def ref(self, *arguments: str, **named: Any) -> Relation:
        """The relation of a model or seed.

        Raises:
            CompilationError: it isn't one of the node's parents, so that the graph would not
                have waited for it.
        """
        call = ref_call(arguments, named)
        found = self._manifest.lookup.ref(call, self._node.package_name)
        if found is None:
            raise CompilationError(self._manifest.lookup.missing_ref(call, self._node).problem)
        if found.unique_id not in self._manifest.parents[self._node.unique_id]:
            raise CompilationError(_not_inferred(self._node, call))
        if found.is_ephemeral:
            self.ephemeral[found.unique_id] = found
        return self._relations.of(found)

    def source(self, *arguments: str) -> Relation:
        """The relation of a source's table."""
        call = source_call(arguments)
        found = self._manifest.lookup.source(call)
        if found is None:
            missing = self._manifest.lookup.missing_source(call, self._node)
            raise CompilationError(missing.problem)
        return self._relations.of(found)


class StoredResults:
    """`store_result` and `load_result`: what the statements of one node gave."""

    def __init__(self) -> None:
        self._results: dict[str, SimpleNamespace] = {}

    def store(self, name: str, response: Any, agate_table: Any = None) -> str:
        table = agate_table if agate_table is not None else ResultTable(Rows((), ()))
        self._results[name] = SimpleNamespace(
            response=response, status=str(response), table=table, data=[list(r) for r in table]
        )
        return ""

    def store_raw(
        self,
        name: str,
        message: Any = None,
        code: Any = None,
        rows_affected: Any = None,
        agate_table: Any = None,
    ) -> str:
        response = StatementResponse(Response(str(message), code, rows_affected))
        return self.store(name, response, agate_table)

    def load(self, name: str) -> SimpleNamespace | None:
        return self._results.get(name)


class NodeScope:
    """A node's scope while it is compiled and built, on one connection."""

    def __init__(self, scope: Scope, references: References) -> None:
        self.scope = scope
        self.references = references


class TemplateEngine:
    """Makes scopes, and renders templates in them."""

    def __init__(
        self,
        *,
        environment: TemplateEnvironment,
        common: CommonContext,
        manifest: Manifest,
        adapter: Adapter,
        cache: RelationCache,
        relations: RelationFactory,
    ) -> None:
        self.manifest = manifest
        self.relations = relations
        self._environment = environment
        self._common = common
        self._adapter = adapter
        self._cache = cache
        self._macros = MacroSpace(manifest.macros, environment)
        self._manifest_names = ManifestNames(manifest, relations)

    def scope(self, node: Node, connection: Connection, thread_id: str = "") -> NodeScope:
        """A scope for a node, whose database functions use the connection."""
        references = References(self.manifest, self.relations, node)
        results = StoredResults()
        names = self._common.for_node(node, execute=True)
        names |= {
            "ref": references.ref,
            "source": references.source,
            "config": RunningConfig(node.config.values, node.name),
            "this": self.relations.of(node),
            "thread_id": thread_id,
            "load_result": results.load,
            "store_result": results.store,
            "store_raw_result": results.store_raw,
            "write": lambda payload: "",
        }
        names["builtins"] = {key: names[key] for key in ("ref", "source", "config", "var")}
        lazy = {
            **self._common.lazy_names(),
            **self._manifest_names.of(node),
            "adapter": lambda scope: self.adapter_in(scope, connection),
            "render": lambda scope: lambda text: self.render_text(str(text), scope, node),
        }
        scope = Scope(self._macros, node.package_name, names, lazy)
        return NodeScope(scope, references)

    def adapter_in(
        self,
        scope: Scope,
        connection: Connection,
        kind: Callable[..., RunningAdapter] = RunningAdapter,
    ) -> RunningAdapter:
        """`adapter` for the templates of a scope, on a connection."""
        return kind(
            self._adapter,
            connection,
            self._cache,
            scope,
            self._common.dispatcher(scope),
            self.relations.quoting,
        )

    async def render_text(self, source: str, scope: Scope, node: Node) -> str:
        """The text of a template that belongs to a node."""
        return await render_source(self._environment, source, node, scope)

    async def render_test(self, node: GenericTest, scope: Scope) -> str:
        """The text of a generic test: what its macro gives."""
        return await render_generic_test(self._environment, node, scope)


def ref_call(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> RefCall:
    """A `ref` as it was called.

    Raises:
        CompilationError: no `ref` looks like that.
    """
    if not 1 <= len(arguments) <= 2 or named.keys() - {"v", "version"}:
        raise CompilationError(
            "ref() takes at most two arguments, a package and a model, and a version "
            f"({len(arguments)} given)."
        )
    if not all(isinstance(argument, str) for argument in arguments):
        raise CompilationError(f"ref() takes names as text, not {arguments!r}.")
    package = arguments[0] if len(arguments) == 2 else None
    return RefCall(arguments[-1], package, named.get("version", named.get("v")))


def source_call(arguments: tuple[Any, ...]) -> SourceCall:
    """A `source` as it was called.

    Raises:
        CompilationError: it takes exactly two names.
    """
    if len(arguments) != 2 or not all(isinstance(argument, str) for argument in arguments):
        raise CompilationError(
            f"source() takes exactly two arguments, a source and a table ({len(arguments)} given)."
        )
    return SourceCall(arguments[0], arguments[1])


def _not_inferred(node: Node, call: RefCall) -> str:
    spelled = f"'{call.package}', '{call.name}'" if call.package else f"'{call.name}'"
    return (
        f'headrace was unable to infer all dependencies for the model "{node.name}". This '
        "typically happens when ref() is placed within a conditional block.\n"
        f'To fix this, add the following hint to the top of the model "{node.name}":\n'
        f"-- depends_on: {{{{ ref({spelled}) }}}}"
    )
