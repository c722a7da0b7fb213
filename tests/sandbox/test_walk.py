"""Nothing that a template can get at leads to the process, the database's login, or a secret.

The walk starts at every name that a template of a real project has, in every context, and meets
only types that stand here: what a developer adds to a context has to be added here as well.
"""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Collection
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from headrace.adapters.base import Target
from headrace.engine.core.errors import CompilationError
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox.allowed_names import Names
from headrace.engine.sandbox.budget import budgeted
from headrace.engine.sandbox.plain_functions import MODULES
from headrace.engine.sandbox.sandbox_environment import GuardedEnvironment
from headrace.engine.template.rendering import render_nested
from headrace.engine.template.scope import Scope
from headrace.engine.template.template_environment import ScopeContext
from jinja2.exceptions import SecurityError

from ..conftest import WriteProject
from ..postgres_server import PostgresServer
from ..template.support import scope
from .contexts import (
    CANARY,
    CONTEXTS,
    ENV_CANARY,
    FILES,
    names_of,
    own_budget,
    run_everything,
    visit_by,
    yaml_templates,
)
from .walk import Walk

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECRETS = (CANARY, ENV_CANARY, ENV_CANARY[:12])
_OURS = (
    "adapters.column.Column adapters.relation_parts.Policy adapters.relation_parts.Path "
    "adapters.relation.Relation adapters.relation_parts.RelationType "
    "engine.template.dbt.end_context.TimingView engine.sandbox.lacking.Lacking "
    "engine.template.dbt.resolvers.Resolver engine.template.dbt.resolvers.ProjectConfig "
    "engine.template.dbt.resolvers.ProjectVars "
    "engine.materializations.macro_adapter.MacroAdapter engine.project.render._VarLookup "
    "engine.sandbox.allowed_names.Names engine.sandbox.owned.OwnDict engine.sandbox.owned.OwnGraph "
    "engine.selection.selector.IndirectSelection engine.template.context.Flags "
    "engine.template.context.VarFunction engine.template.dbt.adapter_facade.RunningAdapter "
    "engine.template.dbt.statement_response.StatementResponse "
    "engine.template.dbt.adapter_values.BehaviorFlags engine.template.dbt.api.ColumnMaker "
    "engine.template.dbt.api.RelationMaker engine.template.dbt.config_object.CapturingConfig "
    "engine.template.dbt.config_object.RunningConfig engine.template.dbt.end_context.ConfigView "
    "engine.template.dbt.end_context.NodeView engine.template.dbt.end_context.RunResultView "
    "engine.template.dbt.exceptions.TemplateExceptions "
    "engine.template.dbt.result_table.ColumnValues "
    "engine.template.dbt.result_table.MappedSequence "
    "engine.template.dbt.result_table.ResultTable engine.template.dbt.result_table.Row "
    "engine.template.dbt.stored_results.StoredResult engine.template.dbt.table_types.DataType "
    "engine.template.dbt.values.AnyOf engine.sandbox.plain_functions.CountryTimezones "
    "engine.sandbox.plain_functions.TemplateModules engine.template.parsing_adapter.ParsingAdapter "
    "engine.template.query_comment._NodeInComment engine.template.scope.BoundMacro "
    "engine.template.scope_names.Builtins engine.template.scope_names.ContextNames "
    "engine.template.scope.PackageMacros engine.template.template_environment.LenientUndefined"
)
_PYTHONS = (
    "builtins.NoneType builtins.bool builtins.builtin_function_or_method builtins.bytes "
    "builtins.dict builtins.dict_items builtins.dict_keys builtins.dict_values builtins.float "
    "builtins.frozenset builtins.function builtins.generator builtins.int builtins.list "
    "builtins.mappingproxy builtins.method builtins.method_descriptor builtins.set builtins.str "
    "builtins.tuple builtins.zip builtins.range builtins.callable_iterator builtins.builtin_method "
    "builtins.coroutine collections.abc.ItemsView collections.abc.KeysView "
    "collections.abc.ValuesView "
    "datetime.IsoCalendarDate datetime.date datetime.datetime datetime.time datetime.timedelta "
    "datetime.timezone datetime.tzinfo functools.partial functools._lru_cache_wrapper "
    "itertools.chain itertools.compress itertools.groupby itertools._tee itertools.islice "
    "itertools.pairwise itertools.zip_longest itertools.starmap itertools._grouper "
    "re.Pattern re.Match re.RegexFlag pytz.UTC pytz._FixedOffset time.struct_time "
    "jinja2.utils.Cycler jinja2.utils.Joiner jinja2.utils.Namespace jinja2.runtime.Undefined "
    "markupsafe.Markup"
)
_CLASSES = (
    "builtins.dict builtins.set datetime.date datetime.datetime datetime.time datetime.timedelta "
    "datetime.timezone datetime.tzinfo itertools.chain itertools.compress itertools.islice "
    "itertools.pairwise itertools.zip_longest jinja2.utils.Cycler jinja2.utils.Joiner "
    "jinja2.utils.Namespace"
)
ALLOWED = frozenset(
    (
        *(f"headrace.{name}" for name in _OURS.split()),
        *_PYTHONS.split(),
        *(f"class {name}" for name in _CLASSES.split()),
    )
)
"""All types of which templates have objects, and the classes that they have as such."""


