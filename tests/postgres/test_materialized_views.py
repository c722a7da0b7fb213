"""A materialized view whose query is another now: `on_configuration_change`."""

from __future__ import annotations

import re

import pytest

from ..building.support import Ran
from .support import Shop

SELECT = "select id, kind from {{ ref('raw') }}"
OTHER = "select id, kind, id * 2 as twice from {{ ref('raw') }}"


def write(shop: Shop, sql: str, config: str = "tags=[]", name: str = "days") -> None:
    shop.write(
        f"models/{name}.sql", f"{{{{ config(materialized='materialized_view', {config}) }}}}\n{sql}"
    )


async def oid(shop: Shop) -> object:
    ((found,),) = await shop.fetch("select '{schema}.days'::regclass::oid")
    return found


@pytest.fixture
async def built(shop: Shop) -> Shop:
    """A project whose view `days` has been built."""
    shop.table("raw", "select 1 as id, 'a'::text as kind")
    write(shop, SELECT)
    await shop.build()
    return shop


async def run_days(shop: Shop, sql: str, config: str = "tags=[]") -> Ran:
    write(shop, sql, config)
    return await shop.run(select=("days",))


@pytest.mark.parametrize("config", ["tags=[]", "on_configuration_change='apply'"])
async def test_other_query_is_what_the_view_has_after_a_plain_run(built: Shop, config: str) -> None:
    ran = await run_days(built, OTHER, config)

    assert (ran.exit_code, ran.warnings) == (0, [])
    assert await built.fetch("select id, kind, twice from {schema}.days") == [(1, "a", 2)]
    assert (await built.relations()) == {"days": "m", "raw": "r"}


async def test_other_query_is_warned_of_where_the_view_is_to_stay(built: Shop) -> None:
    before = await oid(built)

    ran = await run_days(built, OTHER, "on_configuration_change='continue'")

    assert ran.exit_code == 0
    (warning,) = ran.warnings
    assert "`continue`" in warning
    assert "its query is another one. It is left as it is" in warning
    assert await oid(built) == before
    assert await built.fetch("select * from {schema}.days") == [(1, "a")]


async def test_other_query_is_an_error_where_it_is_to_be_one(built: Shop) -> None:
    before = await oid(built)

    ran = await run_days(built, OTHER, "on_configuration_change='fail'")

    assert ran.exit_code == 1
    assert "was set to `fail`" in ran.error("days")
    assert "its query is another one" in ran.error("days")
    assert await oid(built) == before
    ran = await run_days(built, SELECT, "on_configuration_change='fail'")
    assert ran.result("days").message == "REFRESH MATERIALIZED VIEW"


async def test_query_that_is_refused_leaves_the_view(built: Shop) -> None:
    ran = await run_days(built, "select nothing from {{ ref('raw') }}")

    assert 'column "nothing" does not exist' in ran.error("days")
    assert await built.fetch("select * from {schema}.days") == [(1, "a")]


SAME = [
    "select id, kind from {{ ref('raw') }};",
    "select\n  ID, -- {{ invocation_id }}\n  kind\nfrom {{ ref('raw') }} /* otherwise spelt */;",
    "select * from {{ ref('raw') }} -- all",
]


@pytest.mark.parametrize("sql", SAME)
async def test_query_that_is_only_spelt_in_another_way_is_the_same(built: Shop, sql: str) -> None:
    before = await oid(built)

    ran = await run_days(built, sql, "on_configuration_change='fail'")

    assert ran.result("days").message == "REFRESH MATERIALIZED VIEW"
    assert await oid(built) == before


