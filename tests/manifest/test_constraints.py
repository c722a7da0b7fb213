"""Constraints and contracts, as far as they are kept; primary keys, and time spines."""

from __future__ import annotations

import pytest
from headrace.engine.manifest.artifact.contract_checksum import contract_checksum
from headrace.engine.manifest.artifact.primary_keys import primary_keys
from headrace.engine.manifest.nodes.model_node import Model

from ..conftest import WriteProject
from .support import failure, parse

MODEL = {"models/m.sql": "select 1 as id, 2 as amount", "models/other.sql": "select 1 as id"}

CONTRACT = """\
models:
  - name: m
    config: {materialized: table, contract: {enforced: true}}
    constraints:
      - {type: check, expression: amount >= 0, name: positive}
    columns:
      - name: customer_id
        data_type: integer
        constraints: [{type: not_null}, {type: primary_key}]
      - {name: first_ordered_on, data_type: date}
      - {name: amount, data_type: decimal}
"""


def test_contract_has_the_checksum_that_dbt_gives_it(write_project: WriteProject) -> None:
    node = parse(write_project({**MODEL, "models/s.yml": CONTRACT})).node("m")

    assert isinstance(node, Model)
    assert contract_checksum(node.columns, node.constraints, "table") == (
        "c75f17b38f35a6a311a0ef59877a0de232c9ca22bceec805a812e3a43f86a7b3"
    )


def of_model(text: str) -> dict[str, str]:
    return {**MODEL, "models/s.yml": f"models:\n  - name: m\n{text}"}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            "    constraints: [{type: chek}]\n",
            "models/s.yml:3:20: a constraint, 'type': 'chek' is none of check, not_null, unique, "
            "primary_key, foreign_key, custom. Did you mean 'check'?",
        ),
        (
            "    constraints: {type: check}\n",
            "models/s.yml:3:5: 'constraints' must be a list, as in constraints: "
            "[{type: not_null}].",
        ),
        (
            "    columns: [{name: a, constraints: [{type: primary_key}]},"
            " {name: b, constraints: [{type: primary_key}]}]\n",
            "models/s.yml:3:5: Primary key constraint error: found 2 columns (a, b) with primary "
            "key constraints. A key of several columns is a constraint of the model: constraints: "
            "[{type: primary_key, columns: [a, b]}].",
        ),
        (
            "    constraints: [{type: primary_key, columns: [a]}]\n"
            "    columns: [{name: a, constraints: [{type: primary_key}]}]\n",
            "models/s.yml:3:5: Primary key constraint error: primary key constraints are defined "
            "for the model and for its column 'a'. Keep one of them.",
        ),
        (
            "    constraints: [{type: foreign_key, columns: [id], to: other, to_columns: [id]}]\n",
            "models/s.yml:2:5: 'other' can't be read: a call such as ref('orders') or "
            "source('till', 'receipts') is meant, with names in quotes.",
        ),
    ],
)
def test_constraint_that_cannot_be_is_named(
    write_project: WriteProject, properties: str, message: str
) -> None:
    assert str(failure(write_project(of_model(properties)))) == message


def test_model_waits_for_what_its_foreign_key_leads_to(write_project: WriteProject) -> None:
    properties = "    constraints: [{type: foreign_key, columns: [id], to: ref('other')}]\n"

    assert parse(write_project(of_model(properties))).parents("m") == ("model.shop.other",)


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ("    columns: [{name: id, data_tests: [unique, not_null]}]\n", ["id"]),
        (
            "    columns: [{name: a, data_tests: [unique]}, "
            "{name: id, data_tests: [unique, not_null]}]\n",
            ["id"],
        ),
        ("    columns: [{name: a, data_tests: [unique]}]\n", ["a"]),
        ("    columns: [{name: a, data_tests: [unique: {config: {enabled: false}}]}]\n", ["a"]),
        ("    columns: [{name: a, data_tests: [not_null]}]\n", None),
        ("    constraints: [{type: primary_key, columns: [b, a]}]\n", ["a", "b"]),
        ("    columns: [{name: c, constraints: [{type: primary_key}]}]\n", ["c"]),
    ],
)
def test_primary_key_is_declared_or_inferred(
    write_project: WriteProject, properties: str, key: list[str] | None
) -> None:
    manifest = parse(write_project(of_model(properties))).manifest

    found = primary_keys([*manifest.nodes.values(), *manifest.disabled.values()])

    assert found.get("model.shop.m") == key


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            "    time_spine: {standard_granularity_column: dy}\n    columns: [{name: day}]\n",
            "models/s.yml:3:18: a time spine names the column 'dy', which isn't under the model's "
            "'columns:'. Did you mean 'day'?",
        ),
        (
            "    time_spine: {standard_granularity_column: day}\n    columns: [{name: day}]\n",
            "models/s.yml:4:5: the column 'day' of a time spine needs a 'granularity', as in "
            "granularity: day.",
        ),
    ],
)
def test_time_spine_that_cannot_be_is_named(
    write_project: WriteProject, properties: str, message: str
) -> None:
    assert str(failure(write_project(of_model(properties)))) == message


@pytest.mark.parametrize("text", ["-" * 20_000 + "1", "(" * 20_000, "ref(" + "-" * 20_000 + "1)"])
def test_reference_that_python_has_no_room_to_read_is_no_call(
    write_project: WriteProject, text: str
) -> None:
    key = f"{{type: foreign_key, columns: [a], to: '{text}', to_columns: [id]}}"

    error = failure(write_project(of_model(f"    constraints: [{key}]\n")))

    assert str(error).startswith("models/s.yml:2:5: ")
    assert "a call such as ref(" in str(error)
