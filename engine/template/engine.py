"""The template engine of a session: scopes for nodes that are compiled and built."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from ...adapters.base import Adapter, Connection, Response, Rows
from ...adapters.cache import RelationCache
from ...adapters.relation import Relation
from ..errors import CompilationError
from ..event_time import EventWindow, Reading
from ..manifest.manifest import Manifest
from ..manifest.node_dicts import config_dict
from ..manifest.nodes import GenericTest, Model, Node, RefCall, ResourceType, SourceCall
from ..manifest.operation import Operation
from ..manifest.snapshot_node import shown_values
from .adapter_facade import RunningAdapter, StatementResponse
from .config_object import RunningConfig
from .context import CommonContext, ManifestNames
from .environment import TemplateEnvironment
from .generic_test import render_generic_test
from .relations import RelationFactory
from .rendering import render_nested, render_source
from .scope import Builtins, MacroSpace, Scope
from .table import ResultTable

_CLAUSES = (
    "where join inner left right full cross natural on using group order having limit union "
    "intersect except minus window fetch offset for tablesample lateral returning set when "
    "positional asof anti semi qualify pivot unpivot"
).split()
_OWN_ALIAS = rf"(?=\s+(?:as\s|(?!(?:{'|'.join(_CLAUSES)})\b)[\"`\w]))"
"""What follows a relation where it is given an alias: `as`, or a word that begins no clause."""


class References:
    """`ref` and `source` for one node, noting which ephemeral models it reads."""

    def __init__(
        self,
        manifest: Manifest,
        relations: RelationFactory,
        node: Node,
        say: Callable[[str], None],
        select_rows: Callable[[Node, Relation], Relation] | None = None,
    ) -> None:
        self._manifest = manifest
        self._relations = relations
        self._node = node
        self._say = say
        self._select_rows = select_rows
        self._selections: dict[str, Relation] = {}
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
        if isinstance(self._node, Operation):
            return self._operation_ref(found)
        if found.unique_id not in self._manifest.parents_of(self._node.unique_id):
            raise CompilationError(_not_inferred(self._node, call))
        if call.version is None and isinstance(found, Model) and found.is_versioned:
            self._speak_of_prerelease(found)
        if found.is_ephemeral:
            self.ephemeral[found.unique_id] = found
        return self._relation(found)

    def _speak_of_prerelease(self, model: Model) -> None:
        """Say that a `ref` without a version will soon mean another one, where it will."""
        prerelease = self._manifest.lookup.prerelease(model)
        if prerelease is None:
            return
        try_out = f"{{{{ ref('{model.package_name}', '{model.name}', v='{prerelease}') }}}}"
        pin = f"{{{{ ref('{model.package_name}', '{model.name}', v='{model.version}') }}}}"
        self._say(
            f"While compiling '{self._node.name}':\n"
            f"Found an unpinned reference to versioned model '{model.name}' in project "
            f"'{model.package_name}', which means {model.versioned_name}, the latest version.\n"
            f"A prerelease version {prerelease} is available; once it is made the latest, this "
            f"reference will mean {model.name}.v{prerelease}.\n"
            f"  Try out v{prerelease}: {try_out}\n"
            f"  Pin to v{model.version}: {pin}"
        )

    def _operation_ref(self, found: Node) -> Relation:
        """What an operation refers to is built already, by an earlier run."""
        if found.is_ephemeral:
            raise CompilationError(
                f"an operation can't ref() the ephemeral model '{found.name}': there is no "
                "relation of it."
            )
        return self._relations.of(found)

    def source(self, *arguments: str) -> Relation:
        """The relation of a source's table."""
        call = source_call(arguments)
        found = self._manifest.lookup.source(call)
        if found is None:
            missing = self._manifest.lookup.missing_source(call, self._node)
            raise CompilationError(missing.problem)
        return self._relation(found)

    def _relation(self, node: Node) -> Relation:
        relation = self._relations.of(node)
        if self._select_rows is None:
            return relation
        selection = self._select_rows(node, relation)
        if selection.rows is not None:
            self._selections[str(selection)] = selection
        return selection

    def settle_aliases(self, sql: str) -> str:
        """A node's SQL, in which a selection of rows has the alias that its author gave it.

        A subquery needs an alias, and so it comes with one; where the template gives another
        (`from {{ ref('orders') }} as o`), that is it.
        """
        for text, relation in self._selections.items():
            alias = relation.rows_alias
            pattern = re.compile(re.escape(text) + _OWN_ALIAS, re.IGNORECASE)
            sql = pattern.sub(lambda found, text=text, alias=alias: text.removesuffix(alias), sql)  # type: ignore[misc] # bound for each selection
        return sql


class StoredResult(dict[str, Any]):
    """What one statement gave, by keys and by attributes: response, status, table and data."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class StoredResults:
    """`store_result` and `load_result`: what the statements of one node gave."""

    def __init__(self) -> None:
        self._results: dict[str, StoredResult] = {}

    def store(self, name: str, response: Any, agate_table: Any = None) -> str:
        table = agate_table if agate_table is not None else ResultTable(Rows((), ()))
        self._results[name] = StoredResult(
            response=response, status=str(response), table=table, data=[tuple(r) for r in table]
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

    def load(self, name: str) -> StoredResult | None:
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
        reading: Reading | None = None,
    ) -> None:
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
        select_rows = self._row_selection(node, window)
        references = References(self.manifest, self.relations, node, self._common.say, select_rows)
        results = StoredResults()
        names = self._common.for_node(node, execute=True)
        names |= {
            "ref": references.ref,
            "source": references.source,
            "config": RunningConfig({**shown_values(node), **config_dict(node)}, node.name),
            "this": self.relations.this(node),
            "thread_id": thread_id,
            "load_result": results.load,
            "store_result": results.store,
            "store_raw_result": results.store_raw,
            "write": lambda payload: "",
        }

        def renderer(scope: Scope) -> Callable[..., Any]:
            return partial(render_nested, self._environment, scope)

        lazy = {
            **self._common.lazy_names(),
            **self._manifest_names.of(node),
            "adapter": lambda scope: self.adapter_in(scope, connection),
            "builtins": Builtins,
            "var": lambda scope: self._common.var(node, renderer(scope)),
            "render": renderer,
        }
        scope = Scope(self._macros, node.package_name, names, lazy)
        return NodeScope(scope, references)

    def _row_selection(
        self, node: Node, window: EventWindow | None
    ) -> Callable[[Node, Relation], Relation] | None:
        """What makes of a relation the rows of it that are to be read; None for all of them."""
        if node.resource_type is ResourceType.OPERATION:
            return None
        sample, is_empty = self._reading.sample, self._reading.is_empty
        if not isinstance(node, Model):
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
    return (
        f'headrace was unable to infer all dependencies for the model "{node.name}". This '
        "typically happens when ref() is placed within a conditional block.\n"
        f'To fix this, add the following hint to the top of the model "{node.name}":\n'
        f"-- depends_on: {{{{ {call} }}}}"
    )
