"""What this version doesn't have is said, and never passed over."""

from __future__ import annotations

import pytest

from ..conftest import WriteProject
from .support import parse


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("grants={'select': ['reporter']}", "grants"),
        ("persist_docs={'relation': true}", "persist_docs"),
    ],
)
def test_configuration_for_which_the_database_has_nothing_is_warned_of(
    write_project: WriteProject, config: str, name: str
) -> None:
    root = write_project({"models/orders.sql": "{{ config(" + config + ") }} select 1 as id"})

    parsed = parse(root)

    (warning,) = parsed.warnings
    assert warning.name == "NothingForThisDatabase"
    assert f"'{name}' has no effect in this database" in warning.message


def test_configuration_that_asks_for_nothing_is_no_gap(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": "{{ config(grants={}) }} select 1 as id"})

    assert parse(root).warnings == ()