QUERIES = [
    "with a as (select * from raw), b as (select id from a) select a.* from a join b using (id)",
    "select 'x' as said, null as nothing, 1.50 as price, 'a' || kind as more from raw",
    "select count(*) filter (where id > 0) as n, max(kind) over () as m from raw group by kind",
    "select id::numeric(10, 2) as n, kind::varchar(3) as k, now() as at, current_date d from raw",
    "select r.id, n from raw r cross join lateral generate_series(1, r.id) as n order by 2 limit 5",
    "select 1 as id union all select id from raw union select 2",
    "values (1, 'a'), (2, 'b')",
    "select kind from raw group by rollup (kind) having count(*) > 0",
    "with recursive t (n) as (select 1 union all select n + 1 from t where n < 4) select n from t",
    "select case when exists (select from raw) then 'y' end as \"Is it\", array[1, 2] as two",
    "select (r).kind, row_to_json(r) as whole from raw as r",
    "select s.id from source as s natural join raw",
    "select distinct on (kind) id, interval '1 day' as a, e'\\n' as b, $$it's$$ as c from raw",
]


@pytest.mark.parametrize("sql", QUERIES)
async def test_query_of_any_kind_is_built_once_and_then_refreshed(shop: Shop, sql: str) -> None:
    shop.table("raw", "select 1 as id, 'a'::text as kind")
    await shop.execute("create table {schema}.source (id int, more varchar(9))")
    sql = re.sub(r"\b(from|join) raw\b", r"\1 {{ ref('raw') }}", sql)
    sql = sql.replace("from source", f"from {shop.schema}.source")
    write(shop, sql, "on_configuration_change='fail'")
    await shop.build()

    # The second time what it reads has been built anew, too.
    for _ in range(2):
        ran = await shop.build()

        assert ran.result("days").message == "REFRESH MATERIALIZED VIEW"


async def test_columns_that_came_to_what_it_reads_are_followed(built: Shop) -> None:
    write(built, "select * from {{ ref('raw') }}")
    await built.execute("alter table {schema}.raw add column more int default 7")

    ran = await built.run(select=("days",))

    assert ran.exit_code == 0
    assert await built.fetch("select * from {schema}.days") == [(1, "a", 7)]


async def test_table_that_has_another_name_now_is_no_longer_read(built: Shop) -> None:
    await built.execute(
        "alter table {schema}.raw rename to aside; "
        "create table {schema}.raw as select 2 as id, 'b'::text as kind"
    )

    ran = await built.run(select=("days",))

    assert ran.exit_code == 0
    assert await built.fetch("select * from {schema}.days") == [(2, "b")]


async def test_comments_grants_views_and_indexes_are_there_afterwards(built: Shop) -> None:
    config = "indexes=[{'columns': ['id'], 'unique': true}]"
    assert (await run_days(built, SELECT, config)).exit_code == 0
    await built.execute(
        "comment on materialized view {schema}.days is 'Theirs'; "
        "comment on column {schema}.days.kind is 'What kind'; "
        "grant select on {schema}.days to public; "
        "create view {schema}.theirs as select kind from {schema}.days"
    )

    ran = await run_days(built, OTHER, config)

    assert ran.exit_code == 0
    assert await built.fetch(
        "select obj_description(c.oid), col_description(c.oid, 2), relacl::text like '%,=r/%', "
        "(select count(*) from pg_index where indrelid = c.oid and indisunique) "
        "from pg_class c where oid = '{schema}.days'::regclass"
    ) == [("Theirs", "What kind", True, 1)]
    assert await built.fetch("select kind from {schema}.theirs") == [("a",)]


async def test_view_of_others_that_no_longer_fits_is_an_error_that_names_it(built: Shop) -> None:
    await built.execute("create view {schema}.theirs as select kind from {schema}.days")

    ran = await run_days(built, "select id from {{ ref('raw') }}")

    assert f"the view {built.schema}.theirs no longer fits {built.schema}.days" in ran.error("days")
    assert await built.fetch("select * from {schema}.days") == [(1, "a")]


async def test_materialized_view_of_others_over_it_is_an_error_that_names_it(built: Shop) -> None:
    await built.execute("create materialized view {schema}.theirs as select id from {schema}.days")

    ran = await run_days(built, OTHER)

    assert f"materialized view {built.schema}.theirs" in ran.error("days")
    assert await built.fetch("select id from {schema}.theirs") == [(1,)]


