"""Nothing that a template can get at leads to the process, the database's login, or a secret.

The walk starts at every name that any template of a real project has had, in every phase; what
is added to a context is walked by itself.
"""

from __future__ import annotations

import functools
import inspect
import io
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from headrace.adapters.base import Target
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox import runtime
from headrace.engine.sandbox.environment import GuardedEnvironment
from headrace.engine.sandbox.runtime import watched_await
from headrace.engine.template.environment import CodeCache, TemplateEnvironment
from headrace.engine.template.scope import Scope

from ..building.support import run
from ..conftest import WriteProject
from ..postgres_server import PostgresServer
from .walk import Walk

CANARY = 'pa/ss@w%r"d-canary'
ENV_CANARY = "env/c@n%ary-0123456789"
ENVIRON = {"DBT_ENV_SECRET_CANARY": ENV_CANARY, "PLAIN": "plain"}

MACRO_NAMES = "adapter api builtins column config context exceptions flags graph model modules"

PROJECT = """\
name: shop
version: '1.0'
config-version: 2
profile: shop
on-run-start: "{{ noted('start') }}"
on-run-end: "{{ noted(results | length) }}"
vars: {depth: "{{ target.name }}"}
models:
  shop:
    +meta: {owner: "{{ env_var('PLAIN') }}"}
    +post-hook: "{{ noted('hook') }}"
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "macros/noted.sql": (
        "{% macro noted(what) %}{% do log(what ~ adapter.type() ~ target.name) %}{% endmacro %}\n"
        "{% macro looked() %}{% call statement('s', fetch_result=True) %}select 1 as a"
        "{% endcall %}{{ return(load_result('s').table) }}{% endmacro %}"
    ),
    "models/a.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/b.sql": (
        "{% set seen = looked() %}{% set ns = namespace(x=1) %}{{ noted(1) }}"
        "{% if execute %}{% set ours = ["
        "adapter.get_columns_in_relation(ref('a')), adapter.list_schemas(),"
        "adapter.get_relation(this.database, this.schema, 'a'),"
        "adapter.list_relations(this.database, this.schema),"
        "adapter.execute('select 1 as x', fetch=True),"
        "adapter.get_column_schema_from_query('select 1 as x'), adapter.type,"
        "run_query('select 2 as y'), load_result('s'), context, graph, model, self, caller]"
        " %}{% endif %}"
        "select id from {{ ref('a') }} {# {{ graph }} #}"
    ),
    "models/schema.yml": (
        "models: [{name: a, description: \"{{ 'a' | upper }}\", "
        "columns: [{name: id, data_tests: [unique]}]}]"
    ),
    "seeds/s.csv": "id\n1\n",
}


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Every name of every context that templates have had, and all that calls gave them."""
    found: list[tuple[str, Any]] = []
    scope_init, native_init = Scope.__init__, NativeTemplates.__init__

    def remember_scope(self: Scope, *arguments: Any, **named: Any) -> None:
        scope_init(self, *arguments, **named)
        found.append(("scope", self))

    def remember_names(self: NativeTemplates, names: Any) -> None:
        native_init(self, names)
        found.extend((f"yaml.{name}", value) for name, value in names.items())

    async def remember_answer(value: Any) -> Any:
        answer = await watched_await(value)
        found.append(("answer", answer))
        return answer

    monkeypatch.setitem(runtime._REPLACED, "auto_await", remember_answer)
    monkeypatch.setattr(Scope, "__init__", remember_scope)
    monkeypatch.setattr(NativeTemplates, "__init__", remember_names)
    return found


def names_of(scope: Scope) -> Iterator[tuple[str, Any]]:
    """What a template in a scope may name."""
    for name in (*scope._names, *scope._lazy, *scope.macros.index.by_package):
        yield name, scope.context_name(name)
    for name in ("noted", "looked", "generate_schema_name", "run_query", "statement"):
        yield name, scope.lookup(name, scope.package)
    yield from scope.macros.environment.globals.items()


def walked(contexts: list[tuple[str, Any]]) -> Walk:
    walk = Walk(TemplateEnvironment(CodeCache()), (CANARY, ENV_CANARY, ENV_CANARY[:12]))
    for name, value in contexts:
        if isinstance(value, Scope):
            walk.start(names_of(value))
        else:
            walk.start([(name, value)])
    return walk


@pytest.mark.timeout(300)
async def test_nothing_leads_out_of_any_context_on_sqlite(
    write_project: WriteProject, contexts: list[tuple[str, Any]]
) -> None:
    root = write_project(FILES)

    await build_and_walk(root, contexts)


@pytest.mark.timeout(300)
async def test_nothing_leads_out_of_any_context_on_postgres(
    write_project: WriteProject,
    contexts: list[tuple[str, Any]],
    postgres: PostgresServer,
    schema: str,
) -> None:
    profile = postgres.profile(schema, password=CANARY, sslmode="disable")
    root = write_project({**FILES, "profiles.yml": profile})

    await build_and_walk(root, contexts)


async def build_and_walk(root: Path, contexts: list[tuple[str, Any]]) -> None:
    ran = await run(root, "build", environ=ENVIRON)

    assert ran.exit_code == 0, ran.outcome
    walk = walked(contexts)
    assert walk.found == []
    assert set(MACRO_NAMES.split()) <= walk.reached
    assert {"adapter.type()", "graph['nodes']", "modules.re.compile"} <= walk.reached


class Leaking:
    """An object as a careless developer would put it into the context."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def give(self) -> Any:
        return self.value


@pytest.mark.parametrize(
    "leak",
    [
        os,
        inspect.currentframe(),
        Target("sqlite", "dev", "shop", "main", None, 1, Path(), {}, ""),
        io.StringIO(),
        Path(),
        CANARY,
        {"deep": [{"password": CANARY}]},
        SimpleNamespace(inner=SimpleNamespace(inner=CANARY)),
        functools.partial(lambda: CANARY),
        GuardedEnvironment(),
    ],
    ids=lambda leak: type(leak).__name__,
)
def test_the_walk_finds_what_leaks(leak: Any) -> None:
    walk = Walk(GuardedEnvironment(), (CANARY,))

    walk.start([("leak", Leaking(leak))])

    assert walk.found
