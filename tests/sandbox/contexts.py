"""A project whose templates hand their scopes to a test, from every context that there is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox import budget
from headrace.engine.sandbox.budget import Budget
from headrace.engine.template.context import CommonContext
from headrace.engine.template.scope import LazyName, Scope
from jinja2.utils import missing

from ..building.support import Ran, run

CANARY = 'pa/ss@w%r"d-canary'
ENV_CANARY = "env/c@n%ary-0123456789"
ENVIRON = {
    "DBT_ENV_SECRET_CANARY": ENV_CANARY,
    "PLAIN": "plain",
    "DBT_ENV_CUSTOM_ENV_TEAM": "shop",
}

Visit = Callable[[str, Scope], Awaitable[None]]
"""What a test does in a scope; it is told which context it is in."""

PROJECT = """\
name: shop
version: '1.0'
config-version: 2
profile: shop
on-run-start: "{{ visited('run-start') }}"
on-run-end: "{{ visited('run-end') }}"
query-comment: "{{ visited('comment') }}"
vars: {depth: "{{ target.name }}", listed: [1, {deep: [2]}], shop: {own: {key: value}}}
models:
  shop:
    +meta: {owner: "{{ env_var('PLAIN') }}"}
    +post-hook: "{{ visited('hook') }}"
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "macros/visited.sql": (
        "{% macro visited(where) %}{{ visit(where) }}{% endmacro %}\n"
        "{% macro operation() %}{{ visit('operation') }}{% endmacro %}\n"
        "{% macro noted(what) %}{{ what }}{% endmacro %}\n"
        "{% test visiting(model, column_name) %}{{ visit('generic test') }}"
        "select 1 as a where 1 = 0{% endtest %}\n"
        "{% materialization own, default %}{{ visit('materialization') }}"
        "{% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}"
        "{{ return({'relations': [this]}) }}{% endmaterialization %}"
    ),
    "models/a.sql": (
        "{{ config(materialized='table', tags=['x'], meta={'deep': [{'er': [1]}]}) }}"
        "{{ visit('model') }} select 1 as id"
    ),
    "models/b.sql": (
        "{{ config(materialized='own') }}select id from {{ ref('a') }} {# {{ graph }} #}"
    ),
    "models/schema.yml": (
        "models: [{name: a, description: \"{{ 'a' | upper }}\", "
        "columns: [{name: id, description: x, data_tests: [visiting]}]}]\n"
        "unit_tests: [{name: u, model: c, given: [{input: ref('a'), rows: [{id: 1}]}], "
        "expect: {rows: [{id: 1}]}}]"
    ),
    "models/c.sql": "{{ visit('unit test') }} select id from {{ ref('a') }}",
    "models/source.yml": (
        "sources: [{name: raw, schema: main, tables: [{name: a, loaded_at_field: at}]}]"
    ),
    "tests/one.sql": "{{ visit('test') }} select 1 as a where 1 = 0",
    "analyses/some.sql": "{{ visit('analysis') }} select 1",
    "snapshots/snap.sql": (
        "{% snapshot snap %}{{ config(unique_key='id', strategy='check', check_cols=['id']) }}"
        "{{ visit('snapshot') }} select id from {{ ref('a') }}{% endsnapshot %}"
    ),
    "seeds/s.csv": "id\n1\n",
    "selectors.yml": "selectors: [{name: some, definition: \"{{ 'a' }}\"}]",
    "packages.yml": "packages: [{local: \"{{ env_var('PACKAGE', 'other') }}\"}]",
    "other/dbt_project.yml": "name: other\nversion: '1.0'\nconfig-version: 2\n",
    "other/macros/o.sql": "{% macro far(x=[]) %}{{ x }}{% endmacro %}",
}
CONTEXTS = frozenset(
    (
        *("model", "parse: model", "hook", "operation", "materialization", "generic test"),
        *("test", "parse: test", "unit test", "snapshot", "run-start", "run-end", "comment"),
        *("analysis", "parse: analysis", "parse: snapshot"),
    )
)
"""The contexts in which the project's templates are rendered."""


def visit_by(monkeypatch: pytest.MonkeyPatch, visit: Visit) -> None:
    """Give templates a function `visit` that hands over the scope that it is called in."""
    lazy_names = CommonContext.lazy_names

    async def call(scope: Scope, where: str) -> str:
        if not scope.context_name("execute"):
            where = f"parse: {where}"
        await visit(where, scope)
        return ""

    def more(self: CommonContext) -> dict[str, LazyName]:
        return {**lazy_names(self), "visit": lambda scope: partial(call, scope)}

    monkeypatch.setattr(CommonContext, "lazy_names", more)


def yaml_templates(monkeypatch: pytest.MonkeyPatch) -> list[NativeTemplates]:
    """Every evaluator of YAML's templates that is made from now on."""
    made: list[NativeTemplates] = []
    init = NativeTemplates.__init__

    def remember(self: NativeTemplates, names: Any, **more: Any) -> None:
        init(self, names, **more)
        made.append(self)

    monkeypatch.setattr(NativeTemplates, "__init__", remember)
    return made


async def run_everything(root: Path) -> list[Ran]:
    """Commands that between them render in every context."""
    ran = [
        await run(root, "deps", environ=ENVIRON),
        await run(root, "build", environ=ENVIRON),
        await run(root, "compile", environ=ENVIRON),
        await run(root, "run-operation", environ=ENVIRON, macro="operation"),
        await run(root, "ls", environ=ENVIRON, selector="some"),
    ]
    for one in ran:
        errors = [result.error.text for result in one.outcome.results if result.error]
        assert one.exit_code == 0, (errors, one.outcome.error)
    return ran


def names_of(scope: Scope) -> Iterator[tuple[str, Any]]:
    """What a template in a scope may name, but for the visitor's own way in."""
    for name in (*scope._names, *scope._lazy, *scope.macros.index.by_package):
        if name != "visit" and scope.context_name(name) is not missing:
            yield name, scope.context_name(name)
    for name in ("noted", "generate_schema_name", "run_query", "statement"):
        yield name, scope.lookup(name, scope.package)
    yield from scope.macros.environment.globals.items()


@contextmanager
def own_budget() -> Iterator[None]:
    """A budget of its own for what a visitor does: it isn't the template's, and doesn't wait."""
    token = budget._current.set(Budget())
    try:
        yield
    finally:
        budget._current.reset(token)
