"""Hooks of a run are configured as a project's models are, as in dbt."""

from __future__ import annotations

import json

import pytest

from ..conftest import WriteProject
from .support import run

CONFIGURED = """\
name: shop
version: '1.0'
profile: shop
on-run-start: ["{{ log('shop ' ~ schema ~ ' ' ~ model.config.meta, info=true) }}"]
models:
  +schema: own
  +meta: {a: 1}
  +tags: [t]
  +materialized: table
  shop: {hooks: {+meta: {b: 2}}}
  other: {+schema: others, +enabled: "{{ var('others', true) }}"}
"""
FILES = {
    "dbt_project.yml": CONFIGURED,
    "packages.yml": "packages: [{local: other}]",
    "other/dbt_project.yml": "name: other\nversion: '1.0'\n"
    "on-run-start: [\"{{ log('other ' ~ schema, info=true) }}\"]\n"
    "on-run-end: [\"{{ log('other ' ~ schema, info=true) }}\"]\n",
    "models/m.sql": "{{ config(schema='', enabled=true) }}select 1 as id",
    "macros/schema.sql": "{% macro generate_schema_name(custom_schema_name, node) %}"
    "{{ target.schema if node.resource_type == 'model' else "
    "target.schema ~ '_' ~ custom_schema_name }}{% endmacro %}",
}


async def test_hook_has_the_schema_and_the_configuration_of_its_projects_models(
    write_project: WriteProject,
) -> None:
    root = write_project(FILES)
    assert (await run(root, "deps")).exit_code == 0

    ran = await run(root)

    told = [message for message in ran.messages if message.startswith(("shop", "other"))]
    assert told == ["other main_others", "shop main_own {'a': 1, 'b': 2}", "other main_others"]
    manifest = json.loads((root / "target/manifest.json").read_text())
    hook = manifest["nodes"]["operation.shop.shop-on-run-start-0"]
    assert (hook["schema"], hook["tags"], hook["config"]["tags"]) == (
        "main_own",
        ["on-run-start", "t"],
        ["t"],
    )
    assert (hook["config"]["materialized"], hook["unrendered_config"]["schema"]) == ("table", "own")


@pytest.mark.parametrize("others", [True, False])
async def test_hooks_of_a_package_that_is_off_are_off(
    write_project: WriteProject, others: bool
) -> None:
    root = write_project(FILES)
    assert (await run(root, "deps")).exit_code == 0

    ran = await run(root, vars={"others": others})

    assert (ran.exit_code, "other main_others" in ran.messages) == (0, others)
    manifest = json.loads((root / "target/manifest.json").read_text())
    assert ("operation.other.other-on-run-end-0" in manifest["disabled"]) is not others
    names = [name for name in ran.statuses if name.startswith("shop")]
    assert names == ["shop-on-run-start-0"]
