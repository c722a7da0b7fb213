"""Versions of models: which file is which, what each is called, and what a ref means."""

from __future__ import annotations

import pytest
from headrace.engine.core.events import MessageLogged
from headrace.engine.manifest.nodes.model_node import Model
from headrace.engine.manifest.nodes.test_nodes import GenericTest

from ..building.support import relations, rows, run
from ..conftest import WriteProject
from .support import failure, parse

ORDERS = {
    "models/orders_v1.sql": "select 1 as id, 10 as total",
    "models/orders.sql": "select 1 as id, 10 as amount",
    "models/orders_next.sql": "select 2 as id",
    "models/s.yml": """\
models:
  - name: orders
    description: Orders.
    latest_version: 2
    config: {materialized: table, tags: [versioned], meta: {a: 1}}
    columns:
      - name: id
        data_tests: [unique]
      - name: amount
    versions:
      - v: 1
        config: {materialized: view, tags: [old], meta: {b: 2}}
        columns:
          - include: all
            exclude: [amount]
          - name: total
            data_tests: [not_null]
      - v: 2
        description: The orders of today.
      - v: 3
        defined_in: orders_next
        columns: [{include: [id]}]
        config: {alias: orders_to_come}
""",
}


def with_versions(text: str) -> dict[str, str]:
    """The project with other properties of its one model, from line 3 on."""
    return {**ORDERS, "models/s.yml": f"models:\n  - name: orders\n{text}"}


def test_each_version_is_a_model_of_its_own(write_project: WriteProject) -> None:
    nodes = parse(write_project(ORDERS)).manifest.nodes

    models = [node for node in nodes.values() if isinstance(node, Model)]
    assert [(m.unique_id, m.alias, ".".join(m.fqn), m.path) for m in models] == [
        ("model.shop.orders.v2", "orders_v2", "shop.orders.v2", "orders.sql"),
        ("model.shop.orders.v3", "orders_to_come", "shop.orders.v3", "orders_next.sql"),
        ("model.shop.orders.v1", "orders_v1", "shop.orders.v1", "orders_v1.sql"),
    ]
    assert {m.name for m in models} == {"orders"}
    assert [m.is_latest_version for m in models] == [True, False, False]


def test_version_has_what_the_model_has_and_what_it_says_itself(
    write_project: WriteProject,
) -> None:
    nodes = parse(write_project(ORDERS)).manifest.nodes

    old, today = nodes["model.shop.orders.v1"], nodes["model.shop.orders.v2"]
    assert (old.description, today.description) == ("Orders.", "The orders of today.")
    assert (list(old.columns), list(today.columns)) == (["id", "total"], ["id", "amount"])
    assert (old.config.materialized, today.config.materialized) == ("view", "table")
    assert old.config.tags == ("old", "versioned")
    assert old.config.meta == {"a": 1, "b": 2}


def test_tests_of_a_version_test_that_version(write_project: WriteProject) -> None:
    manifest = parse(write_project(ORDERS)).manifest

    tests = [node for node in manifest.nodes.values() if isinstance(node, GenericTest)]
    assert {test.name: manifest.parents[test.unique_id] for test in tests} == {
        "unique_orders_v1_id": ("model.shop.orders.v1",),
        "not_null_orders_v1_total": ("model.shop.orders.v1",),
        "unique_orders_v2_id": ("model.shop.orders.v2",),
        "unique_orders_v3_id": ("model.shop.orders.v3",),
    }
    # The id that dbt gives the same test, so that states and stored failures carry over.
    assert "test.shop.unique_orders_v1_id.4f8f74f68f" in manifest.nodes


def test_tests_of_the_model_give_way_to_those_of_a_version(write_project: WriteProject) -> None:
    properties = """\
    data_tests: [{unique: {column_name: id, name: for_all}}]
    versions:
      - {v: 1, data_tests: []}
      - {v: 2}
"""
    manifest = parse(write_project(with_versions(properties))).manifest

    (test,) = (node for node in manifest.nodes.values() if isinstance(node, GenericTest))
    assert manifest.parents[test.unique_id] == ("model.shop.orders.v2",)


