"""A project's own materialization on PostgreSQL: what others have on its relations is kept."""

from __future__ import annotations

import pytest

from .support import Shop

DANCE = """
{% materialization own, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set beside = make_intermediate_relation(target, '__beside') -%}
  {%- set backup = make_backup_relation(target, 'table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- call statement('main') -%}{{ get_create_table_as_sql(False, beside, sql) }}{%- endcall -%}
  {%- if existing is not none -%}{% do adapter.rename_relation(existing, backup) %}{%- endif -%}
  {% do adapter.rename_relation(beside, target) %}
  {% do adapter.commit() %}
  {% do adapter.drop_relation(backup.incorporate(type='table')) %}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
"""
DROP_AND_CREATE = """
{% materialization own, default %}
  {%- set existing = load_cached_relation(this) -%}
  {%- if existing is not none -%}{% do adapter.drop_relation(existing) %}{%- endif -%}
  {%- call statement('main') -%}create table {{ this }} as {{ sql }}{%- endcall -%}
  {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
"""
MODEL = "{{ config(materialized='own') }} select "


@pytest.mark.parametrize("materialization", [DANCE, DROP_AND_CREATE])
async def test_views_of_others_follow_to_what_comes_in_its_place(
    shop: Shop, materialization: str
) -> None:
    shop.write("macros/own.sql", materialization)
    shop.write("models/orders.sql", MODEL + "1 as id")
    await shop.build()
    await shop.execute("create view {schema}.theirs as select id from {schema}.orders")
    shop.write("models/orders.sql", MODEL + "2 as id, 'a' as kind")

    await shop.build()
    await shop.build()

    assert await shop.fetch("select id from {schema}.theirs") == [(2,)]
    assert await shop.relations() == {"orders": "r", "theirs": "v"}
    await shop.server.assert_nothing_left(shop.schema)


@pytest.mark.parametrize("materialization", [DANCE, DROP_AND_CREATE])
async def test_relation_becomes_another_kind(shop: Shop, materialization: str) -> None:
    shop.write("macros/own.sql", materialization)
    shop.view("orders", "select 1 as id")
    await shop.build()
    await shop.execute("create view {schema}.theirs as select id from {schema}.orders")
    shop.write("models/orders.sql", MODEL + "2 as id")

    await shop.build()

    assert await shop.fetch("select id from {schema}.theirs") == [(2,)]
    assert await shop.relations() == {"orders": "r", "theirs": "v"}


@pytest.mark.parametrize("materialization", [DANCE, DROP_AND_CREATE])
async def test_view_of_ours_that_does_not_fit_goes_and_is_told_of(
    shop: Shop, materialization: str
) -> None:
    shop.write("macros/own.sql", materialization)
    shop.write("models/orders.sql", MODEL + "1 as id, 'a' as kind")
    shop.view("ids", "select id from {{ ref('orders') }}")
    shop.view("kinds", "select kind from {{ ref('orders') }}")
    await shop.build()
    shop.write("models/orders.sql", MODEL + "2 as id")

    ran = await shop.build(select=("orders",))

    (said,) = ran.warnings
    assert f"the view {shop.schema}.kinds no longer fitted orders" in said
    assert await shop.relations() == {"ids": "v", "orders": "r"}
    executed = (shop.root / "target/run/shop/models/orders.sql").read_text()
    assert f'"{shop.schema}"."kinds";' in executed  # what the exchange did is in it


async def test_view_of_others_that_does_not_fit_stops_it_and_stays(shop: Shop) -> None:
    shop.write("macros/own.sql", DROP_AND_CREATE)
    shop.write("models/orders.sql", MODEL + "1 as id, 'a' as kind")
    await shop.build()
    await shop.execute("create view {schema}.theirs as select kind from {schema}.orders")
    shop.write("models/orders.sql", MODEL + "2 as id")

    ran = await shop.run()

    assert ran.exit_code == 1
    assert "theirs" in ran.error("orders")
    assert await shop.fetch("select kind from {schema}.theirs") == [("a",)]
    assert await shop.fetch("select id from {schema}.orders") == [(1,)]


async def test_relation_that_is_dropped_for_good_goes(shop: Shop) -> None:
    shop.write(
        "macros/own.sql",
        "{% materialization own, default %}"
        "{% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}"
        "{% do adapter.drop_relation(this.incorporate(path={'identifier': 'old'}, type='table')) %}"
        "{{ return({'relations': [this]}) }}{% endmaterialization %}",
    )
    shop.write("models/orders.sql", MODEL + "1 as id")
    await shop.execute("create schema if not exists {schema}; create table {schema}.old ()")

    await shop.build()

    assert await shop.relations() == {"orders": "r"}
