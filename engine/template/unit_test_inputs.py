"""A unit test's model, rendered over the rows that the test gives in the place of its inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...adapters.base import Connection
from ...adapters.relation import Relation, RelationType
from ..core.errors import CompilationError, Location, did_you_mean
from ..manifest.manifest import Manifest
from ..manifest.nodes.node import Node
from ..manifest.nodes.node_calls import RefCall, SourceCall
from ..manifest.nodes.source_node import Source
from ..manifest.nodes.unit_test_node import THIS, Given, UnitTest
from ..manifest.reading.unit_fixtures import input_call
from ..project.render import has_template
from ..sandbox.handed import printed
from ..sandbox.owned import own
from .references import ref_call, source_call
from .relations import CTE_PREFIX
from .scope import Scope
from .template_engine import TemplateEngine
from .unbuilt_columns import UnbuiltColumns, telling

_NO_WORD = re.compile(r"\W+")


class UnitTestInputs:
    """`ref`, `source` and `this` of a unit test: names of CTEs that hold the rows given.

    Attributes:
        ctes: each CTE's name and SQL, in the order in which the test gives them.
    """

    def __init__(self, test: UnitTest, model: Node, manifest: Manifest) -> None:
        self._test = test
        self._model = model
        self._manifest = manifest
        self._names: dict[str, str] = {}
        self.ctes: list[tuple[str, str]] = []

    def resolve(self, given: Given) -> Node:
        """The node that an input names.

        Raises:
            CompilationError: it names none, or one that has its rows already.
        """
        where = Location(self._test.original_file_path, given.line)
        found = self._find(given, where)
        if found.unique_id in self._names:
            raise CompilationError(
                f"the input {given.input} is given twice. Put all of its rows into one entry.",
                location=where,
            )
        return found

    def _find(self, given: Given, where: Location) -> Node:
        call = input_call(given, where)
        if call is None:
            return self._model
        lookup = self._manifest.lookup
        found: Node | None
        if isinstance(call, RefCall):
            found = lookup.ref(call, self._test.package_name, where)
        else:
            found = lookup.source(call, self._test.package_name)
        if found is None:
            known = [_called(parent) for parent in self._parents()]
            raise CompilationError(
                f"Unit test '{self._test.name}' had an input ({given.input}) which was not found "
                f"in the manifest.{did_you_mean(_name(call), known)}",
                location=where,
            )
        return found

    def add(self, node: Node, sql: str) -> None:
        """Put the rows of an input under a name of their own."""
        name = CTE_PREFIX + _NO_WORD.sub("_", _identifier(node))
        taken = {other for other, _ in self.ctes}
        if name in taken:
            name = CTE_PREFIX + _NO_WORD.sub("_", node.unique_id)
        self._names[node.unique_id] = name
        self.ctes.append((name, sql))

    def names(self) -> dict[str, Any]:
        """What the model's template sees in the place of its inputs.

        As in dbt `this` is nothing, unless the test gives its rows.
        """
        own = self._names.get(self._model.unique_id)
        return {"ref": self.ref, "source": self.source, THIS: own and _cte(own)}

    def ref(self, *arguments: str, **named: Any) -> Relation:
        """The rows given for a model, a seed or a snapshot.

        Raises:
            CompilationError: none are.
        """
        call = ref_call(arguments, named)
        found = self._manifest.lookup.ref(call, self._model.package_name)
        return self._relation(found, call, str(call))

    def source(self, *arguments: str) -> Relation:
        """The rows given for a source's table.

        Raises:
            CompilationError: none are.
        """
        call = source_call(arguments)
        spelled = f"source('{call.source_name}', '{call.table_name}')"
        found = self._manifest.lookup.source(call, self._model.package_name)
        return self._relation(found, call, spelled)

    def _relation(self, node: Node | None, call: RefCall | SourceCall, spelled: str) -> Relation:
        cte = self._names.get(node.unique_id) if node is not None else None
        if cte is None:
            test = self._test
            raise CompilationError(
                f"Unit_Test '{test.unique_id}' ({test.original_file_path}) depends on a node "
                f"named '{_name(call)}' which was not found among its inputs. Give its rows under "
                f"'given:', as in '- {{input: {spelled}, rows: []}}'.",
                location=test.location,
            )
        return _cte(cte)

    def _parents(self) -> list[Node]:
        everything = self._manifest.everything
        return [everything[key] for key in self._manifest.parents[self._model.unique_id]]


async def render_unit_test(
    templates: TemplateEngine,
    unbuilt: UnbuiltColumns,
    test: UnitTest,
    connection: Connection,
    thread_id: str,
) -> tuple[str, list[tuple[str, str]]]:
    """The SQL of a test's model, and the CTEs that it reads: names and SQL.

    The types of the columns are those of the inputs' relations, or of what these would be.

    Raises:
        CompilationError: an input isn't given, has columns that nobody knows, or no such
            column; or the model's template failed.
        AdapterError: a query that a template ran was refused.
    """
    manifest = templates.manifest
    model = manifest.nodes[manifest.parents[test.unique_id][0]]
    inputs = UnitTestInputs(test, model, manifest)
    for given in test.given:
        node = inputs.resolve(given)
        columns = partial(unbuilt.of, node, connection, thread_id)
        scope = templates.scope(node, connection, thread_id).scope
        scope = telling(templates, scope, connection, columns)
        inputs.add(node, await _rows_sql(templates, test, given, node, scope))
    overrides = test.overrides
    scope = templates.scope_with(
        model,
        connection,
        thread_id,
        overrides.vars if overrides else {},
        overrides.env_vars if overrides else {},
    )
    scope = scope.with_names(**inputs.names())
    if overrides:
        scope = scope.with_forced(_forced(overrides.macros, scope))
    return await templates.render_text(model.raw_code, scope, model), inputs.ctes


async def _rows_sql(
    templates: TemplateEngine,
    test: UnitTest,
    given: Given,
    node: Node,
    scope: Scope,
) -> str:
    """The rows of one input as a select."""
    # With its type, which tells what can be built from what others make.
    relation = templates.deferred.get(node.unique_id) or templates.relations.this(node)
    scope = scope.with_names(this=relation)
    where = Location(test.original_file_path, given.line)
    try:
        if not isinstance(given.rows, str):
            rows = [own(dict(row)) for row in given.rows]
            return printed(await scope.call_macro("get_fixture_sql", rows, None))
        if not has_template(given.rows):
            return given.rows
        alone = scope.with_names(ref=_refuse, source=_refuse)
        return await templates.render_text(given.rows, alone, test)
    except CompilationError as error:
        raise CompilationError(
            f"{error.problem} (the input {given.input})", location=where, stack=error.stack
        ) from error


def _refuse(*arguments: Any, **named: Any) -> Any:
    raise CompilationError(
        "the rows of a unit test can't come from a relation: write them out, so that the test "
        "says the same whatever the database holds."
    )


def _forced(macros: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The names that stand for something else: macros answer with the value, whatever is asked.

    A macro of dbt's goes by its name alone, and with "dbt." in front of it.
    """
    forced: dict[str, Any] = {}
    index = scope.macros.index
    for name, value in macros.items():
        package, _, macro_name = name.rpartition(".")
        # A bare name may be one that only another package's macros see.
        is_macro = (
            index.find_in(package, macro_name)
            if package
            else index.find_anywhere(name, scope.package)
        )
        given = _always(value) if is_macro else own(value)
        forced[name] = given
        if package == "dbt":
            forced.setdefault(macro_name, given)
        elif not package and index.find_in("dbt", name):
            forced.setdefault(f"dbt.{name}", given)
    return forced


def _always(value: Any) -> Callable[..., Any]:
    def answer(*arguments: Any, **named: Any) -> Any:
        return own(value)

    return answer


def _name(call: RefCall | SourceCall) -> str:
    return call.name if isinstance(call, RefCall) else f"{call.source_name}.{call.table_name}"


def _called(node: Node) -> str:
    return f"{node.source_name}.{node.name}" if isinstance(node, Source) else node.name


def _identifier(node: Node) -> str:
    return node.identifier if isinstance(node, Source) else node.alias


def _cte(name: str) -> Relation:
    return Relation(None, None, name, RelationType.CTE)