@pytest.mark.parametrize(
    ("call", "version"),
    [
        ("ref('orders')", 2),
        ("ref('orders', v=1)", 1),
        ("ref('orders', v='1')", 1),
        ("ref('orders', version=3)", 3),
        ("ref('shop', 'orders')", 2),
        ("ref('shop', 'orders', v=3)", 3),
    ],
)
def test_ref_means_a_version(write_project: WriteProject, call: str, version: int) -> None:
    files = {**ORDERS, "models/report.sql": f"select * from {{{{ {call} }}}}"}

    assert parse(write_project(files)).parents("report") == (f"model.shop.orders.v{version}",)


def test_version_of_text_and_of_fractions_is_in_the_alias(write_project: WriteProject) -> None:
    files = {
        "models/orders_v1.5.sql": "select 1",
        "models/orders.vb.sql": "select 1",
        "models/s.yml": "models: [{name: orders, versions: [{v: 1.5}, {v: b}]}]",
    }

    nodes = parse(write_project(files)).manifest.nodes

    assert {unique_id: node.alias for unique_id, node in nodes.items()} == {
        "model.shop.orders.v1.5": "orders_v1_5",
        "model.shop.orders.vb": "orders_vb",
    }


def test_newest_version_is_latest_where_nobody_says(write_project: WriteProject) -> None:
    files = {
        "models/orders_v9.sql": "select 1",
        "models/orders.sql": "select 1",
        "models/s.yml": "models: [{name: orders, versions: [{v: 10}, {v: 9}]}]",
        "models/report.sql": "select * from {{ ref('orders') }}",
    }

    assert parse(write_project(files)).parents("report") == ("model.shop.orders.v10",)


async def test_versions_are_built_side_by_side(write_project: WriteProject) -> None:
    files = {
        **ORDERS,
        "models/report.sql": "select a.total, b.amount from {{ ref('orders', v=1) }} a "
        "join {{ ref('orders') }} b on a.id = b.id",
    }
    root = write_project(files)

    ran = await run(root, "build")

    assert ran.exit_code == 0
    assert relations(root) == {
        "orders_v1": "view",
        "orders_v2": "table",
        "orders_to_come": "table",
        "report": "view",
    }
    assert rows(root, "select * from report") == [(10, 10)]


async def test_ephemeral_versions_do_not_meet_in_one_name(write_project: WriteProject) -> None:
    files = {
        "models/orders_v1.sql": "select 1 as id",
        "models/orders_v2.sql": "select 2 as id",
        "models/s.yml": "models: [{name: orders, config: {materialized: ephemeral}, "
        "versions: [{v: 1}, {v: 2}]}]",
        "models/report.sql": "{{ config(materialized='table') }} select id from "
        "{{ ref('orders', v=1) }} union all select id from {{ ref('orders', v=2) }}",
    }
    root = write_project(files)

    await run(root)

    assert rows(root, "select id from report order by id") == [(1,), (2,)]


