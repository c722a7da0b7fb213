"""What was kept of an earlier parse never shows, but in the time that it saves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from headrace.engine.core.errors import HeadraceError
from headrace.engine.manifest.jinja.macro_file import MacroFile
from headrace.engine.manifest.jinja.scanner import Scan
from headrace.engine.manifest.reading import parse_cache
from headrace.engine.manifest.reading.parse_cache import FILE_NAME, ParseCache
from headrace.engine.settings.options import Options
from headrace.engine.workspace import last_parse
from headrace.engine.workspace.loaded_project import manifest_of
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import open_workspace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ..building.support import run
from ..conftest import WriteProject

MODELS = (
    "select 1 as id",
    "select * from {{ ref('a') }}",
    "select * from {{ ref('b') }} where id > {{ var('least', 0) }}",
    "{{ config(materialized='table', tags=['x'], meta={'n': 1}) }} select {{ shout('id') }} as id",
    "{% if var('wide', false) %}select * from {{ ref('b') }}{% else %}select 2 as id{% endif %}",
    "{{ config(alias=env_var('ALIAS', 'plain')) }}select '{{ target.name }}' as id",
    "{{ config(severity=1) }} select {{ this }}",
    "select {{ broken",
    "select * from {{ ref(deep()) }}",
    "{{ config(tags=[lib.label()]) }} select {{ lib.chosen('id') }} as id",
    "{{ config(meta={'flag': flags.FULL_REFRESH, 'at': modules.datetime.date(2024, 1, 1).year}) }}"
    "select {{ context['shout']('id') if 'shout' in context else 1 }}",
    "{{ config(schema=model.name, tags=model.tags) }} select {{ nobody() }}",
    "{% do exceptions.warn('look here') %}{{ config(alias=shout('x')) }} select 1",
    "{{ config(tags=[target.schema, env_var('ALIAS', 'none'), ref.config.project_name]) }} select",
)
MACROS = (
    "{% macro shout(x) %}upper({{ x }}){% endmacro %}",
    "{% macro shout(x) %}{{ ref('b') }}{% endmacro %}",
    "{% macro generate_alias_name(custom_alias_name, node) %}m_{{ node.name }}{% endmacro %}",
    "{% set many = 2 %}{% macro shout(x) %}{{ x }} * {{ many }}{% endmacro %}",
    "{% test positive(model, column_name) %}select 1{% endtest %}",
    "{% test positive(model, column_name) %}{{ config(severity=var('hard', 'warn')) }}"
    "select * from {{ model }} where {{ lib.chosen(column_name) }}{% endtest %}",
    "{% macro deep() %}{{ return(deeper()) }}{% endmacro %}"
    "{% macro deeper() %}{{ return(deepest()) }}{% endmacro %}",
    "{% macro deepest() %}{{ return('b' if var('wide', false) else 'a') }}{% endmacro %}",
    "{% macro deepest() %}{{ return(env_var('ALIAS', 'b')) }}{% endmacro %}",
    "{% macro default__chosen(x) %}{{ config(tags=['root']) }}{{ x }}{% endmacro %}",
    "{% macro generate_schema_name(name, node) %}{{ name or var('home', 'main') }}{% endmacro %}",
)
LIBRARY = (
    "{% macro label() %}{{ return(var('label', 'library')) }}{% endmacro %}"
    "{% macro chosen(x) %}{{ return(adapter.dispatch('chosen', 'lib')(x)) }}{% endmacro %}"
    "{% macro default__chosen(x) %}{{ config(tags=['library']) }}{{ x }}{% endmacro %}",
    "{% macro label() %}{{ return('none') }}{% endmacro %}"
    "{% macro chosen(x) %}{{ return(adapter.dispatch('chosen', 'lib')(x)) }}{% endmacro %}"
    "{% macro sqlite__chosen(x) %}{{ ref('a') }}{% endmacro %}",
)
PROJECTS = (
    "name: shop\nprofile: shop\n",
    "name: shop\nprofile: shop\nvars: {label: root, home: elsewhere}\n",
    "name: shop\nprofile: shop\nvars: {lib: {label: scoped}, shop: {hard: error}}\n",
    "name: shop\nprofile: shop\ndispatch: [{macro_namespace: lib, search_order: [lib, shop]}]\n",
    "name: shop\nprofile: shop\nmodels: {shop: {+tags: [all], deep: {+schema: below}}}\n",
    "name: shop\nprofile: shop\nquoting: {identifier: false}\n",
)
PROPERTIES = (
    "models: [{name: a, description: one, columns: [{name: id, tests: [unique]}]}]",
    "models: [{name: a, config: {tags: [y], meta: {since: 2024-01-01}}}]",
    "models: [{name: b, columns: [{name: id, data_tests: [positive]}]}]",
    "models: [{name: b, description: twice, description: again}]",
    "sources: [{name: raw, tables: [{name: t, columns: [{name: 1}]}]}]",
    "models: [",
    "",
)
FILES = {
    "dbt_project.yml": PROJECTS,
    "dbt_packages/lib/macros/l.sql": LIBRARY,
    "models/a.sql": MODELS,
    "models/b.sql": MODELS,
    "models/deep/c.sql": MODELS,
    "macros/m.sql": MACROS,
    "macros/n.sql": MACROS,
    "models/one.yml": PROPERTIES,
    "models/deep/two.yml": PROPERTIES,
}
EDITS = st.one_of(
    *(
        st.tuples(
            st.just(name),
            st.sampled_from(texts) if texts is PROJECTS else st.none() | st.sampled_from(texts),
        )
        for name, texts in FILES.items()
    )
)
RENAMED = sorted(name for name in FILES if not name.startswith("dbt_"))
RENAMES = st.tuples(st.sampled_from(RENAMED), st.sampled_from(RENAMED))
SURROUNDINGS = st.fixed_dictionaries(
    {
        "vars": st.sampled_from([{}, {"least": 3}, {"wide": True}, {"label": [1, "x"]}]),
        "environ": st.sampled_from([{}, {"ALIAS": "other"}, {"ALIAS": "a"}]),
        "full_refresh": st.sampled_from([None, True]),
        "target": st.sampled_from([None, "other"]),
    }
)
STEPS = st.lists(
    st.tuples(st.lists(EDITS, max_size=4), st.lists(RENAMES, max_size=1), SURROUNDINGS),
    min_size=2,
    max_size=4,
)
PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: sqlite, path: shop.db, schema: main}
    other: {type: sqlite, path: other.db, schema: elsewhere}
"""


