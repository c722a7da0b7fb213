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


def test_source_that_would_replace_a_package_s_is_warned_of(write_project: WriteProject) -> None:
    source = "sources:\n  - name: till\n    overrides: shop_utils\n    tables: [{name: receipts}]\n"
    root = write_project({"models/schema.yml": source})

    (warning,) = parse(root).warnings

    assert (warning.name, str(warning.location)) == ("NotThereYet", "models/schema.yml:3:5")
    assert "'overrides' of the source 'till' has no effect" in warning.message


def test_configuration_that_asks_for_nothing_is_no_gap(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": "{{ config(grants={}) }} select 1 as id"})

    assert parse(root).warnings == ()
