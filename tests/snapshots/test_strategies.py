"""What a snapshot notes, run by run, by either strategy."""

from __future__ import annotations

from typing import Any

import pytest

from .support import Shop, block

TIMESTAMP: dict[str, Any] = {"strategy": "timestamp", "unique_key": "id", "updated_at": "at"}
CHECK: dict[str, Any] = {"strategy": "check", "unique_key": "id", "check_cols": "all"}
SHOWN = ("id", "name", "dbt_valid_from", "dbt_valid_to")


async def test_first_run_notes_every_row_as_current(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "name": "a", "at": 1}, {"id": 2, "name": "b", "at": 2}])

    ran = await shop.snapshot()

    assert ran.result("kept").message == "SELECT 2"
    assert ran.result("kept").node.unique_id == "snapshot.shop.kept"
    assert await shop.history("kept", *SHOWN) == [(1, "a", "day 1", None), (2, "b", "day 2", None)]
    names, _ = await shop.fetch("select * from {schema}.kept")
    assert names == (
        *("id", "name", "at"),
        *("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"),
    )


async def test_nothing_is_noted_where_nothing_has_changed(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("ts", **TIMESTAMP) + block("ck", **CHECK))
    await shop.orders([{"id": 1, "name": None, "at": 1}, {"id": 2, "name": "b", "at": 1}])
    await shop.snapshot()
    before = [await shop.fetch(f"select * from {{schema}}.{name}") for name in ("ts", "ck")]

    ran = await shop.snapshot()

    assert {result.message.split()[-1] for result in ran.outcome.results} == {"0"}
    after = [await shop.fetch(f"select * from {{schema}}.{name}") for name in ("ts", "ck")]
    assert after == before


async def test_timestamp_ends_a_version_where_the_next_begins(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "name": "a", "at": 1}, {"id": 2, "name": "b", "at": 1}])
    await shop.snapshot()
    await shop.orders(
        [
            {"id": 1, "name": "a2", "at": 3},
            {"id": 2, "name": "unnoticed", "at": 1},
            {"id": 3, "name": "c", "at": 3},
        ]
    )

    ran = await shop.snapshot()

    assert ran.result("kept").message.split()[-1] == "2"
    assert await shop.history("kept", *SHOWN) == [
        (1, "a", "day 1", "day 3"),
        (1, "a2", "day 3", None),
        (2, "b", "day 1", None),
        (3, "c", "day 3", None),
    ]


async def test_row_that_goes_back_in_time_is_no_change(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "name": "a", "at": 5}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "name": "older", "at": 2}])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [(1, "a", "day 5", None)]


async def test_check_notes_changes_also_from_and_to_null(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CHECK))
    await shop.orders([{"id": 1, "name": "a"}, {"id": 2, "name": None}, {"id": 3, "name": None}])
    await shop.snapshot()
    await shop.history("kept", *SHOWN)
    await shop.orders([{"id": 1, "name": None}, {"id": 2, "name": "b"}, {"id": 3, "name": None}])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [
        (1, None, "run 2", None),
        (1, "a", "run 1", "run 2"),
        (2, None, "run 1", "run 2"),
        (2, "b", "run 2", None),
        (3, None, "run 1", None),
    ]


async def test_check_looks_at_its_columns_alone(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **{**CHECK, "check_cols": ["NAME"]}))
    await shop.orders([{"id": 1, "name": "a", "size": 1}, {"id": 2, "name": "b", "size": 1}])
    await shop.snapshot()
    await shop.history("kept", *SHOWN)
    await shop.orders([{"id": 1, "name": "a", "size": 9}, {"id": 2, "name": "c", "size": 9}])

    await shop.snapshot()

    assert await shop.history("kept", "id", "name", "size", "dbt_valid_to") == [
        (1, "a", 1, None),
        (2, "b", 1, "run 2"),
        (2, "c", 9, None),
    ]


async def test_check_may_take_its_times_from_a_column(shop: Shop) -> None:
    config = {**CHECK, "check_cols": ["name"], "updated_at": "at"}
    shop.write("snapshots/s.sql", block("kept", **config))
    await shop.orders([{"id": 1, "name": "a", "at": 1}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "name": "b", "at": 4}])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [
        (1, "a", "day 1", "day 4"),
        (1, "b", "day 4", None),
    ]


async def test_version_that_began_at_no_time_is_ended_like_any(shop: Shop) -> None:
    config = {**CHECK, "check_cols": ["name"], "updated_at": "at"}
    shop.write("snapshots/s.sql", block("kept", **config))
    await shop.orders([{"id": 1, "name": "a", "at": 0}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "name": "b", "at": 4}])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [(1, "a", None, "day 4"), (1, "b", "day 4", None)]


@pytest.mark.parametrize("key", [["id", "part"], "id || '-' || part"], ids=["list", "expression"])
async def test_key_may_have_several_parts(shop: Shop, key: object) -> None:
    shop.write("snapshots/s.sql", block("kept", **{**TIMESTAMP, "unique_key": key}))
    await shop.orders(
        [{"id": 1, "part": 1, "name": "a", "at": 1}, {"id": 1, "part": 2, "name": "b", "at": 1}]
    )
    await shop.snapshot()
    await shop.orders(
        [{"id": 1, "part": 1, "name": "a", "at": 1}, {"id": 1, "part": 2, "name": "b2", "at": 2}]
    )

    await shop.snapshot()

    assert await shop.history("kept", "id", "part", "name", "dbt_valid_to") == [
        (1, 1, "a", None),
        (1, 2, "b", "day 2"),
        (1, 2, "b2", None),
    ]
    names, _ = await shop.fetch("select * from {schema}.kept")
    assert not [name for name in names if "unique_key" in name or "change_type" in name]