async def test_prerelease_is_spoken_of_where_a_ref_is_not_pinned(
    write_project: WriteProject,
) -> None:
    files = {
        **ORDERS,
        "models/report.sql": "select * from {{ ref('orders') }}",
        "models/pinned.sql": "select * from {{ ref('orders', v=2) }}",
    }

    ran = await run(write_project(files))

    (told,) = [
        event
        for event in ran.events
        if isinstance(event, MessageLogged) and event.name == "UnpinnedRefNewVersionAvailable"
    ]
    assert told.node is not None
    assert told.node.unique_id == "model.shop.report"
    said = told.message
    assert "While compiling 'report'" in said
    assert "A prerelease version 3 is available" in said
    assert "{{ ref('shop', 'orders', v='3') }}" in said


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (
            "ref('orders', v='v2')",
            "depends on a node named 'orders' with version 'v2' which was not found: "
            "ref('orders', v='v2') matches no model, seed or snapshot. Did you mean '2'? There are "
            "versions 1, 2, 3 of 'orders'.",
        ),
        ("ref('orders_v1')", "Did you mean ref('orders', v=1)? A version goes by"),
        ("ref('order')", "Did you mean 'orders'?"),
    ],
)
def test_ref_to_no_version_says_which_there_are(
    write_project: WriteProject, call: str, hint: str
) -> None:
    files = {**ORDERS, "models/report.sql": f"select * from {{{{ {call} }}}}"}

    message = str(failure(write_project(files)))

    assert message.startswith("models/report.sql:1: Model 'model.shop.report'")
    assert hint in message


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            "    versions: [{v: 1}, {v: '1'}]\n",
            "models/s.yml:3:24: Found duplicate version: '1' in versions list of model 'orders'. "
            "Merge the two entries.",
        ),
        (
            "    latest_version: 4\n    versions: [{v: 1}, {v: 2}]\n",
            "models/s.yml:3:5: latest_version: 4 is not one of model 'orders' versions: [1, 2].",
        ),
        (
            "    latest_version: 1\n",
            "models/s.yml:3:5: latest_version: 1 is not one of model 'orders' versions: [].",
        ),
        (
            "    versions: [{defined_in: a}]\n",
            "models/s.yml:3:16: an entry of 'versions' is a mapping with a 'v' that is a number or "
            "a text.",
        ),
        (
            "    versions: 2\n",
            "models/s.yml:3:5: 'versions' must be a list, as in versions: [{v: 1}, {v: 2}].",
        ),
        (
            "    versions: [{v: 1, columns: [{include: '*'}, {include: [a]}]}]\n",
            "models/s.yml:3:49: a version can have at most one include/exclude element. Merge the "
            "two.",
        ),
        (
            "    versions: [{v: 1, columns: [{include: [a], exclude: [b]}]}]\n",
            "models/s.yml:3:48: 'exclude' takes columns away from 'include: all'. Beside a list "
            "there is nothing to take away: name the columns that you want.",
        ),
    ],
)
def test_versions_that_make_no_sense_are_named_with_their_place(
    write_project: WriteProject, properties: str, message: str
) -> None:
    assert str(failure(write_project(with_versions(properties)))) == message


def test_version_without_a_file_is_warned_of(write_project: WriteProject) -> None:
    properties = "    versions: [{v: 1}, {v: 2}, {v: 0, defined_in: orders_zero}]\n"

    parsed = parse(write_project(with_versions(properties)))

    (warning,) = parsed.warnings
    assert warning.name == "NoNodeForYamlKey"
    assert "patch with name 'orders_zero'" in warning.message


def test_unknown_key_of_a_version_is_refused(write_project: WriteProject) -> None:
    versions = with_versions("    versions: [{v: 1}, {v: 2, defind_in: x}]\n")

    message = str(failure(write_project(versions)))

    assert "'defind_in' is no key of a version" in message
    assert "Did you mean 'defined_in'?" in message


def test_name_with_and_without_versions_is_refused(write_project: WriteProject) -> None:
    files = {
        "models/orders_v1.sql": "select 1",
        "models/s.yml": "models: [{name: orders, versions: [{v: 1}]}]",
        "seeds/orders.csv": "id\n1\n",
    }

    message = str(failure(write_project(files)))

    assert "found versioned and unversioned models with the name 'orders'" in message
    assert "seed.shop.orders (seeds/orders.csv)" in message


@pytest.mark.parametrize(
    ("date", "version", "expected"),
    [
        (
            "2020-01-01",
            1,
            {
                "DeprecatedModel": "Model orders.v1 has passed its deprecation date of 2020-01-01T",
                "DeprecatedReference": "v='2') }}.",
            },
        ),
        ("2999-01-01", 1, {"UpcomingReferenceDeprecation": "is slated for deprecation on '2999-"}),
    ],
)
def test_deprecation_is_warned_of(
    write_project: WriteProject, date: str, version: int, expected: dict[str, str]
) -> None:
    properties = f"    versions: [{{v: 1, deprecation_date: {date}}}, {{v: 2}}]\n"
    files = {
        **with_versions(properties),
        "models/report.sql": f"select * from {{{{ ref('orders', v={version}) }}}}",
    }

    parsed = parse(write_project(files))

    found = {warning.name: warning.message for warning in parsed.warnings}
    assert found.keys() == expected.keys()
    assert all(expected[name] in found[name] for name in expected)


def test_deprecation_date_that_is_no_date_is_named(write_project: WriteProject) -> None:
    files = {"models/m.sql": "select 1", "models/s.yml": "models:\n  - name: m\n"}
    files["models/s.yml"] += "    deprecation_date: soon\n"

    assert str(failure(write_project(files))) == (
        "models/s.yml:3:5: deprecation_date 'soon' is no date. Write it as in 2030-12-31."
    )
