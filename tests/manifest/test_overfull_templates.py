"""What parsing makes of templates that make more than a template may."""

from __future__ import annotations

import pytest

from ..conftest import WriteProject
from .support import failure, parse

PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n"
OVERFULL = (
    "{% macro overfull() %}{% set one = ref('n') %}"
    "{% for i in range(100) %}{{ 'x' * 10 ** 6 }}{% endfor %}{% endmacro %}"
)


@pytest.mark.parametrize(
    ("model", "project"),
    [("{{ config(enabled=false) }}", ""), ("", "models: {shop: {m: {+enabled: false}}}\n")],
    ids=["by itself", "by the project"],
)
def test_disabled_model_may_make_more_than_a_template_may(
    write_project: WriteProject, model: str, project: str
) -> None:
    root = write_project(
        {
            "dbt_project.yml": PROJECT + project,
            "macros/overfull.sql": OVERFULL,
            "models/m.sql": model + "{{ overfull() }}",
            "models/n.sql": "select 1 as a",
        }
    )

    manifest = parse(root).manifest

    assert [node.name for node in manifest.nodes.values()] == ["n"]
    (disabled,) = manifest.disabled.values()
    assert [call.name for call in disabled.refs] == ["n"]


def test_enabled_model_makes_no_more_than_a_template_may(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/overfull.sql": OVERFULL,
            "models/m.sql": "{{ config(enabled=true) }}{{ overfull() }}",
            "models/n.sql": "select 1 as a",
        }
    )

    assert "the limit is 67,108,864" in str(failure(root))