async def test_strategy_may_be_a_macro_of_the_project(shop: Shop) -> None:
    shop.write(
        "macros/grown.sql",
        """
        {% macro snapshot_grown_strategy(
            node, snapshotted_rel, current_rel, model_config, target_exists
        ) %}
            {% set key = config.get('unique_key') %}
            {{ return({
                'unique_key': key,
                'updated_at': 'at',
                'row_changed': snapshotted_rel ~ '.size < ' ~ current_rel ~ '.size',
                'scd_id': snapshot_hash_arguments([key, 'at']),
                'invalidate_hard_deletes': true,
            }) }}
        {% endmacro %}
        """,
    )
    both = block("own", strategy="grown", unique_key="id")
    both += block("packaged", strategy="shop.grown", unique_key="id")
    shop.write("snapshots/s.sql", both)
    await shop.orders([{"id": 1, "size": 5, "at": 1}, {"id": 2, "size": 5, "at": 1}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "size": 4, "at": 2}, {"id": 3, "size": 7, "at": 2}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "size": 6, "at": 3}, {"id": 3, "size": 7, "at": 3}])

    await shop.snapshot()

    for name in ("own", "packaged"):
        _, ended = await shop.fetch(f"select id from {{schema}}.{name} where dbt_valid_to is null")
        assert sorted(ended) == [(1,), (3,)]
        _, sizes = await shop.fetch(f"select size from {{schema}}.{name} where id = 1")
        assert sorted(sizes) == [(5,), (6,)]


async def test_strategy_that_nobody_has_is_an_error(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", strategy="moon", unique_key="id"))
    await shop.orders([{"id": 1}])

    ran = await shop.run()

    assert "The specified strategy macro 'moon' was not found" in ran.error("kept")
    assert "snapshot_moon_strategy" in ran.error("kept")


@pytest.mark.parametrize(
    "returned", ["'at'", "{'unique_key': 'id', 'updated_at': 'at', 'scd_id': 'id'}"]
)
async def test_strategy_that_lacks_a_part_is_an_error(shop: Shop, returned: str) -> None:
    shop.write(
        "macros/half.sql",
        "{% macro snapshot_half_strategy(node, snapshotted, current, config, exists) %}"
        f"{{{{ return({returned}) }}}}{{% endmacro %}}",
    )
    shop.write("snapshots/s.sql", block("kept", strategy="half", unique_key="id"))
    await shop.orders([{"id": 1, "at": 1}])

    ran = await shop.run()

    assert "the macro snapshot_half_strategy must return a mapping with" in ran.error("kept")


async def test_snapshot_that_was_begun_is_there_for_what_reads_it_in_the_same_run(
    shop: Shop,
) -> None:
    shop.write("snapshots/s.sql", block("kept", **CHECK))
    shop.write(
        "models/below.sql",
        "{{ config(materialized='table') }} {% set there = load_relation(ref('kept')) %}"
        "select '{{ there and there.type }}' as kind",
    )
    await shop.orders([{"id": 1, "name": "a"}])

    await shop.snapshot(command="build")

    assert (await shop.fetch("select kind from {schema}.below"))[1] == [("table",)]


async def test_macros_of_the_project_count_inside_a_snapshot(shop: Shop) -> None:
    shop.write(
        "macros/time.sql", "{% macro snapshot_get_time() %}" + shop.day(9) + "{% endmacro %}"
    )
    shop.write("snapshots/s.sql", block("kept", **CHECK))
    await shop.orders([{"id": 1, "name": "a"}])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [(1, "a", "day 9", None)]


async def test_materialization_of_the_projects_own_builds_a_snapshot(shop: Shop) -> None:
    shop.write(
        "macros/own.sql",
        """
        {% materialization snapshot, default %}
            {% set columns = config.get('snapshot_table_column_names') %}
            {% set strategy = strategy_dispatch(config.get('strategy'))(
                model, 'snapshotted_data', 'source_data', config, false
            ) %}
            {% call statement('main') %}
                {{ create_table_as(false, this, build_snapshot_table(strategy, sql)) }}
            {% endcall %}
            {% do adapter.assert_valid_snapshot_target_given_strategy(this, columns, strategy) %}
            {{ return({'relations': [this]}) }}
        {% endmaterialization %}
        """,
    )
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "name": "a", "at": 1}])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [(1, "a", "day 1", None)]


async def test_staging_table_may_be_made_by_a_macro_of_the_project(shop: Shop) -> None:
    shop.write(
        "macros/staging.sql",
        """
        {% macro build_snapshot_staging_table(strategy, sql, target_relation) %}
            {% set staging = api.Relation.create(
                schema=target_relation.schema, identifier='staging_of_' ~ target_relation.identifier
            ) %}
            {% do run_query(create_table_as(
                false, staging, snapshot_staging_table(strategy, sql, target_relation)
            )) %}
            {{ return(staging) }}
        {% endmacro %}
        {% macro post_snapshot(staging_relation) %}
            {% do run_query('drop table ' ~ staging_relation) %}
        {% endmacro %}
        """,
    )
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    for day in (1, 2, 3):
        await shop.orders([{"id": 1, "name": "a", "at": day}])
        await shop.snapshot()

    assert await shop.history("kept", "dbt_valid_from") == [("day 1",), ("day 2",), ("day 3",)]