async def walk_everything(
    root: Path, patch: pytest.MonkeyPatch, *, leaving_out: Collection[str] = ()
) -> tuple[dict[str, Walk], Any]:
    """Walk from each context once, by its name, but for some."""
    walks: dict[str, Walk] = {}
    evaluators = yaml_templates(patch)

    async def visit(where: str, scope: Scope) -> None:
        if where in walks or where in leaving_out:
            return
        environment = scope.macros.environment
        template = environment.template("", "models/walk.sql")
        this = scope.context_name("this")
        arguments: tuple[tuple[Any, ...], ...]
        arguments = ((), ("id",), ("select 1 as id",), (this,), ({},))
        not_called = {"ref", "source", "set"} if where.startswith("parse") else set()
        walk = walks[where] = Walk(
            environment,
            SECRETS,
            arguments=arguments,
            context=ScopeContext(environment, template, scope, scope.package),
            # While parsing, what is called counts: there is no model of such a name.
            not_called=frozenset(not_called),
        )
        with own_budget():
            await walk.start(names_of(scope))

    visit_by(patch, visit)
    await run_everything(root)
    return walks, evaluators


def judge(walks: dict[str, Walk], contexts: frozenset[str] = CONTEXTS) -> None:
    assert walks.keys() >= contexts
    unknown = {
        f"{where}: {path}": kind
        for where, walk in walks.items()
        for kind, path in walk.types.items()
        if kind not in ALLOWED
    }
    assert unknown == {}
    assert [one for walk in walks.values() for one in walk.found] == []
    reached = {path for walk in walks.values() for path in walk.reached}
    assert {"adapter.list_schemas()", "graph['nodes']", "modules.re.compile", "flags"} <= reached


