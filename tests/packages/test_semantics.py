"""What a package's nodes and macros mean in a project. All of it was compared with dbt's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ..building.support import PROJECT, relations, rows, run
from .support import write_package

WriteProject = Callable[[Mapping[str, str]], Path]

PACKAGE = "name: one\nversion: '1.0'\nconfig-version: 2\n"


def write_one(root: Path, files: Mapping[str, str], project: str = "") -> None:
    write_package(
        root / "dbt_packages" / "one", "one", {"dbt_project.yml": PACKAGE + project, **files}
    )


def manifest(root: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((root / "target" / "manifest.json").read_bytes())
    return document


async def test_vars_come_from_the_root_for_the_package_then_for_all_then_from_the_package(
    write_project: WriteProject,
) -> None:
    project = PROJECT + "vars: {a: root, b: root, one: {a: for one}}\n"
    select = 'select \'{{ var("a") }}\' as a, \'{{ var("b") }}\' as b, \'{{ var("c", "-") }}\' as c'
    root = write_project({"dbt_project.yml": project, "models/mine.sql": select})
    write_one(root, {"models/its.sql": select}, "vars: {a: its, b: its, c: its}\n")

    await run(root)

    assert rows(root, "select * from its") == [("for one", "root", "its")]
    assert rows(root, "select * from mine") == [("root", "root", "-")]


async def test_configuration_of_the_root_goes_over_all_that_the_package_says(
    write_project: WriteProject,
) -> None:
    project = PROJECT + (
        "models:\n"
        "  +tags: [all]\n"
        "  one:\n"
        "    +tags: [root]\n"
        "    +meta: {who: root, root: 1}\n"
        "    tables: {+materialized: table}\n"
        "    gone: {+enabled: false}\n"
    )
    root = write_project({"dbt_project.yml": project})
    files = {
        "models/tables/a.sql": "{{ config(materialized='view', tags='file', "
        "meta={'who': 'file'}) }} select 1 as id",
        "models/b.sql": "select 2 as id",
        "models/gone/c.sql": "select 3 as id",
        "models/schema.yml": "models: [{name: b, config: {materialized: view, tags: props}}]",
    }
    write_one(root, files, "models: {+tags: [its], one: {+materialized: table}}\n")

    await run(root)

    nodes = manifest(root)["nodes"]
    assert relations(root) == {"a": "table", "b": "view"}
    assert sorted(nodes["model.one.a"]["config"]["tags"]) == ["all", "file", "its", "root"]
    assert sorted(nodes["model.one.b"]["config"]["tags"]) == ["all", "its", "props", "root"]
    assert nodes["model.one.a"]["config"]["meta"] == {"who": "root", "root": 1}
    assert list(manifest(root)["disabled"]) == ["model.one.c"]


async def test_seeds_tests_sources_and_docs_of_a_package_work_in_the_project(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/a.sql": "select * from {{ ref('one', 'raw') }} join {{ source('s', 't') }} "
            "using (id)",
            "models/schema.yml": 'models: [{name: a, description: \'{{ doc("one", "d") }}\', '
            "columns: [{name: id, tests: [one.is_one]}]}]",
        }
    )
    files = {
        "seeds/raw.csv": "id\n1\n",
        "seeds/other.csv": "id,name\n1,x\n",
        "tests/some.sql": "select * from {{ ref('raw') }} where id is null",
        "macros/is_one.sql": "{% test is_one(model, column_name) %}select * from {{ model }} where "
        "{{ column_name }} != 1{% endtest %}",
        "models/schema.yml": "sources: [{name: s, schema: main, tables: [{name: t, "
        "identifier: other}]}]\nseeds: [{name: raw, columns: [{name: id, tests: [is_one]}]}]",
        "models/docs.md": "{% docs d %}from one{% enddocs %}",
    }
    write_one(root, files)

    seeded = await run(root, "seed")
    ran = await run(root, "build")

    assert seeded.exit_code == ran.exit_code == 0
    assert ran.statuses.keys() == {
        *("raw", "other", "a", "some"),
        *("is_one_raw_id", "one_is_one_a_id"),
    }
    assert rows(root, "select * from a") == [(1, "x")]
    assert manifest(root)["nodes"]["model.shop.a"]["description"] == "from one"


async def test_the_root_s_macro_counts_in_a_package_s_macro_where_a_node_of_the_root_is_built(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/mine.sql": "select '{{ one.says() }}' as a",
            "macros/who.sql": "{% macro who() %}root{% endmacro %}",
        }
    )
    macros = "{% macro who() %}one{% endmacro %}{% macro says() %}{{ who() }}{% endmacro %}"
    write_one(root, {"macros/m.sql": macros, "models/its.sql": "select '{{ says() }}' as a"})

    await run(root)

    assert rows(root, "select * from mine") == [("root",)]
    assert rows(root, "select * from its") == [("one",)]


async def test_a_ref_in_the_root_s_macro_is_known_while_parsing_a_model_that_calls_a_package_s(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/a.sql": "select 1 as id",
            "models/mine.sql": "select * from {{ one.says() }}",
            "macros/who.sql": "{% macro who() %}{{ ref('a') }}{% endmacro %}",
        }
    )
    macros = "{% macro who() %}one{% endmacro %}{% macro says() %}{{ who() }}{% endmacro %}"
    write_one(root, {"macros/m.sql": macros})

    ran = await run(root)

    assert ran.exit_code == 0
    assert manifest(root)["parent_map"]["model.shop.mine"] == ["model.shop.a"]


async def test_dispatch_looks_in_the_root_first_or_in_the_order_of_the_project(
    write_project: WriteProject,
) -> None:
    files = {
        "models/a.sql": "select '{{ one.x() }}' as x, '{{ one.y() }}' as y",
        "macros/x.sql": "{% macro default__x() %}root{% endmacro %}",
    }
    macros = "".join(
        f"{{% macro {name}() %}}{{{{ return(adapter.dispatch('{name}', 'one')()) }}}}"
        "{% endmacro %}"
        f"{{% macro default__{name}() %}}one{{% endmacro %}}"
        for name in "xy"
    )
    order = "dispatch: [{macro_namespace: one, search_order: [one, shop]}]\n"
    root = write_project(files)
    write_one(root, {"macros/m.sql": macros})

    await run(root)
    first = rows(root, "select * from a")
    (root / "dbt_project.yml").write_text(PROJECT + order)
    await run(root)

    assert first == [("root", "one")]
    assert rows(root, "select * from a") == [("one", "one")]


async def test_a_package_implements_built_in_macros_only_where_the_project_s_dispatch_says_so(
    write_project: WriteProject,
) -> None:
    macro = (
        "{% macro default__create_view_as(relation, sql) %}create view {{ relation }} as "
        "select 'one' as who{% endmacro %}"
    )
    root = write_project({"models/a.sql": "select 'built-in' as who"})
    write_one(root, {"macros/m.sql": macro.replace("default__", "sqlite__")})

    await run(root)
    without = rows(root, "select * from a")
    order = "dispatch: [{macro_namespace: dbt, search_order: [shop, one, dbt]}]\n"
    (root / "dbt_project.yml").write_text(PROJECT + order)
    await run(root)

    assert without == [("built-in",)]
    assert rows(root, "select * from a") == [("one",)]


async def test_a_package_names_the_schemas_of_its_own_nodes(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": "{{ config(schema='s') }} select 1 as id"})
    files = {
        "models/b.sql": "{{ config(schema='s') }} select 1 as id",
        "macros/m.sql": "{% macro generate_schema_name(custom_schema_name, node) %}"
        "its_{{ custom_schema_name }}{% endmacro %}",
    }
    write_one(root, files)

    await run(root, "parse")

    nodes = manifest(root)["nodes"]
    assert nodes["model.shop.a"]["schema"] == "main_s"
    assert nodes["model.one.b"]["schema"] == "its_s"


async def test_a_package_s_materialization_is_for_all_but_replaces_no_built_in_one(
    write_project: WriteProject,
) -> None:
    block = (
        "{{% materialization {name}, default %}}{{% call statement('main') %}}create table "
        "{{{{ this }}}} as select 'one' as who{{% endcall %}}"
        "{{{{ return({{'relations': [this]}}) }}}}{{% endmaterialization %}}"
    )
    root = write_project(
        {
            "models/a.sql": "{{ config(materialized='other') }} select 'mine' as who",
            "models/b.sql": "{{ config(materialized='view') }} select 'mine' as who",
        }
    )
    files = {"macros/m.sql": block.format(name="other") + block.format(name="view")}
    write_one(root, {**files, "models/c.sql": "select 'its' as who"})

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, "select a.who, b.who, c.who from a, b, c") == [("one", "mine", "its")]


async def test_a_model_of_the_package_is_found_by_ref_with_and_without_its_package(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/m.sql": "select 'mine' as who",
            "models/a.sql": "select * from {{ ref('m') }} union all "
            "select * from {{ ref('one', 'm') }}",
        }
    )
    files = {
        "models/m.sql": "{{ config(alias='its_m') }} select 'its' as who",
        "models/b.sql": "select * from {{ ref('m') }}",
    }
    write_one(root, files)

    await run(root)

    assert rows(root, "select * from a") == [("mine",), ("its",)]
    parents = manifest(root)["parent_map"]["model.one.b"]
    assert parents == ["model.shop.m"]


async def test_a_package_s_macros_may_begin_with_an_underscore(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/m.sql": "select {{ one.outer(this) }} as found"})
    macros = (
        "{% macro _is_relation(arg) %}\n"
        "{%- if not (arg is mapping and arg.get('metadata', {}).get('type', '')"
        ".endswith('Relation')) -%}\n"
        "{%- do exceptions.raise_compiler_error('not a relation: ' ~ arg) -%}{%- endif -%}\n"
        "{% endmacro %}\n"
        "{% macro outer(arg) %}{% do one._is_relation(arg) %}{{ return(1) }}{% endmacro %}\n"
    )
    write_one(root, {"macros/m.sql": macros})

    await run(root)

    assert rows(root, "select found from m") == [(1,)]


@pytest.mark.parametrize("name", ["_scope", "_package", "__class__", "_absent"])
async def test_nothing_but_macros_is_had_from_a_package(
    write_project: WriteProject, name: str
) -> None:
    root = write_project({"models/m.sql": f"select '{{{{ one.{name} is defined }}}}' as found"})
    write_one(root, {"macros/m.sql": "{% macro a() %}{% endmacro %}"})

    await run(root)

    assert rows(root, "select found from m") == [("False",)]
