"""A project's own materialization that calls the built-in one, and does more around it."""

from __future__ import annotations

import pytest

from .places import Place

WRAPPED = """\
{{% materialization {name}, default %}}
  {{% do log('before ' ~ model.name, info=true) %}}
  {{% set relations = dbt.materialization_{name}_default.call_macro() %}}
  {{% do log(load_result('main').response ~ ' in ' ~ relations.relations | join(' '), info=true) %}}
  {{% set counted = run_query('select count(*) from ' ~ this).columns[0].values() %}}
  {{% do log('after ' ~ model.name ~ ': ' ~ counted[0], info=true) %}}
  {{{{ return(relations) }}}}
{{% endmaterialization %}}
"""
TESTS = """\
{% materialization test, default %}
  {% set result = dbt.materialization_test_default() %}
  {% set row = load_result('main').table.rows[0] %}
  {% do log(model.name ~ ': ' ~ row['failures'], info=true) %}
  {% if row['should_error'] %}
    {% set found = run_query('select count(*) from (' ~ sql ~ ') as found') %}
    {% do log('rows: ' ~ found.columns[0].values()[0], info=true) %}
  {% endif %}
  {{ return(result) }}
{% endmaterialization %}
"""
SEED = "id,name\n1,a\n2,\n"


@pytest.mark.parametrize("materialized", ["table", "view", "incremental"])
async def test_built_in_one_does_all_that_it_does_by_itself(
    place: Place, materialized: str
) -> None:
    place.write("macros/wrapped.sql", WRAPPED.format(name=materialized))
    place.write("models/notes.sql", "{{ config(materialized='ephemeral') }}select 1 as id")
    place.write(
        "macros/hooks.sql", "{% macro noted() %}{% do log('hook', info=true) %}{% endmacro %}"
    )
    place.write(
        "models/m.sql",
        f"{{{{ config(materialized='{materialized}', post_hook='{{{{ noted() }}}}') }}}}"
        "select * from {{ ref('notes') }}",
    )

    first = await place.build()
    second = await place.build()

    size = 2 if materialized == "incremental" else 1
    assert first.messages[:2] == ["before m", "hook"]
    assert first.messages[2].endswith('."m"')
    assert first.messages[3:] == ["after m: 1"]
    assert second.messages[-1] == f"after m: {size}"
    kind = "view" if materialized == "view" else "table"
    assert await place.relations() == {("m", kind)}


async def test_seeds_and_snapshots_are_wrapped_alike(place: Place) -> None:
    place.write("macros/seed.sql", WRAPPED.format(name="seed"))
    place.write("macros/snapshot.sql", WRAPPED.format(name="snapshot"))
    place.write("seeds/s.csv", SEED)
    place.write(
        "snapshots/kept.yml",
        "snapshots: [{name: kept, relation: ref('s'), "
        "config: {strategy: check, check_cols: all, unique_key: id}}]",
    )

    ran = await place.build(command="build", threads=1)

    assert ran.messages[0] == "before s"
    assert ran.messages[2:4] == ["after s: 2", "before kept"]
    assert ran.messages[-1] == "after kept: 2"
    assert await place.relations() == {("s", "table"), ("kept", "table")}


async def test_what_was_begun_before_is_committed_first(place: Place) -> None:
    place.write(
        "macros/wrapped.sql",
        "{% materialization table, default %}"
        "{% call statement('begun', auto_begin=true) %}"
        "create table {{ this.include(database=false, identifier=false) }}.begun as select 1 as id"
        "{% endcall %}"
        "{{ return(dbt.materialization_table_default()) }}{% endmaterialization %}",
    )
    place.write("models/m.sql", "{{ config(materialized='table') }}select 1 / 0 + nothing as id")

    ran = await place.run()

    assert ran.exit_code == 1
    assert await place.relations() == {("begun", "table")}


async def test_built_in_one_builds_the_sql_that_was_put_in_the_context(place: Place) -> None:
    place.write(
        "macros/wrapped.sql",
        "{% materialization table, default %}"
        "{% do context.update({'sql': sql ~ ' union select 2'}) %}"
        "{{ return(dbt.materialization_table_default()) }}{% endmaterialization %}",
    )
    place.write("models/m.sql", "{{ config(materialized='table') }}select 1 as id")

    await place.build()

    assert sorted(await place.fetch("select id from {schema}.m")) == [(1,), (2,)]


async def test_tests_are_judged_as_without_it(place: Place) -> None:
    place.write("macros/tests.sql", TESTS)
    place.write("seeds/s.csv", SEED)
    place.write(
        "seeds/s.yml",
        "seeds: [{name: s, columns: [{name: id, data_tests: [unique]}, "
        "{name: name, data_tests: [not_null]}]}]",
    )
    place.write("tests/few.sql", "{{ config(severity='warn') }}select * from {{ ref('s') }}")

    ran = await place.run(command="build", threads=1)

    assert ran.statuses == {
        "s": "success",
        "few": "warn",
        "not_null_s_name": "fail",
        "unique_s_id": "pass",
    }
    assert ran.result("not_null_s_name").failures == 1
    assert ran.messages == ["few: 2", "rows: 2", "not_null_s_name: 1", "rows: 1", "unique_s_id: 0"]


async def test_test_materialization_of_ones_own_is_judged_by_its_main_statement(
    place: Place,
) -> None:
    place.write(
        "macros/tests.sql",
        "{% materialization test, default %}"
        "{% call statement('main', fetch_result=true) %}"
        "select 3 as failures, {{ 'true' if target.type == 'postgres' else 1 }} as should_warn, "
        "{{ 'false' if target.type == 'postgres' else 0 }} as should_error{% endcall %}"
        "{{ return({'relations': []}) }}{% endmaterialization %}",
    )
    place.write("tests/few.sql", "select 1 as id")

    ran = await place.run(command="test")

    assert ran.statuses == {"few": "warn"}
    assert ran.result("few").failures == 3


async def test_node_is_not_built_as_what_it_cannot_be(place: Place) -> None:
    place.write(
        "macros/wrapped.sql",
        "{% materialization table, default %}"
        "{{ return(dbt.materialization_seed_default()) }}{% endmaterialization %}",
    )
    place.write("models/m.sql", "{{ config(materialized='table') }}select 1 as id")

    ran = await place.run()

    assert "a model can't be built by 'materialization_seed'" in ran.error("m")


@pytest.mark.parametrize(("flag", "says"), [("false", ["before m"]), ("true", [])])
async def test_package_wraps_built_in_ones_where_the_project_lets_it(
    place: Place, flag: str, says: list[str]
) -> None:
    place.write(
        "dbt_project.yml",
        "name: shop\nprofile: shop\nflags: "
        f"{{require_explicit_package_overrides_for_builtin_materializations: {flag}}}\n",
    )
    place.write("packages.yml", "packages: [{local: ../kit}]")
    place.write("dbt_packages/kit/dbt_project.yml", "name: kit")
    place.write("dbt_packages/kit/macros/view.sql", WRAPPED.format(name="view"))
    place.write("models/m.sql", "select 1 as id")

    ran = await place.build()

    assert ran.messages[:1] == says
    assert await place.relations() == {("m", "view")}
