"""What refers to one thing twice has it twice in the manifest, or once, as in dbt."""

from __future__ import annotations

import pytest
from headrace.engine.manifest.artifact.node_dicts import node_dict

from ..conftest import WriteProject
from .support import Parsed, parse

REFERRING = "{{ source('s', 't') }}, {{ ref('m') }}"
TWICE = f"select 1 from {REFERRING}, {REFERRING}"
FILES = {
    "models/m.sql": "select 1 as id",
    "models/p.yml": "sources: [{name: s, tables: [{name: t}]}]",
}


def counts(parsed: Parsed, name: str) -> tuple[int, int]:
    described = node_dict(parsed.node(name))
    return len(described["refs"]), len(described["sources"])


@pytest.mark.parametrize(
    ("path", "template", "expected"),
    [
        ("models/x.sql", TWICE, (2, 1)),
        ("models/x.sql", TWICE.replace("}, {", "},\n{"), (2, 1)),
        ("models/x.sql", "{{ config(tags=['a']) }}" + TWICE, (2, 1)),
        ("models/x.sql", "{% if true %}" + TWICE + "{% endif %}", (2, 2)),
        ("models/x.sql", TWICE + " where {{ var('n', 1) }} = 1", (2, 2)),
        ("models/x.sql", "{{ config(pre_hook='select 1') }}" + TWICE, (2, 2)),
        ("tests/x.sql", TWICE, (2, 2)),
    ],
)
def test_reference_of_a_template_counts_as_often_as_in_dbt(
    write_project: WriteProject, path: str, template: str, expected: tuple[int, int]
) -> None:
    assert counts(parse(write_project({**FILES, path: template})), "x") == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("unique: {name: x, column_name: id}", 1),
        ("relationships: {name: x, column_name: id, to: ref('m'), field: id}", 2),
        ("mine: {name: x, to: ref('m')}", 2),
        ("mine: {name: x, to: \"{{ ref('m') }}\"}", 2),
        ("referring: {name: x, to: ref('m')}", 3),
    ],
)
def test_test_names_a_model_as_often_as_it_does(
    write_project: WriteProject, test: str, expected: int
) -> None:
    files = {
        "models/m.sql": "select 1 as id",
        "models/p.yml": f"models: [{{name: m, data_tests: [{{{test}}}]}}]",
        "macros/t.sql": "{% test mine(model, to) %}select 1 from {{ to }}{% endtest %}"
        "{% test referring(model, to) %}select 1 from {{ ref('m') }}, {{ to }}{% endtest %}",
    }

    assert counts(parse(write_project(files)), "x") == (expected, 0)