async def test_materialized_view_of_ours_over_it_follows(built: Shop) -> None:
    write(built, "select id from {{ ref('days') }}", name="over")
    await built.build()
    write(built, "select id + 1 as id, kind from {{ ref('raw') }}")

    ran = await built.build()

    assert await built.fetch("select id from {schema}.over") == [(2,)]
    assert (await built.relations()) == {"days": "m", "raw": "r", "over": "m"}
    ran = await built.build()
    assert ran.result("over").message == "REFRESH MATERIALIZED VIEW"


async def test_what_a_projects_own_macro_makes_of_a_query_is_let_be(built: Shop) -> None:
    built.write(
        "macros/own.sql",
        "{% macro postgres__get_create_materialized_view_as_sql(relation, sql) %}"
        "create materialized view {{ relation }} as select * from ({{ sql }}) as own where id > 0"
        "{% endmacro %}",
    )
    await built.build(full_refresh=True)

    ran = await built.build()

    assert ran.result("days").message == "REFRESH MATERIALIZED VIEW"


async def test_projects_own_macro_alters_the_view(built: Shop) -> None:
    """It is given what has changed, as dbt gives it."""
    built.write(
        "macros/alter.sql",
        "{% macro default__get_alter_materialized_view_as_sql("
        "relation, configuration_changes, sql, existing_relation, backup, intermediate) %}"
        "{% do log('changed ' ~ configuration_changes.requires_full_refresh ~ ' ' ~ "
        "configuration_changes.indexes | map(attribute='action') | join(), info=true) %}"
        "comment on materialized view {{ existing_relation }} is 'altered by ours'{% endmacro %}",
    )

    ran = await run_days(built, OTHER, "indexes=[{'columns': ['id']}]")

    assert ran.exit_code == 0
    assert "changed True create" in ran.messages
    assert await built.fetch("select * from {schema}.days") == [(1, "a")]
    said = await built.fetch("select obj_description('{schema}.days'::regclass)")
    assert said == [("altered by ours",)]


async def test_projects_own_macro_replaces_what_is_there(built: Shop) -> None:
    built.write(
        "macros/replace.sql",
        "{% macro get_replace_sql(existing_relation, target_relation, sql) %}"
        "drop {{ existing_relation.type | replace('_', ' ') }} {{ existing_relation }}; "
        "create materialized view {{ target_relation }} as select * from ({{ sql }}) as s limit 0"
        "{% endmacro %}",
    )

    await built.build(full_refresh=True)

    assert await built.fetch("select * from {schema}.days") == []


@pytest.mark.parametrize(
    ("said", "message"),
    [("none", "REFRESH MATERIALIZED VIEW"), ("{'mine': 1}", "SELECT 1")],
)
async def test_projects_own_macro_says_what_has_changed(
    built: Shop, said: str, message: str
) -> None:
    built.write(
        "macros/changes.sql",
        "{% macro postgres__get_materialized_view_configuration_changes(existing, new_config) %}"
        "{% do log('asked with ' ~ new_config.get('tags') | join, info=true) %}"
        f"{{{{ return({said}) }}}}{{% endmacro %}}",
    )

    ran = await run_days(built, OTHER, "tags=['t']")

    assert ran.result("days").message == message
    assert "asked with t" in ran.messages


async def test_change_that_a_projects_own_macro_tells_of_fails_where_it_is_to(built: Shop) -> None:
    built.write(
        "macros/changes.sql",
        "{% macro get_materialized_view_configuration_changes(existing, new_config) %}"
        "{{ return('the weather') }}{% endmacro %}",
    )

    ran = await run_days(built, SELECT, "on_configuration_change='fail'")

    assert ran.exit_code == 1
    assert "the weather" in str(ran.error("days"))


async def test_hook_that_makes_what_the_query_reads_comes_first(built: Shop) -> None:
    table = f"{built.schema}.made"

    ran = await run_days(
        built, f"select id from {table}", f"pre_hook='create table {table} as select 5 as id'"
    )

    assert ran.exit_code == 0, ran.error("days")
    assert await built.fetch("select id from {schema}.days") == [(5,)]
