"""--defer on PostgreSQL: the production schema is read, and nothing is written to it."""

from __future__ import annotations

from pathlib import Path

from .support import Shop

STATE = Path("prod-run-artifacts")


async def with_production(shop: Shop) -> str:
    """Two models, built in production; the schema that this is."""
    shop.view("model_1", "select 1 as id")
    shop.view("model_2", "select * from {{ ref('model_1') }}")
    own = shop.server.profile(shop.schema)
    production = shop.server.profile(f"{shop.schema}_prod").partition("outputs:\n")[2]
    shop.write("profiles.yml", own + production.replace("dev:", "prod:", 1))
    await shop.build(target="prod")
    (shop.root / "target").rename(shop.root / STATE)
    return f"{shop.schema}_prod"


async def read_by_model_2(shop: Shop) -> str:
    """The schema that the view in the target reads from."""
    ((schema,),) = await shop.fetch(
        "select distinct table_schema from information_schema.view_table_usage "
        "where view_schema = '{schema}' and view_name = 'model_2'"
    )
    return str(schema)


async def test_worked_example_of_the_documentation(shop: Shop) -> None:
    production = await with_production(shop)

    await shop.build(select=("model_2",), uses_models_flag=True, defer=True, state=STATE)

    assert await shop.relations() == {"model_2": "v"}
    assert await read_by_model_2(shop) == production


async def test_variables_defer_and_a_flag_beats_them(shop: Shop) -> None:
    production = await with_production(shop)
    asking = {"DEFER_MODE": "1", "ARTIFACT_STATE_PATH": str(STATE)}

    await shop.build(select=("model_2",), environ=asking)
    deferred = await read_by_model_2(shop)
    await shop.build(select=("model_1",), environ=asking)
    await shop.build(select=("model_2",), defer=False, environ=asking)

    assert deferred == production
    assert await read_by_model_2(shop) == shop.schema


async def test_run_of_everything_reads_the_target(shop: Shop) -> None:
    await with_production(shop)

    await shop.build(defer=True, state=STATE)

    assert await read_by_model_2(shop) == shop.schema


async def test_ephemeral_model_reads_what_is_deferred(shop: Shop) -> None:
    production = await with_production(shop)
    shop.write(
        "models/between.sql",
        "{{ config(materialized='ephemeral') }} select * from {{ ref('model_1') }}",
    )
    shop.view("model_2", "select * from {{ ref('between') }}")

    await shop.build(select=("model_2",), defer=True, state=STATE)

    assert await read_by_model_2(shop) == production


async def test_target_comes_first_where_that_is_asked_for(shop: Shop) -> None:
    production = await with_production(shop)

    await shop.build(select=("model_2",), defer=True, state=STATE, favor_state=False)
    without = await read_by_model_2(shop)
    await shop.build(select=("model_1",))
    await shop.build(select=("model_2",), defer=True, state=STATE, favor_state=False)

    assert without == production
    assert await read_by_model_2(shop) == shop.schema


async def test_clone_is_a_view_of_the_production_relation(shop: Shop) -> None:
    production = await with_production(shop)
    shop.table("model_1", "select nothing")

    ran = await shop.run("clone", state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert await shop.relations() == {"model_1": "v", "model_2": "v"}
    assert await read_by_model_2(shop) == production
