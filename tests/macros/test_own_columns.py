"""A project's own `get_columns_in_relation` is what says which columns are there."""

from __future__ import annotations

from ..building.support import rows, run
from ..conftest import WriteProject

OWN = """\
{% macro default__get_columns_in_relation(relation) %}
  {% do log('asked of ' ~ relation.identifier, info=true) %}
  {% set found = [] %}
  {% for column in adapter.get_columns_in_relation(relation) if column.name != 'hidden' %}
    {% do found.append(column) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}
"""
MODEL = (
    "{{ config(materialized='incremental', on_schema_change='append_new_columns') }}"
    "select 1 as id{% if is_incremental() %}, 2 as hidden, 3 as shown{% endif %}"
)


async def test_incremental_model_adds_the_columns_that_the_macro_tells_of(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/m.sql": MODEL, "macros/own.sql": OWN})
    assert (await run(root)).exit_code == 0

    ran = await run(root)

    assert ran.exit_code == 0
    assert "asked of m" in ran.messages
    assert rows(root, "select * from m order by shown") == [(1, None), (1, 3)]
