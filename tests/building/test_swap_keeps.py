"""Indexes and triggers that somebody has made on a table in SQLite outlive its being built anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .support import rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

OWN = """
{% materialization own, default %}
  {% set there = load_cached_relation(this) %} {% set made = this.incorporate(type='table') %}
  {% if there %} {% do adapter.drop_relation(there) %} {% endif %}
  {% call statement('main') %} {{ create_table_as(false, made, sql) }} {% endcall %}
  {{ return({'relations': [made]}) }}
{% endmaterialization %}
{% materialization backed_up, default %}
  {% set there = load_cached_relation(this) %} {% set made = this.incorporate(type='table') %}
  {% set beside = make_intermediate_relation(made) %}
  {% set backup = make_backup_relation(made, 'table') %}
  {% call statement('main') %} {{ create_table_as(false, beside, sql) }} {% endcall %}
  {% if there %} {% do adapter.rename_relation(there, backup) %} {% endif %}
  {% do adapter.rename_relation(beside, made) %}
  {% if there %} {% do adapter.drop_relation(backup) %} {% endif %}
  {{ return({'relations': [made]}) }}
{% endmaterialization %}
"""
HUNG = (
    "create table log (id)",
    'create unique index if not exists "by kind" on orders (kind desc) where id > 0',
    "create trigger noted after update of kind on orders when new.id > 0 "
    "begin insert into log values (new.id); end",
)
TEXTS = "select type, name, tbl_name from sqlite_master where tbl_name = 'orders' order by 1, 2"


def model(materialized: str, sql: str, more: str = "") -> dict[str, str]:
    config = f"{{{{ config(materialized='{materialized}'{more}) }}}}"
    return {"macros/own.sql": OWN, "models/orders.sql": f"{config} {sql}"}


@pytest.mark.parametrize(
    "sql",
    [
        "select 2 as id, 'b' as kind",
        "select 3 as more, 2 as id, 'b' as kind",
        # It reads itself, and so is built beside.
        "select id + 1 as id, 'b' as kind from (select 1 as id) as orders",
    ],
)
@pytest.mark.parametrize("materialized", ["table", "incremental", "own", "backed_up"])
async def test_indexes_and_triggers_are_kept(
    write_project: WriteProject, materialized: str, sql: str
) -> None:
    root = write_project(model(materialized, "select 1 as id, 'a' as kind"))
    await run(root)
    for statement in HUNG:
        rows(root, statement)
    before = rows(root, TEXTS)
    write_project(model(materialized, sql))

    for _ in range(2):
        ran = await run(root, full_refresh=True)

        assert ran.exit_code == 0, ran.outcome.results[0].error
        assert rows(root, TEXTS) == before
    assert len(before) == 3
    rows(root, "update orders set kind = 'c'")
    assert rows(root, "select id from log") == [(2,)]
    assert rows(root, 'select id from orders indexed by "by kind" where id > 0') == [(2,)]


async def test_indexes_of_a_seed_are_kept(write_project: WriteProject) -> None:
    root = write_project({"seeds/orders.csv": "id,kind\n1,a\n"})
    await run(root, "seed")
    for statement in HUNG:
        rows(root, statement)
    before = rows(root, TEXTS)
    write_project({"seeds/orders.csv": "id,kind,more\n1,a,x\n"})

    await run(root, "seed", full_refresh=True)

    assert rows(root, TEXTS) == before


@pytest.mark.parametrize(
    ("materialized", "sql", "named"),
    [
        ("table", "select 2 as id", "index by kind"),
        ("view", "select 2 as id, 'b' as kind", "index"),
    ],
)
async def test_what_no_longer_fits_is_named_and_nothing_is_lost(
    write_project: WriteProject, materialized: str, sql: str, named: str
) -> None:
    root = write_project(model("table", "select 1 as id, 'a' as kind"))
    await run(root)
    for statement in HUNG:
        rows(root, statement)
    before = rows(root, TEXTS)
    write_project(model(materialized, sql))

    ran = await run(root)

    assert ran.exit_code == 1
    assert named in ran.error("orders")
    assert "no longer fits" in ran.error("orders")
    assert rows(root, TEXTS) == before
    assert rows(root, "select id from orders") == [(1,)]


async def test_what_a_hook_makes_is_made_once(write_project: WriteProject) -> None:
    hook = ", post_hook='create index by_id on {{ this.identifier }} (id)'"
    root = write_project(model("table", "select 1 as id", hook))

    for _ in range(3):
        ran = await run(root)

        assert ran.exit_code == 0
    assert rows(root, TEXTS) == [("index", "by_id", "orders"), ("table", "orders", "orders")]


def keeping(what: str) -> str:
    return f"create trigger keep before {what} on orders begin select raise(ignore); end"


@pytest.mark.parametrize("what", ["delete", "insert"])
async def test_rows_that_a_trigger_keeps_in_a_seed_are_an_error(
    write_project: WriteProject, what: str
) -> None:
    root = write_project({"seeds/orders.csv": "id,kind\n1,a\n"})
    await run(root, "seed")
    rows(root, keeping(what))
    write_project({"seeds/orders.csv": "id,kind\n2,b\n"})

    ran = await run(root, "seed")

    assert ran.exit_code == 1
    assert "because of trigger keep" in ran.error("orders")
    assert rows(root, "select id from orders") == [(1,)]


@pytest.mark.parametrize(
    ("strategy", "what"),
    [("append", "insert"), ("delete+insert", "insert"), ("delete+insert", "delete")],
)
async def test_rows_that_a_trigger_keeps_in_an_incremental_model_are_an_error(
    write_project: WriteProject, strategy: str, what: str
) -> None:
    more = f", incremental_strategy='{strategy}', unique_key='id'"
    root = write_project(model("incremental", "select 1 as id, 'a' as kind", more))
    await run(root)
    rows(root, keeping(what))
    write_project(model("incremental", "select 1 as id, 'b' as kind", more))

    ran = await run(root)

    assert ran.exit_code == 1
    assert "because of trigger keep" in ran.error("orders")
    assert rows(root, "select id, kind from orders") == [(1, "a")]
    rows(root, "drop trigger keep")
    assert (await run(root)).exit_code == 0


@pytest.mark.parametrize("what", ["update", "insert"])
async def test_rows_that_a_trigger_keeps_in_a_snapshot_are_an_error(
    write_project: WriteProject, what: str
) -> None:
    root = write_project(
        {
            "snapshots/orders.sql": "{% snapshot orders %}{{ config(unique_key='id', "
            "strategy='check', check_cols='all', target_schema='main') }} select 1 as id, "
            "'{{ var('kind') }}' as kind {% endsnapshot %}"
        }
    )
    await run(root, "snapshot", vars={"kind": "a"})
    rows(root, keeping(what))

    ran = await run(root, "snapshot", vars={"kind": "b"})

    assert ran.exit_code == 1
    assert "because of trigger keep" in ran.error("orders")
    assert rows(root, "select kind, dbt_valid_to from orders") == [("a", None)]
