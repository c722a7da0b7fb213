"""The template engine of a session: scopes for nodes that are compiled and built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...adapters.base import Adapter, Connection
from ...adapters.column import Column
from ...adapters.relation import Relation
from ...adapters.relation_cache import RelationCache
from ..core.events import WarningRaised
from ..core.results import NodeInfo
from ..manifest.artifact.node_dicts import config_dict
from ..manifest.manifest import Manifest
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Column as DescribedColumn
from ..manifest.nodes.node import Node
from ..manifest.nodes.operation_node import Operation
from ..manifest.nodes.resource_type import ResourceType
from ..manifest.nodes.snapshot_node import Snapshot, shown_values
from ..manifest.nodes.stored_failures import has_relation
from ..manifest.nodes.test_nodes import GenericTest
from ..project.event_time import EventWindow, Reading
from .context import CommonContext
from .dbt.adapter_facade import RunningAdapter
from .dbt.config_object import RunningConfig
from .dbt.stored_results import StoredResults
from .generic_test import render_generic_test
from .macro_space import MacroSpace
from .manifest_names import ManifestNames, hooks_of
from .references import References
from .relations import RelationFactory, without_type
from .rendering import render_nested, render_source
from .scope import LazyName, Scope
from .scope_names import Builtins
from .template_environment import TemplateEnvironment


class NodeScope(Struct, frozen=True):
    """A node's scope while it is compiled and built, on one connection."""

    scope: Scope
    references: References


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
        reading: Reading | None = None,
        deferred: Mapping[str, Relation] | None = None,
    ) -> None:
        self.deferred = deferred or {}
        """Where an earlier run has built what is read from there, by unique id."""
        self._reading = reading or Reading()
        self.manifest = manifest
        self.relations = relations
        self._environment = environment
        self._common = common
        self._adapter = adapter
        self._cache = cache
        self._macros = MacroSpace(manifest.macros, environment)
        self._manifest_names = ManifestNames(
            manifest, relations, stores_failures=common.stores_failures
        )
        self._reads_all = self._reading.sample is None and not self._reading.is_empty
        self._lazy: Mapping[str, LazyName] = {
            **common.lazy_names(),
            "graph": lambda scope: self._manifest_names.graph,
            "builtins": Builtins,
            "render": self._renderer,
        }

    def scope(
        self,
        node: Node,
        connection: Connection,
        thread_id: str = "",
        window: EventWindow | None = None,
    ) -> NodeScope:
        """A scope for a node, whose database functions use the connection.

        `window` is that of the batch that the node is built for, where it is one.
        """
        reads_all = self._reads_all and window is None
        select_rows = None if reads_all else self._row_selection(node, window)
        references = References(
            self.manifest,
            self.relations,
            node,
            partial(self._speak_of_prerelease, node),
            select_rows,
            self.deferred,
        )
        scope = Scope(self._macros, node.package_name, {}, {})
        scope.make_names = partial(self._names, node, connection, thread_id, references)
        return NodeScope(scope, references)

    def _names(
        self, node: Node, connection: Connection, thread_id: str, references: References
    ) -> tuple[Mapping[str, Any], Mapping[str, LazyName]]:
        """What a node's templates see: what is at hand, and what is made when it is used."""
        results = StoredResults()
        names = {
            **self._common.names,
            "execute": True,
            "schema": node.schema,
            "database": node.database,
            "thread_id": thread_id,
            "sql": None,
            "compiled_code": None,
            "load_result": results.load,
            "store_result": results.store,
            "store_raw_result": results.store_raw,
            "write": lambda payload: "",
        }
        config = cache(partial(_config, node, self._common.warn))
        # What few templates use is made for those.
        lazy: dict[str, LazyName] = {
            **self._lazy,
            "log": lambda scope: self._common.logger(partial(self._info, node)),
            "ref": partial(self._common.resolver, references.ref),
            "source": partial(self._common.resolver, references.source),
            "config": lambda scope: config(),
            "this": lambda scope: self._this(node),
            "model": lambda scope: self._manifest_names.model(node),
            "adapter": lambda scope: self.adapter_in(scope, connection),
            "defer_relation": lambda scope: self.deferred.get(node.unique_id),
            "pre_hooks": partial(hooks_of, node, "pre-hook"),
            "post_hooks": partial(hooks_of, node, "post-hook"),
            "var": lambda scope: self._common.var(node, self._renderer(scope)),
        }
        return names, lazy

    def _speak_of_prerelease(self, node: Node, text: str) -> None:
        self._common.say(text, "UnpinnedRefNewVersionAvailable", self._info(node))

    def _info(self, node: Node) -> NodeInfo | None:
        """A node as events tell of it; what `run-operation` calls is none."""
        if isinstance(node, Operation):
            return None
        stands = has_relation(node, self._common.stores_failures)
        name = self.relations.described(node) if stands else None
        return node.info(name, self.manifest.group_of(node))

    def _this(self, node: Node) -> Relation | None:
        """The relation that a node stands for; a hook of the whole run stands for none."""
        if node.resource_type is ResourceType.OPERATION:
            return None
        return without_type(self.relations.this(node))

    def _renderer(self, scope: Scope) -> Callable[..., Any]:
        return partial(render_nested, self._environment, scope)

    def _row_selection(
        self, node: Node, window: EventWindow | None
    ) -> Callable[[Node, Relation], Relation] | None:
        """What makes of a relation the rows of it that are to be read; None for all of them."""
        if node.resource_type is ResourceType.OPERATION:
            return None
        sample, is_empty = self._reading.sample, self._reading.is_empty
        if not isinstance(node, Model | Snapshot):
            sample = window = None
        wanted = window.within(sample) if window else sample
        if wanted is None and not is_empty:
            return None

        def select(target: Node, relation: Relation) -> Relation:
            event_time = target.config.values.get("event_time")
            words: list[str] = []
            if wanted is not None and event_time:
                condition = self._adapter.time_condition(event_time, wanted.start, wanted.end)
                words.append(f"where {condition}")
            if is_empty:
                words.append("limit 0" if words else "where false limit 0")
            return replace(relation, rows=" ".join(words)) if words else relation

        return select

    def scope_with(
        self,
        node: Node,
        connection: Connection,
        thread_id: str,
        variables: Mapping[str, Any],
        environ: Mapping[str, Any],
    ) -> Scope:
        """A scope for a node in which some variables, of either kind, have other values."""
        scope = self.scope(node, connection, thread_id).scope
        return scope.with_names(**self._common.overridden(node, variables, environ))

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
            self._common.project_config,
        )

    def described_column(self, column: DescribedColumn) -> Column:
        """A column as properties describe it, as one of a relation that is built of its node."""
        adapter = self._adapter
        name = column.name if column.quote else adapter.spelled_unquoted(column.name)
        return Column(name, column.data_type or "", adapter.quote_character)

    async def render_text(self, source: str, scope: Scope, node: Node) -> str:
        """The text of a template that belongs to a node."""
        return await render_source(self._environment, source, node, scope)

    async def render_test(self, node: GenericTest, scope: Scope) -> str:
        """The text of a generic test: what its macro gives."""
        return await render_generic_test(self._environment, node, scope)


def _config(node: Node, warn: Callable[[WarningRaised], None]) -> RunningConfig:
    return RunningConfig({**shown_values(node), **config_dict(node)}, node.name, warn)
