"""A project's own macros say what is in a schema, and what the catalog holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from headrace.engine.core.events import WarningRaised

from .places import Place

LISTS = """
{% macro NAME(schema_relation) %}
  {{ return(run_query(
    "select '" ~ schema_relation.database ~ "' as database, 'seen' as name, '"
    ~ schema_relation.schema ~ "' as schema, 'view' as type"
  )) }}
{% endmacro %}
"""
NAMED = "get_catalog_relations(information_schema, relations)"
CATALOG = """
{% macro get_catalog(information_schema, schemas) %}
  {{ return(run_query(
    "select '" ~ information_schema.database ~ "' as table_database, '" ~ schemas[0]
    ~ "' as table_schema, 'm' as table_name, 'ODD TABLE' as table_type, 'me' as table_owner,"
    ~ " 'said' as table_comment, 'id' as column_name, 1 as column_index, 'odd' as column_type,"
    ~ " null as column_comment, 'Rows' as \\"stats:rows:label\\", 5 as \\"stats:rows:value\\","
    ~ " 'how many' as \\"stats:rows:description\\", true as \\"stats:rows:include\\""
  )) }}
{% endmacro %}
"""


def catalog_of(place: Place) -> dict[str, Any]:
    """What `docs generate` has written."""
    text = (place.root / "target" / "catalog.json").read_text(encoding="utf-8")
    catalog: dict[str, Any] = json.loads(text)
    return catalog


@pytest.mark.parametrize(
    "name", ["list_relations_without_caching", "default__list_relations_without_caching"]
)
async def test_project_says_itself_what_is_in_a_schema(place: Place, name: str) -> None:
    if name.startswith("default__"):
        kind = "sqlite" if place.server is None else "postgres"
        name = name.replace("default", kind)
    place.write("macros/lists.sql", LISTS.replace("NAME", name))

    said = await place.look(
        f"{{% do say(adapter.get_relation(target.database, '{place.schema}', 'seen').type) %}}"
    )

    assert said == ["view"]


async def test_package_says_what_is_in_a_schema(place: Place) -> None:
    place.write("packages.yml", "packages: [{local: other}]")
    place.write("other/dbt_project.yml", "name: other\nversion: '1.0'\n")
    place.write("other/macros/l.sql", LISTS.replace("NAME", "list_relations_without_caching"))
    await place.run(command="deps")

    said = await place.look(
        f"{{% do say(adapter.get_relation(target.database, '{place.schema}', 'seen').type) %}}"
    )

    assert said == ["view"]


async def test_project_says_itself_what_the_catalog_holds(place: Place) -> None:
    place.write("macros/catalog.sql", CATALOG)
    place.write("models/m.sql", "{{ config(materialized='table') }}select 1 as id")
    await place.build()

    ran = await place.run(command="generate")

    assert ran.exit_code == 0
    catalog = catalog_of(place)
    node = catalog["nodes"]["model.shop.m"]
    assert node["metadata"]["type"] == "ODD TABLE"
    assert node["metadata"]["owner"] == "me"
    assert node["columns"]["id"]["type"] == "odd"
    assert node["stats"]["rows"]["value"] == 5
    assert node["stats"]["has_stats"]["include"] is False


async def test_catalog_of_a_macro_that_gives_no_rows_is_an_error(place: Place) -> None:
    place.write("macros/c.sql", "{% macro get_catalog(i, s) %}{{ return(1) }}{% endmacro %}")
    place.write("models/m.sql", "select 1 as id")

    ran = await place.run(command="generate")

    catalog = catalog_of(place)
    assert ran.exit_code == 1
    assert "must return the rows of a query" in catalog["errors"][0]


async def test_project_says_itself_what_the_catalog_holds_of_relations(place: Place) -> None:
    macro = CATALOG.replace("get_catalog(information_schema, schemas)", NAMED)
    macro = macro.replace("schemas[0]", "(relations | list)[0].schema")
    macro = macro.replace(
        "'m' as table_name", "'\" ~ (relations | list)[0].identifier ~ \"' as table_name"
    )
    place.write("macros/catalog.sql", macro)
    place.write("models/m.sql", "{{ config(materialized='table') }}select 1 as id")
    await place.build()

    ran = await place.run(command="generate")

    assert ran.exit_code == 0
    catalog = catalog_of(place)
    assert catalog["nodes"]["model.shop.m"]["metadata"]["type"] == "ODD TABLE"


async def test_catalog_of_relations_that_a_macro_refuses_is_an_error(place: Place) -> None:
    refusing = "{{ exceptions.raise_compiler_error('no catalogs for you') }}"
    place.write("macros/c.sql", f"{{% macro {NAMED} %}}{refusing}{{% endmacro %}}")
    place.write("models/m.sql", "select 1 as id")
    await place.build()

    ran = await place.run(command="generate")

    strict = await place.run(command="generate", warn_error=True)

    assert (ran.exit_code, strict.exit_code) == (1, 2)
    catalog = catalog_of(place)
    assert "no catalogs for you" in catalog["errors"][0]
    said = [event for event in ran.events if isinstance(event, WarningRaised)]
    assert [event.name for event in said] == ["CatalogGenerationError"]
    assert "Encountered an error while generating catalog: " in str(strict.outcome.error)