def outcome(root: Path, surroundings: Mapping[str, Any], *, is_cold: bool) -> object:
    """The manifest without what differs from moment to moment, or the error; and the warnings."""
    warnings: list[str] = []
    options = Options(
        target=surroundings["target"],
        vars=surroundings["vars"],
        full_refresh=surroundings.get("full_refresh"),
        partial_parse=not is_cold,
    )
    start = Start(options, surroundings["environ"], root, invocation_id="the same")
    try:
        workspace = open_workspace(start, lambda warning: warnings.append(str(warning)))
        project = parse_project(workspace, lambda warning: warnings.append(str(warning)))
        for name, content in project.kept.items():
            (root / "target").mkdir(exist_ok=True)
            (root / "target" / name).write_bytes(content)
    except HeadraceError as error:
        return type(error), str(error), warnings
    document = manifest_of(project, {}).as_dict()
    document["metadata"] = document["metadata"]["env"]
    for section in ("nodes", "sources", "macros", "disabled"):
        for node in document[section].values():
            for entry in node if isinstance(node, list) else [node]:
                entry["created_at"] = 0
    return msgspec.to_builtins(document), warnings


def apply(root: Path, edits: list[tuple[str, str | None]], renames: list[tuple[str, str]]) -> None:
    for name, text in edits:
        path = root / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for old, new in renames:
        if (root / old).exists() and Path(old).suffix == Path(new).suffix:
            (root / new).parent.mkdir(parents=True, exist_ok=True)
            (root / old).rename(root / new)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_warm_parse_gives_what_a_cold_one_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    root = tmp_path_factory.mktemp("shop")
    apply(root, [("dbt_project.yml", PROJECTS[0]), ("models/a.sql", MODELS[0])], [])
    apply(root, [("dbt_packages/lib/dbt_project.yml", "name: lib\n")], [])
    apply(root, [("dbt_packages/lib/macros/l.sql", LIBRARY[0])], [])
    (root / "profiles.yml").write_text(PROFILES)

    for edits, renames, surroundings in steps:
        apply(root, edits, renames)
        warm = outcome(root, surroundings, is_cold=False)
        assert warm == outcome(root, surroundings, is_cold=True)
        assert warm == outcome(root, surroundings, is_cold=False)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
        lambda content: b"\x80\x04\x95" + content,
        lambda content: content + b"more",
    ],
    ids=["empty", "cut by one", "cut in half", "one bit", "like a pickle", "longer"],
)
def test_damaged_cache_is_passed_over_and_mended(write_project: WriteProject, damage: Any) -> None:
    root = write_project({"models/a.sql": MODELS[0], "models/one.yml": PROPERTIES[0]})
    plain: dict[str, Any] = {"vars": {}, "environ": {}, "target": None}
    expected = outcome(root, plain, is_cold=False)
    path = root / "target" / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    (root / "target" / last_parse.FILE_NAME).unlink()

    assert outcome(root, plain, is_cold=False) == expected
    assert ParseCache.decoded(path.read_bytes()).encoded() is not None
    assert len(path.read_bytes()) == len(whole)


