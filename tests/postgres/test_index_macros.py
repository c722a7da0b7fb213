"""The macros of indexes, as a project's own code calls them."""

from __future__ import annotations

from .support import Shop


async def test_indexes_are_told_and_dropped(shop: Shop) -> None:
    shop.write(
        "models/m.sql",
        "{{ config(materialized='table', indexes=[{'columns': ['b', 'a'], 'unique': true}, "
        "{'columns': ['a'], 'type': 'hash'}]) }} select 1 as a, 2 as b",
    )
    await shop.build()
    shop.write(
        "models/look.sql",
        """
        {% if execute %}
          {% set m = api.Relation.create(database=target.dbname, schema=target.schema,
                                         identifier='m') %}
          {% for row in run_query(get_show_indexes_sql(m)) %}
            {% do log(row['method'] ~ ' ' ~ row['unique'] ~ ' ' ~ row['column_names'], info=true) %}
            {% if row['method'] == 'hash' %}
              {% do run_query(get_drop_index_sql(m, row['name'])) %}
            {% endif %}
          {% endfor %}
        {% endif %}
        select 1 as x
        """,
    )

    ran = await shop.build(select=("look",))

    assert sorted(ran.messages) == ["btree True b,a", "hash False a"]
    left = await shop.fetch(
        "select indexdef from pg_indexes where schemaname = '{schema}' and tablename = 'm'"
    )
    assert ["hash" in definition for (definition,) in left] == [False]
