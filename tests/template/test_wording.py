"""What goes wrong in a template is told in its own terms: no class of ours, no word of Python's."""

from __future__ import annotations

import pytest

from ..building.support import run
from ..conftest import WriteProject

MISUSED = {
    "{% do log('a', true, 3) %}": "log() was given too many arguments",
    "{{ print() }}": "print() needs the argument 'msg'",
    "{{ var() }}": "the call needs the argument 'name'",
    "{{ config.get() }}": "get() needs the argument 'name'",
    "{{ env_var() }}": "env_var() needs the argument 'name'",
    "{{ env_var(1) }}": "Env var required but not provided: '1'",
    "{{ return(1, 2) }}": "return() was given too many arguments",
    "{{ this.quote(x=1) }}": "quote() has no argument 'x'",
    "{{ tojson(1, value=2) }}": "to_json() was given the argument 'value' twice",
    "{{ api.Column('a', 'int').is_string(1) }}": "is_string() was given too many arguments",
    "{% include 'x.sql' %}": "'x.sql' can't be included, imported or extended",
    "{% from 'x.sql' import y %}": "'x.sql' can't be included, imported or extended",
    "{{ run_query(1) }}": "a statement must be a text, but this one is 1",
    "{{ adapter.get_column_schema_from_query(none) }}": "a statement must be a text",
    "{{ adapter.drop_relation(none) }}": "adapter.drop_relation() needs a relation, but it was "
    "given none. adapter.get_relation() gives none for what isn't in the database",
    "{{ adapter.truncate_relation('x') }}": "needs a relation, but it was given 'x'",
    "{{ adapter.rename_relation(this, none) }}": "adapter.rename_relation() needs a relation",
    "{{ adapter.create_schema(1) }}": "adapter.create_schema() needs a relation",
    "{{ adapter.get_columns_in_relation(none) }}": "adapter.get_columns_in_relation() needs",
}


@pytest.mark.parametrize("call", MISUSED, ids=str)
async def test_misused_function_is_told_by_its_name_in_templates(
    call: str, write_project: WriteProject
) -> None:
    root = write_project({"models/m.sql": "select 1 as a\n{% if execute %}" + call + "{% endif %}"})

    message = (await run(root, "compile")).error("m")

    assert MISUSED[call] in message
    assert "models/m.sql:2" in message
    assert "positional" not in message


async def test_name_that_is_not_known_yet_may_be_quoted_while_parsing(
    write_project: WriteProject,
) -> None:
    text = (
        "{% set found = run_query('select 1 as one') %}"
        "{% if execute %}{% set name = found.column_names[0] %}{% endif %}"
        "select 1 as {{ adapter.quote(name) }} {# {{ adapter.quote(none) }} #}"
    )

    result = await run(write_project({"models/m.sql": text}), "run")

    assert result.statuses == {"m": "success"}
