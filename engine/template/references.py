"""`ref` and `source`: as a template calls them, and as they stand in YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from ...adapters.relation import Relation
from ..core.errors import CompilationError
from ..manifest.jinja.bare_calls import literal_reference
from ..manifest.lookup import AmbiguousRefError
from ..manifest.manifest import Manifest
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.node_calls import RefCall, SourceCall
from ..manifest.nodes.operation_node import Operation
from ..sandbox.operators import text_of
from .relations import RelationFactory, without_type
from .scope import Scope

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
        deferred: Mapping[str, Relation] | None = None,
    ) -> None:
        self._manifest = manifest
        self._relations = relations
        self._node = node
        self._say = say
        self._select_rows = select_rows
        self._deferred = deferred or {}
        self.read_from_state: set[str] = set()
        """The schemas that deferred references have led to."""
        self.selections: dict[str, Relation] = {}
        """Relations of which only some rows are read, by their text."""
        self.ephemeral: dict[str, Node] = {}

    def ref(self, *arguments: str, **named: Any) -> Relation:
        """The relation of a model or seed.

        Raises:
            CompilationError: it isn't one of the node's parents, so that the graph would not
                have waited for it.
        """
        call = ref_call(arguments, named)
        lookup = self._manifest.lookup
        try:
            found = lookup.ref(call, self._node.package_name)
        except AmbiguousRefError as error:
            raise CompilationError(error.problem) from error
        if found is None:
            raise CompilationError(lookup.missing_ref(call, self._node).problem)
        if isinstance(self._node, Operation):
            return self._operation_ref(found)
        if found.unique_id not in self._manifest.parents_of(self._node.unique_id):
            raise CompilationError(_not_inferred(self._node, call))
        if call.version is None and isinstance(found, Model) and found.version is not None:
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
        return without_type(self._relations.of(found))

    def source(self, *arguments: str) -> Relation:
        """The relation of a source's table."""
        call = source_call(arguments)
        found = self._manifest.lookup.source(call, self._node.package_name)
        if found is None:
            missing = self._manifest.lookup.missing_source(call, self._node)
            raise CompilationError(missing.problem)
        return self._relation(found)

    def _relation(self, node: Node) -> Relation:
        relation = self._deferred.get(node.unique_id)
        if relation is None:
            relation = self._relations.of(node)
        else:
            self.read_from_state.add(relation.schema or "")
        relation = without_type(relation)
        if self._select_rows is None:
            return relation
        selection = self._select_rows(node, relation)
        if selection.rows is not None:
            self.selections[str(selection)] = selection
        return selection

    def settle_aliases(self, sql: str) -> str:
        """A node's SQL, in which a selection of rows has the alias that its author gave it.

        A subquery needs an alias, and so it comes with one; where the template gives another
        (`from {{ ref('orders') }} as o`), that is it.
        """
        for text, relation in self.selections.items():
            alias = relation.rows_alias
            pattern = re.compile(re.escape(text) + _OWN_ALIAS, re.IGNORECASE)
            sql = pattern.sub(lambda found, text=text, alias=alias: text.removesuffix(alias), sql)  # type: ignore[misc] # bound for each selection
        return sql


def called_relation(call: RefCall | SourceCall, scope: Scope) -> Any:
    """The relation that a call means in a scope, whatever macros there are."""
    arguments, named = _written(call)
    return scope.context_name(_function(call))(*arguments, **named)


async def call_reference(call: RefCall | SourceCall, scope: Scope) -> Any:
    """What a call gives in a template: a project's own macro `ref` or `source` counts, but, as
    in dbt, not while parsing.

    Raises:
        CompilationError, AdapterError: the macro failed.
    """
    if not scope.context_name("execute"):
        return called_relation(call, scope)
    arguments, named = _written(call)
    found = scope.lookup(_function(call), scope.package)(*arguments, **named)
    return await found if isawaitable(found) else found


def _function(call: RefCall | SourceCall) -> str:
    return "ref" if isinstance(call, RefCall) else "source"


def _written(call: RefCall | SourceCall) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A call's arguments: those without a name, and those with one."""
    if isinstance(call, SourceCall):
        return (call.source_name, call.table_name), {}
    arguments = (call.package, call.name) if call.package else (call.name,)
    return arguments, {} if call.version is None else {"version": call.version}


def relation_called(text: str, scope: Scope) -> Any:
    """The relation of a text such as `ref('orders')`; any other text as it is."""
    call = literal_reference(text)
    return text if call is None else called_relation(call, scope)


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
        given = next(one for one in arguments if not isinstance(one, str))
        raise CompilationError(f"ref() takes names as text, and not {_brief(given)}.")
    package = arguments[0] if len(arguments) == 2 else None
    return RefCall(arguments[-1], package, named.get("version", named.get("v")))


def _brief(value: Any) -> str:
    """What somebody gave for a name, in few words: a node's whole mapping helps nobody."""
    if isinstance(value, Mapping) and isinstance(value.get("unique_id"), str):
        return f"the node {value['unique_id']}: give its name"
    text = text_of(value)
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"the {type(value).__name__} {shown}"


_LONGEST_SHOWN = 60


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
