"""Databases of one server: a name is one of database, schema and identifier."""

from __future__ import annotations

from pathlib import Path

from .support import run

PROFILES = "shop: {target: dev, outputs: {dev: {type: testing, database: shop, schema: main}}}\n"


def sent(root: Path) -> dict[str, str]:
    """What was sent for each node, by its name."""
    return {path.stem: path.read_text() for path in root.glob("target/run/**/*.sql")}


async def test_relations_of_one_name_in_two_databases_are_two(tmp_path: Path) -> None:
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1'\n",
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