async def test_nothing_leads_out_of_any_context_on_sqlite(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks, _ = await walk_everything(write_project(FILES), monkeypatch)

    judge(walks)


async def test_nothing_leads_out_of_any_context_on_postgres(
    write_project: WriteProject,
    postgres: PostgresServer,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = postgres.profile(schema, password=CANARY, sslmode="disable")
    root = write_project({**FILES, "profiles.yml": profile})
    # A statement that fails ends the transaction of PostgreSQL that these are rendered in.
    in_transactions = frozenset({"hook", "materialization"})

    walks, _ = await walk_everything(root, monkeypatch, leaving_out=in_transactions)

    judge(walks, CONTEXTS - in_transactions)


async def test_nothing_leads_out_of_yaml(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, evaluators = await walk_everything(write_project(FILES), monkeypatch)
    walks = {}

    for position, templates in enumerate(evaluators):
        environment = templates._environment
        context = environment.from_string("").new_context(templates._names)
        walk = walks[str(position)] = Walk(
            environment, SECRETS, arguments=((), ("id",), ("PLAIN",)), context=context
        )
        with budgeted():
            await walk.start([*templates._names.items(), *environment.globals.items()])

    assert len(walks) >= 4
    assert {kind for walk in walks.values() for kind in walk.types} - ALLOWED == set()
    assert [one for walk in walks.values() for one in walk.found] == []


class Leaking:
    """An object as a careless developer would put it into the context."""

    template_names = frozenset(("value", "give", "pairs"))

    def __init__(self, value: Any) -> None:
        self.value = value
        self.pairs = [(value, 1)]

    def give(self) -> Any:
        return self.value

    def __getitem__(self, name: str) -> Any:
        return self.value

    def __str__(self) -> str:
        return "leaking"


LEAKS: dict[str, Any] = {
    "module": os,
    "function of a module": os.system,
    "class": Path,
    "type": type,
    "getattr": getattr,
    "frame": inspect.currentframe(),
    "target": Target("sqlite", "dev", "shop", "main", None, 1, Path(), {}, ""),
    "file": io.StringIO(),
    "path": Path(),
    "environ": os.environ,
    "anything": SimpleNamespace(inner=1),
    "jinja's": GuardedEnvironment(),
    "object": object(),
    "exception": Exception("x"),
    "future": Future[None](),
    "code": Leaking.give.__code__,
    "method of a class": str.format,
}
WAYS = {
    "attribute": "{{ leak.value is defined }}",
    "item": "{{ leak['x'] is defined }}",
    "attr": "{{ (leak|attr('value')) is defined }}",
    "call": "{{ leak.give() is defined }}",
    "method kept": "{% set f = leak.give %}{{ f() is defined }}",
    "loop": "{% for a in leak.pairs[0] %}x{% endfor %}",
    "loop's own": "{% for a in leak.pairs[0] %}{{ loop.first }}{% endfor %}",
    "unpacked": "{% for a, b in leak.pairs %}x{% endfor %}",
    "unpacked deeply": "{% for (a, b), c in [[leak.pairs[0], 1]] %}x{% endfor %}",
    "assigned": "{% set a, b = leak.pairs[0] %}x",
    "argument": "{{ dict(*leak.pairs[0]) }}",
    "macro's argument": "{% macro m(a, b) %}x{% endmacro %}{{ m(*leak.pairs[0]) }}",
    "map": "{{ [leak] | map(attribute='value') | list }}",
    "groupby": "{{ [leak] | groupby('value') | list }}",
    "format": "{{ '{0.value}'.format(leak) }}",
    "format item": "{{ '{0[x]}'.format(leak) }}",
    "filter": "{{ leak.pairs | map('first') | first }}",
    "filter's item": "{% for a in leak.pairs | map('first') %}x{% endfor %}",
    "written": "{{ leak.pairs | map('first') | list | first }}",
    "starmap": "{{ modules.itertools.starmap(leak.give, [[]]) | list }}",
    "sorted": "{% set l = [1, 2] %}{% do l.sort(key=leak.pairs | map('first') | first) %}",
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
async def test_what_an_object_gives_away_reaches_no_template(leak: Any, text: str) -> None:
    names = {"leak": Leaking(leak), "modules": MODULES}

    with pytest.raises(CompilationError, match="no template has a"):
        await render_nested(scope({}, names).macros.environment, scope({}, names), text)
    with pytest.raises(SecurityError, match="no template has a"):
        _ = [NativeTemplates(names).evaluate(text)]


async def test_walk_finds_a_type_that_nobody_has_allowed() -> None:
    inside = scope({}, {"leak": Leaking(Names({"secret": CANARY}))})
    environment = inside.macros.environment
    template = environment.template("", "models/walk.sql")
    walk = Walk(environment, SECRETS, context=ScopeContext(environment, template, inside, "shop"))

    await walk.start([("leak", Leaking(Names({"secret": CANARY})))])

    assert walk.types.keys() - ALLOWED == {f"{__name__}.Leaking"}
    assert walk.found
