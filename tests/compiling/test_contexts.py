"""In every place that a template may stand in, it has the names that dbt gives it there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ..building.support import Ran, run
from ..conftest import WriteProject
from .contexts import CONTEXTS, IN_YAML, NONE

NAMES = sorted(set().union(*CONTEXTS.values(), *IN_YAML.values()))


def _words(condition: str, names: Iterable[str] = NAMES) -> str:
    """An expression that gives the names of which a condition holds."""
    return " ~ ".join(f"('{name} ' if {condition.format(name)} else '')" for name in names)


ASK = (
    "{% macro ask(place) %}"
    "{% do log('HAS ' ~ place ~ ': ' ~ " + _words("{0} is defined") + ", info=true) %}"
    "{% do log('NONE ' ~ place ~ ': ' ~ " + _words("{0} is defined and {0} is none") + ", true) %}"
    "{% endmacro %}"
)


def _has() -> str:
    """A YAML text that says which names there are."""
    return json.dumps("{{ " + _words("{0} is defined") + " }}")


FILES = {
    "dbt_project.yml": f"""\
name: shop
version: '1.0'
profile: shop
on-run-start: ["{{{{ ask('on-run-start') }}}}"]
on-run-end: ["{{{{ ask('on-run-end') }}}}"]
query-comment: "{{{{ said_in_comment() }}}}"
models:
  +pre-hook: ["{{{{ ask('pre-hook') }}}}"]
  +post-hook: ["{{{{ ask('post-hook') }}}}"]
  +meta: {{project: {_has()}}}
seeds: {{+pre-hook: ["{{{{ ask('seed') }}}}"]}}
""",
    "macros/ask.sql": ASK + "{% macro said_in_comment() %}{{ ask('query comment') }}x{% endmacro %}"
    "{% macro asked() %}{{ ask('operation') }}{% endmacro %}"
    "{% macro say_schema() %}{% set said = " + _words("{0} is defined") + " %}"
    "{{ return(said) }}{% endmacro %}"
    "{% macro generate_schema_name(custom_schema_name, node) %}"
    "{{ say_schema() if node.name == 'named' else target.schema }}{% endmacro %}"
    "{% test mine(model, word) %}{{ ask('generic test') }}select 1 as x where 1 = 0{% endtest %}"
    "{% materialization own, default %}{{ ask('materialization') }}"
    "{% call statement('main') %}create view {{ this }} as {{ sql }}{% endcall %}"
    "{{ return({'relations': [this]}) }}{% endmaterialization %}",
    "models/m.sql": "{{ ask('model') }}select 1 as id",
    "models/own.sql": "{{ config(materialized='own') }}select 1 as id",
    "models/tested.sql": "{{ ask('unit test') }}select id from {{ ref('m') }}",
    "analyses/a.sql": "{{ ask('analysis') }}select 1",
    "analyses/named.sql": "select 1",
    "tests/t.sql": "{{ ask('singular test') }}select 1 as x where 1 = 0",
    "seeds/s.csv": "a\n1\n",
    "snapshots/s.sql": "{% snapshot kept %}"
    "{{ config(unique_key='id', strategy='check', check_cols='all') }}"
    "{{ ask('snapshot') }}select 1 as id{% endsnapshot %}",
    "selectors.yml": "selectors: [{name: one, definition: m, description: " + _has() + "}]",
    "models/properties.yml": f"""\
models:
  - name: m
    description: {_has()}
    config: {{meta: {{properties: {_has()}}}}}
    data_tests: [{{mine: {{arguments: {{word: "{{{{ ask('test argument') }}}}"}}}}}}]
unit_tests:
  - name: u
    model: tested
    given: [{{input: ref('m'), rows: [{{id: 1}}]}}]
    expect: {{rows: [{{id: 1}}]}}
""",
}


def _said(messages: Iterable[str], word: str) -> dict[str, set[str]]:
    """The names that each place has told of, in whichever phase."""
    said: dict[str, set[str]] = {}
    for message in messages:
        kind, _, rest = message.partition(" ")
        if kind == word:
            place, _, names = rest.partition(": ")
            said.setdefault(place, set()).update(names.split())
    return said


async def _messages(root: Path) -> list[str]:
    ended: list[Ran] = [
        await run(root, "build"),
        await run(root, "compile"),
        await run(root, "run-operation", macro="asked"),
    ]
    assert [each.exit_code for each in ended] == [0, 0, 0]
    return [message for each in ended for message in each.messages]


async def test_templates_have_the_names_of_their_place(write_project: WriteProject) -> None:
    messages = await _messages(write_project(FILES))

    said = _said(messages, "HAS")
    nothing = _said(messages, "NONE")

    lacking = {
        place: names - said[place]
        for place, names in CONTEXTS.items()
        if place != "generate_schema_name" and names - said[place]
    }
    assert lacking == {}
    # SQLite has no database.
    differing = {place: nothing[place] - {"database"} ^ names for place, names in NONE.items()}
    assert {place: names for place, names in differing.items() if names} == {}


def _manifest(root: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((root / "target/manifest.json").read_text())
    return found


async def test_names_in_yaml_are_those_of_the_place(write_project: WriteProject) -> None:
    root = write_project(FILES)
    assert (await run(root, "parse")).exit_code == 0

    manifest = _manifest(root)

    model = manifest["nodes"]["model.shop.m"]
    told = {
        "dbt_project.yml": model["meta"]["project"],
        "properties": model["meta"]["properties"],
        "description": model["description"],
        "selectors.yml": manifest["selectors"]["one"]["description"],
        "generate_schema_name": manifest["nodes"]["analysis.shop.named"]["schema"],
    }
    lacking = {
        place: sorted((CONTEXTS | IN_YAML)[place] - set(said.split()))
        for place, said in told.items()
    }
    assert not any(lacking.values()), lacking


PROFILE = """\
shop:
  target: "{{ 'dev' if dbt_version and run_started_at and invocation_id else 'none' }}"
  outputs: {dev: {type: sqlite, path: "shop{{ run_started_at.year }}.db"}}
"""


async def test_names_of_the_invocation_are_in_profiles_and_packages(
    write_project: WriteProject,
) -> None:
    files = {
        "profiles.yml": PROFILE,
        "packages.yml": "packages: [{local: \"{{ 'other' if dbt_version else 'none' }}\"}]",
        "other/dbt_project.yml": "name: other\nversion: '1.0'\n"
        "models: {+enabled: \"{{ flags.WHICH == 'run' }}\"}\n",
        "other/models/o.sql": "select '{{ target.name }}' as name",
    }
    root = write_project(files)
    assert (await run(root, "deps")).exit_code == 0

    ran = await run(root, "run")
    listed = await run(root, "list")

    assert list(ran.statuses) == ["o"]
    assert listed.lines == []
    assert [path.name[:6] for path in root.glob("shop2*.db")] == ["shop20"]


@pytest.mark.parametrize("file", ["profiles.yml", "packages.yml"])
async def test_what_isnt_known_yet_is_said_to_be_undefined(
    write_project: WriteProject, file: str
) -> None:
    text = {
        "profiles.yml": "shop: {outputs: {default: {type: sqlite, path: '{{ target.x }}'}}}",
        "packages.yml": "packages: [{local: '{{ target.name }}'}]",
    }
    root = write_project({"models/m.sql": "select 1 as id", file: text[file]})

    ended = await run(root, "deps" if file == "packages.yml" else "run")

    assert ended.exit_code == 2
    assert ended.outcome.error is not None
    assert "target" in str(ended.outcome.error)