def test_cache_of_other_code_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ParseCache()
    cache.scan("select 1", Scan)
    content = cache.encoded()
    assert content is not None

    monkeypatch.setattr(parse_cache, "_maker", lambda: b"another version")

    assert ParseCache.decoded(content).encoded() is None


_IMPORT = re.compile(r"^from (\.+)([\w.]+) import", re.MULTILINE)
NEEDLESS = {
    # What they hold isn't decided by a text alone, or is decided while a template runs.
    *("errors.py", "events.py", "results.py", "__init__.py"),
    *(
        "attributes.py",
        "budget.py",
        "filters.py",
        "formatting.py",
        "iterators.py",
        "type_methods.py",
    ),
    *("operators.py", "sizes.py", "text_file.py", "secrets.py", "checkpoints.py"),
    *("access.py", "callables.py", "python_literals.py"),
}
"""Modules that the readers import, and that don't decide what is kept."""


def test_every_module_that_decides_what_is_kept_makes_the_cache_out_of_date() -> None:
    home = parse_cache.ENGINE
    readers = {(home / name).resolve() for name in parse_cache._READERS}
    imported = {
        path
        for reader in readers
        for dots, name in _IMPORT.findall(reader.read_text())
        for path in [
            reader.parents[len(dots) - 1].joinpath(*name.split(".")).with_suffix(".py").resolve()
        ]
    }

    assert all(reader.is_file() for reader in readers)
    assert {path.name for path in imported - readers} <= NEEDLESS


def test_what_is_known_is_not_read_again() -> None:
    first = ParseCache()
    first.scan("select 1", lambda: Scan(names=frozenset({"ref"})))
    first.document("a: 1", lambda: {"a": 1})
    file = MacroFile("shop", "macros/m.sql", "macros/m.sql", "")
    first.macros(file, lambda: ())
    content = first.encoded()
    assert content is not None

    second = ParseCache.decoded(content)

    assert second.scan("select 1", pytest.fail).names == {"ref"}
    assert second.document("a: 1", pytest.fail) == {"a": 1}
    assert second.macros(file, pytest.fail) == ()
    assert second.encoded() is None
    moved = replace(file, path="macros/other.sql")
    assert second.macros(moved, lambda: ()) == ()
    assert second.encoded() is not None


@pytest.mark.parametrize("value", [(1, 2), {"day": date(2024, 1, 1)}, {"set": {1}}, 2**70])
def test_value_that_would_not_come_back_the_same_is_not_kept(value: object) -> None:
    cache = ParseCache()

    assert cache.document("text", lambda: value) == value

    assert cache.encoded() is None


async def test_command_keeps_it_and_reads_it_again(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": MODELS[0]})

    assert (await run(root, "parse")).exit_code == 0
    kept = (root / "target" / FILE_NAME).read_bytes()

    assert (await run(root, "parse")).exit_code == 0
    assert (await run(root, "parse", partial_parse=False)).exit_code == 0
    assert (root / "target" / FILE_NAME).read_bytes() == kept
