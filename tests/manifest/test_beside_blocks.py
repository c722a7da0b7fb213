"""What stands beside the macros of a file, or beside its snapshots: it counts for nothing."""

from __future__ import annotations

import pytest

from ..building.support import rows, run, warnings_of
from ..conftest import WriteProject
from .support import failure, parse

NAME = "UnexpectedJinjaBlockDeprecation"
ONE = "{% macro one() %}\n1{% endmacro %}\n"
MODEL = {"models/m.sql": "select {{ one() }} as id"}
SNAPSHOT = (
    "{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
    "select 1 as id{% endsnapshot %}\n"
)


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ("{% set a = 1 %}", ["set"]),
        ("{% endmacro %}", ["endmacro"]),
        ("{% docs d %}text{% enddocs %}", ["docs", "enddocs"]),
        ("{% if true %}x{% endif %}", ["if", "endif"]),
        ("{% nothing_at_all %}", ["nothing_at_all"]),
        ("{# {% set a = 1 %} #}", []),
        ("{{ nobody() }} or text", []),
        ("{% test odd(model) %}{% set a = 1 %}select 1{% endtest %}", []),
    ],
)
async def test_tags_beside_macros_are_told_and_nothing_comes_of_them(
    write_project: WriteProject, beside: str, words: list[str]
) -> None:
    root = write_project({**MODEL, "macros/one.sql": f"{ONE}{beside}\n{ONE.replace('one', 'two')}"})

    ran = await run(root, show_all_deprecations=True)
    again = await run(root, show_all_deprecations=True)

    for each in (ran, again):
        told = [(warning.name, warning.data) for warning in warnings_of(each.events)]
        assert told == [
            (NAME, {"msg": f"Found unexpected '{word}' block tag.", "file": "macros/one.sql"})
            for word in words
        ]
    assert {str(warning.location) for warning in warnings_of(ran.events)} <= {"macros/one.sql:3"}
    assert ran.exit_code == 0
    assert rows(root, "select * from m") == [(1,)]


async def test_what_is_set_beside_a_macro_is_not_seen_in_it(write_project: WriteProject) -> None:
    macro = "{% set a = 7 %}{% macro one() %}{{ 1 if a is defined else 0 }}{% endmacro %}"
    root = write_project({**MODEL, "macros/one.sql": macro})

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, "select * from m") == [(0,)]


def test_lines_of_macros_stay_what_they_are(write_project: WriteProject) -> None:
    text = "{% set a = 1 %}\n\n{# one\nmore #}\n{% macro one() %}\n"
    text += "{{ exceptions.raise_compiler_error('here') }}{% endmacro %}"
    root = write_project({**MODEL, "macros/one.sql": text})

    error = failure(root)

    assert error.problem == "here"
    assert str(error.location) == "macros/one.sql:6"


def test_files_of_generic_tests_are_told_nothing_of(write_project: WriteProject) -> None:
    text = "{% set a = 1 %}{% test odd(model) %}select 1 where 1 = 0{% endtest %}"
    schema = "models: [{name: m, data_tests: [odd]}]"
    files = {"models/m.sql": "select 1 as id", "models/s.yml": schema}

    parsed = parse(write_project({**files, "tests/generic/odd.sql": text}))

    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("beside", "word"),
    [
        ("{% set a = 1 %}", "set"),
        ("{% endsnapshot %}", "endsnapshot"),
        ("{% macro x() %}", "macro"),
    ],
)
def test_tags_beside_snapshots_are_told(
    write_project: WriteProject, beside: str, word: str
) -> None:
    parsed = parse(write_project({"snapshots/kept.sql": f"{SNAPSHOT}{beside}"}))

    (told,) = parsed.warnings
    assert (told.name, str(told.location)) == (NAME, "snapshots/kept.sql:2")
    assert told.message.startswith(f"Found unexpected '{word}' block tag.")
    assert parsed.node("kept").unique_id == "snapshot.shop.kept"
