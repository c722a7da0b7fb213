"""Databases of one server: a name is one of database, schema and identifier."""

from __future__ import annotations

import json
from pathlib import Path

from .support import run

PROFILES = "shop: {target: dev, outputs: {dev: {type: testing, database: shop, schema: main}}}\n"


def sent(root: Path) -> dict[str, str]:
    """What was sent for each node, by its name."""
    return {path.stem: path.read_text() for path in root.glob("target/run/**/*.sql")}


async def test_relations_of_one_name_in_two_databases_are_two(tmp_path: Path) -> None:
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1.0'\n",
        "profiles.yml": PROFILES,
        "models/old.sql": "{{ config(database='archive', alias='orders', materialized='table') }}"
        " select 1 as id",
        "models/new.sql": "{{ config(alias='orders', materialized='table') }}"
        " select * from {{ ref('old') }}, {{ source('raw', 'items') }}",
        "models/raw.yml": "sources: [{name: raw, database: lake, tables: [{name: items}]}]",
        "models/again.sql": "{{ config(schema='x', materialized='table') }}-- {{ ref('new') }}\n"
        "{% for name in (none, 'shop', 'archive', 'nowhere') %}"
        "-- {{ name }}: {{ adapter.list_schemas(name) }}, "
        "{{ adapter.list_relations(name, 'main') | map('string') | list }}\n"
        "{% endfor %} select 1 as id",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    ran = await run(tmp_path)

    assert ran.exit_code == 0, ran.messages
    made = sent(tmp_path)
    assert "drop" not in made["new"]
    assert ' "shop"."main"."orders" as' in made["new"]
    assert 'from "archive"."main"."orders", "lake"."raw"."items"' in made["new"]
    told = [line for line in made["again"].splitlines() if line.startswith("-- ")]
    assert told[1:] == [
        """-- None: ['main', 'main_x'], ['"shop"."main"."orders"']""",
        """-- shop: ['main', 'main_x'], ['"shop"."main"."orders"']""",
        """-- archive: ['main'], ['"archive"."main"."orders"']""",
        """-- nowhere: [], []""",
    ]


async def test_database_that_a_macro_generates_is_the_one_that_is_read(tmp_path: Path) -> None:
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1.0'\n",
        "profiles.yml": PROFILES,
        "macros/names.sql": "{% macro generate_database_name(custom=none, node=none) %}"
        "{{ 'lake' if custom else target.database }}{% endmacro %}",
        "models/a.sql": "{{ config(database='archive', materialized='table') }} select 1 as id",
        "models/b.sql": "{{ config(materialized='table') }} select * from {{ ref('a') }}",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    ran = await run(tmp_path)

    assert ran.exit_code == 0, ran.messages
    made = sent(tmp_path)
    assert '"lake"."main"."a" as' in made["a"]
    assert 'from "lake"."main"."a"' in made["b"]


async def test_quoting_of_the_project_is_not_that_of_its_sources(tmp_path: Path) -> None:
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1.0'\n"
        "quoting: {database: false, identifier: false}\n",
        "profiles.yml": PROFILES,
        "models/raw.yml": "sources:\n"
        "- {name: raw, database: lake, tables: [{name: items}]}\n"
        "- {name: own, quoting: {schema: false}, tables: "
        "[{name: items, quoting: {identifier: false}}]}\n",
        "models/m.sql": "{{ config(materialized='table') }}\n"
        "-- {{ source('raw', 'items') }} {{ source('own', 'items') }} {{ this }}\n"
        "-- {{ api.Relation.create('lake', 'raw', 'Items') }}\n"
        "-- {{ adapter.Relation.create('lake', 'raw', 'x', quote_policy={'identifier': true}) }}\n"
        "-- {{ api.Relation.create('lake', 'raw', 'x', include_policy={'database': false}) }}\n"
        "-- {{ api.Relation.create(schema='raw') }}\nselect 1 as id",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    ran = await run(tmp_path)

    assert ran.exit_code == 0, ran.messages
    told = [line for line in sent(tmp_path)["m"].splitlines() if line.startswith("-- ")]
    assert told == [
        '-- "lake"."raw"."items" "shop".own.items shop."main".m',
        '-- lake."raw".Items',
        '-- lake."raw"."x"',
        '-- "raw".x',
        '-- "raw"',
    ]
    document = json.loads((tmp_path / "target" / "manifest.json").read_text())
    assert [one["relation_name"] for one in document["sources"].values()] == [
        # As dbt's manifest has them: there the project's quoting counts for sources, too.
        'lake."raw".items',
        "shop.own.items",
    ]
