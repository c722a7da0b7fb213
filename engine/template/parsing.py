"""Rendering while parsing: nothing is executed, and what a template calls is noted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from ...adapters.base import Adapter
from ...adapters.relation import Relation
from ..core.errors import CompilationError
from ..core.events import WarningRaised
from ..manifest.artifact.node_dicts import node_dict
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.nodes.node import Node
from ..manifest.nodes.node_calls import RefCall, SourceCall
from ..manifest.nodes.operation_node import Operation
from ..manifest.nodes.test_nodes import GenericTest
from ..manifest.reading.parse_renderer import Captured
from ..sandbox.budget import TemplateLimitError
from ..sandbox.handed import printed
from ..sandbox.owned import own
from .context import CommonContext
from .dbt.config_object import CapturingConfig
from .dbt.exceptions import TemplateExceptions
from .generic_test import evaluate_arguments, render_generic_test
from .macro_space import MacroSpace
from .manifest_names import hooks_of, without_none
from .parsing_adapter import ParsingAdapter
from .questions import UNREPEATABLE, Asked, WatchedIndex
from .references import ref_call, source_call
from .relations import RelationFactory, without_type
from .rendering import node_frame, render_nested, render_source
from .scope import LazyName, Scope
from .scope_names import Builtins
from .template_environment import TemplateEnvironment, drive


class TemplateParseRenderer:
    """Implements `ParseRenderer` for the manifest's loader."""

    def __init__(
        self,
        macros: MacroIndex,
        *,
        environment: TemplateEnvironment,
        strict: TemplateEnvironment,
        common: CommonContext,
        adapter: Adapter,
        relations: RelationFactory,
        warn: Callable[[WarningRaised], None],
        asked: Asked,
    ) -> None:
        self._warn = warn
        self._asked = asked
        self._told_of_names: set[tuple[str, str, str]] = set()
        self._environment = environment
        self._strict = strict
        self._common = common
        self._adapter = adapter
        self._relations = relations
        self._macros = MacroSpace(WatchedIndex(macros, asked.note), environment)

    def render(self, node: Node, source: str) -> Captured:
        """Render a node's template, and say what it called."""
        capture = _Capture(self._relations, node)
        scope = self._scope(node, capture, needs_vars=False)
        scope.note_call = capture.call
        try:
            drive(render_source(self._environment, source, node, scope))
        except TemplateLimitError:
            # What is disabled isn't built, so that it may be too much: what it said counts.
            if not capture.is_disabled:
                raise
            self._asked.note(UNREPEATABLE)
        return capture.captured()

    def render_comment(self, operation: Operation, source: str) -> str:
        """The query comment for where there is no node.

        Raises:
            CompilationError: it calls what there isn't, or raises.
        """
        scope = self._scope(operation, _Capture(self._relations, operation)).with_names(
            connection_name="master", node=None
        )
        # Nothing is missing yet that would be there when it is rendered in earnest.
        return drive(render_source(self._strict, source, operation, scope))

    def render_test(self, node: GenericTest, *, is_inert: bool) -> Captured:
        """Evaluate a generic test's arguments, call its macro, and say what they called."""
        capture = _Capture(self._relations, node)
        scope = self._scope(node, capture, needs_vars=False)
        scope.note_call = capture.call
        if is_inert:
            drive(evaluate_arguments(self._environment, node, scope))
        else:
            drive(render_generic_test(self._environment, node, scope))
        return capture.captured()

    def call_macro(self, name: str, custom: str | None, node: Node) -> str:
        """Call a `generate_…_name` macro of the project's."""
        warn = partial(self._warn_of_name, name, node)
        scope = self._scope(node, _Capture(self._relations, node)).with_names(
            exceptions=TemplateExceptions(warn)
        )
        macro = scope.macros.index.find(name, node.package_name)
        # Macros of old take the custom name alone.
        arguments: list[Any] = [custom, own(node_dict(node))]
        if macro is not None:
            del arguments[len(macro.arguments) :]
        try:
            return printed(drive(scope.call_macro(name, *arguments)))
        except CompilationError as error:
            raise CompilationError(
                error.problem, location=error.location, stack=(*error.stack, node_frame(node))
            ) from error

    def _warn_of(self, node: Node, warning: WarningRaised) -> None:
        """Pass on what a template has warned of, with the file that it was rendered for."""
        self._asked.note(UNREPEATABLE)
        self._warn(replace(warning, location=warning.location or node.location))

    def _warn_of_name(self, name: str, node: Node, warning: WarningRaised) -> None:
        """Pass on what a macro for names has warned of. A node's names may be asked for twice."""
        self._asked.note(UNREPEATABLE)
        told = (name, node.unique_id, warning.message)
        if told not in self._told_of_names:
            self._told_of_names.add(told)
            self._warn_of(node, warning)

    def _scope(self, node: Node, capture: _Capture, *, needs_vars: bool = True) -> Scope:
        names = {
            **self._common.names,
            "log": self._common.logger(lambda: None),
            "exceptions": TemplateExceptions(partial(self._warn_of, node)),
            "execute": False,
            "schema": node.schema,
            "database": node.database,
            "config": capture.config,
            "this": _this(self._relations, node),
            "thread_id": "",
            "sql": None,
            "compiled_code": None,
            "defer_relation": None,
            "load_result": lambda name: None,
            "store_result": lambda *arguments, **named: "",
            "store_raw_result": lambda *arguments, **named: "",
            "write": lambda payload: "",
        }

        def renderer(scope: Scope) -> Callable[..., Any]:
            return partial(render_nested, self._environment, scope)

        lazy: dict[str, LazyName] = {
            **self._common.lazy_names(),
            "ref": partial(self._common.resolver, capture.ref),
            "source": partial(self._common.resolver, capture.source),
            "builtins": Builtins,
            "var": lambda scope: self._common.var(node, renderer(scope), required=needs_vars),
            "render": renderer,
            "graph": lambda scope: {},
            "pre_hooks": partial(hooks_of, node, "pre-hook"),
            "post_hooks": partial(hooks_of, node, "post-hook"),
            "model": lambda scope: own(without_none(node_dict(node))),
            "adapter": lambda scope: ParsingAdapter(
                self._adapter, self._common.dispatcher(scope), self._common.project_config
            ),
        }
        return Scope(self._macros, node.package_name, names, lazy)


def _this(relations: RelationFactory, node: Node) -> Relation | None:
    """The relation that a node stands for; a hook of the whole run stands for none."""
    return None if isinstance(node, Operation) else without_type(relations.this(node))


class _Capture:
    """`ref`, `source` and `config` while parsing."""

    def __init__(self, relations: RelationFactory, node: Node) -> None:
        self._relations = relations
        self._node = node
        self._refs: list[RefCall] = []
        self._sources: list[SourceCall] = []
        self._macros: dict[str, None] = {}
        self.config = CapturingConfig(node.config.values, node.name)

    def ref(self, *arguments: Any, **named: Any) -> Relation:
        self._refs.append(ref_call(arguments, named))
        return self._relations.this(self._node)

    def source(self, *arguments: Any) -> Relation:
        self._sources.append(source_call(arguments))
        return self._relations.this(self._node)

    def call(self, unique_id: str) -> None:
        self._macros[unique_id] = None

    @property
    def is_disabled(self) -> bool:
        """Whether the node is disabled, by what was said of it so far."""
        return self.config.captured.get("enabled", self._node.config.enabled) is False

    def captured(self) -> Captured:
        return Captured(
            tuple(self._refs), tuple(self._sources), self.config.captured, tuple(self._macros)
        )
