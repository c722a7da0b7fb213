"""What dbt refuses for its shape is refused here, and not taken for nothing or for a text."""

from __future__ import annotations

import pytest

from ..conftest import WriteProject
from .support import failure

SOURCE = "sources: [{name: s, tables: [{name: t}]}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models:", "'models' must be a list"),
        ("sources:", "'sources' must be a list"),
        ("models: [{name: m, config: }]", "'config' must be a mapping, but there is nothing"),
        ("seeds: [{name: s, config: }]", "'config' must be a mapping, but there is nothing"),
        ("models: [{name: m, columns: }]", "'columns' must be a list, but there is nothing"),
        ("models: [{name: m, tests: }]", "'tests' must be a list, but there is nothing"),
        ("models: [{name: m, description: 5}]", "'description' must be a text, but it is a number"),
        (
            "models: [{name: m, columns: [{name: id, description: 5}]}]",
            "'description' must be a text, but it is a number",
        ),
        (
            "models: [{name: m, columns: [{name: id, data_tests: }]}]",
            "'data_tests' must be a list, but there is nothing",
        ),
        (
            SOURCE.replace("name: s", "name: s, tags: text"),
            "'tags' must be a list of texts, but it is a text",
        ),
        (
            SOURCE.replace("name: t", "name: t, tags: [1]"),
            "'tags' must be a list of texts, but it is a list",
        ),
        (
            SOURCE.replace("name: t", "name: t, columns: [{name: id, config: }]"),
            "'config' must be a mapping, but there is nothing",
        ),
        (SOURCE.replace("name: s", "name: s, schema: 5"), "'schema' must be a text, but it is a"),
        (
            SOURCE.replace("name: t", "name: t, loaded_at_field: 5"),
            "'loaded_at_field' must be a text, but it is a number",
        ),
        ("sources: [{name: s, tables: }]", "'tables' must be a list, but there is nothing"),
        ("models: [{name: m, versions: }]", "'versions' must be a list, but there is nothing"),
        ("models: [{name: m, config: {tags: 5}}]", "'tags' must be a text or a list of texts"),
        ("models: [{name: m, config: {tags: [a, 5]}}]", "'tags' must be a text or a list of texts"),
        (
            "exposures: [{name: e, type: notebook, owner: {name: x}, config: {tags: true}}]",
            "'tags' must be a text or a list of texts",
        ),
    ],
)
def test_value_of_another_shape_is_refused(
    write_project: WriteProject, text: str, message: str
) -> None:
    files = {"models/m.sql": "select 1 as id", "seeds/s.csv": "id\n1\n", "models/p.yml": text}

    error = failure(write_project(files))

    assert message in str(error)
    assert "models/p.yml:1:" in str(error)
