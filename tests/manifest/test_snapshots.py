"""Snapshots as they are written: blocks in files, and entries of properties files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from headrace.engine.core.errors import ParseError
from headrace.engine.manifest.artifact.node_dicts import config_dict, node_dict
from headrace.engine.manifest.jinja.snapshot_blocks import snapshot_blocks
from headrace.engine.manifest.nodes.snapshot_node import Snapshot
from hypothesis import given
from hypothesis import strategies as st

from .support import failure, parse

WriteProject = Callable[[Mapping[str, str]], Path]

CONFIG = "{{ config(strategy='check', unique_key='id', check_cols='all') }}"
ORDERS = {"models/orders.sql": "select 1 as id"}


def block(name: str, config: str = CONFIG, sql: str = "select * from {{ ref('orders') }}") -> str:
    return f"{{% snapshot {name} %}}\n{config}\n{sql}\n{{% endsnapshot %}}\n"


def test_file_may_hold_several_snapshots(write_project: WriteProject) -> None:
    root = write_project(
        {
            **ORDERS,
            "snapshots/deep/two.sql": "{# {% snapshot no %} #}\n"
            + block("one")
            + "{%- snapshot other -%} "
            + CONFIG
            + "select 1 as id{%- endsnapshot -%}",
        }
    )

    parsed = parse(root)

    one, other = parsed.node("one"), parsed.node("other")
    assert isinstance(one, Snapshot)
    assert one.unique_id == "snapshot.shop.one"
    assert one.fqn == ("shop", "deep", "two", "one")
    assert one.path == "deep/two.sql"
    assert one.original_file_path == "snapshots/deep/two.sql"
    assert one.build_path == "shop/snapshots/deep/two.sql/one.sql"
    assert (one.schema, one.alias) == ("main", "one")
    assert parsed.parents("one") == ("model.shop.orders",)
    assert other.build_path == "shop/snapshots/deep/two.sql/other.sql"
    assert parsed.parents("other") == ()
    assert (2, "snapshots") in parsed.manifest.counts()
    assert not parsed.warnings


def test_snapshot_alone_in_its_file_is_compiled_to_that_path(write_project: WriteProject) -> None:
    root = write_project({**ORDERS, "snapshots/file.sql": block("one")})

    node = parse(root).node("one")

    assert node.build_path == "shop/snapshots/file.sql"
    assert node_dict(node)["raw_code"] == f"\n{CONFIG}\nselect * from {{{{ ref('orders') }}}}\n"


def test_snapshot_may_be_an_entry_of_a_properties_file(write_project: WriteProject) -> None:
    text = """
snapshots:
  - name: kept
    relation: ref('orders')
    description: All of them.
    config: {strategy: timestamp, unique_key: [id, part], updated_at: at, tags: night}
    columns:
      - name: id
        description: The number.
        data_tests: [unique]
"""
    root = write_project({**ORDERS, "snapshots/deep/kept.yml": text})

    parsed = parse(root)

    node = parsed.node("kept")
    assert isinstance(node, Snapshot)
    assert node.fqn == ("shop", "deep", "kept")
    assert node.code == "select * from {{ ref('orders') }}"
    assert (node.original_file_path, node.line) == ("snapshots/deep/kept.yml", 4)
    assert node.config.unique_key == ("id", "part")
    assert node.config.tags == ("night",)
    assert (node.description, node.columns["id"].description) == ("All of them.", "The number.")
    assert parsed.parents("kept") == ("model.shop.orders",)
    assert parsed.parents("unique_kept_id") == ("snapshot.shop.kept",)
    assert parsed.node("unique_kept_id").fqn == ("shop", "deep", "unique_kept_id")


def test_properties_describe_and_configure_a_block(write_project: WriteProject) -> None:
    files = {
        **ORDERS,
        "snapshots/s.sql": block("kept", "", "select 1 as id"),
        "snapshots/s.yml": "snapshots:\n  - name: kept\n    description: Kept.\n"
        "    config: {strategy: check, check_cols: [id]}\n  - {name: kebt}\n",
        "dbt_project.yml": "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
        "snapshots: {shop: {+unique_key: id, +tags: [all]}, none: {+tags: [x]}}\n",
    }

    parsed = parse(write_project(files))

    node = parsed.node("kept")
    assert (node.description, node.config.unique_key) == ("Kept.", "id")
    assert node.config.tags == ("all",)
    unused, unmatched = (
        parsed.warnings if parsed.warnings[0].name[0] == "U" else [*reversed(parsed.warnings)]
    )
    assert "- snapshots.none" in unused.message
    assert "patch with name 'kebt' in the 'snapshots' section" in unmatched.message


@pytest.mark.parametrize(
    ("config", "schema", "alias"),
    [
        ("schema='history'", "main_history", "kept"),
        ("target_schema='history'", "history", "kept"),
        ("schema='no', target_schema='history', alias='other'", "history", "other"),
    ],
)
def test_place_of_a_snapshot(
    write_project: WriteProject, config: str, schema: str, alias: str
) -> None:
    given_config = CONFIG.replace("config(", f"config({config}, ")
    root = write_project({**ORDERS, "snapshots/s.sql": block("kept", given_config)})

    node = parse(root).node("kept")

    assert (node.schema, node.alias) == (schema, alias)


def test_generate_schema_name_counts_for_snapshots(write_project: WriteProject) -> None:
    files = {
        **ORDERS,
        "macros/names.sql": "{% macro generate_schema_name(custom_schema_name, node) %}"
        "{{ node.resource_type }}_{{ custom_schema_name }}{% endmacro %}",
        "snapshots/s.sql": block("kept", CONFIG.replace("config(", "config(schema='x', "))
        + block("placed", CONFIG.replace("config(", "config(target_schema='there', ")),
    }

    parsed = parse(write_project(files))

    assert parsed.node("kept").schema == "snapshot_x"
    assert parsed.node("placed").schema == "there"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("unique_key='id'", "must be configured with a 'strategy' and 'unique_key'"),
        ("strategy='check'", "must be configured with a 'strategy' and 'unique_key'"),
        ("strategy='check', unique_key='id'", "must specify a check_cols configuration"),
        (
            "strategy='check', unique_key='id', check_cols='name'",
            "Invalid value for 'check_cols': name. Expected 'all' or a list of strings.",
        ),
        ("strategy='timestamp', unique_key='id'", "must specify an updated_at configuration"),
        (
            "strategy='timestamp', unique_key='id', updated_at='at', check_cols='all'",
            "A 'timestamp' snapshot should not have 'check_cols'",
        ),
        ("strategy='own', unique_key='id', hard_deletes='ignored'", "Did you mean 'ignore'?"),
        (
            "strategy='own', unique_key='id', hard_deletes='ignore', invalidate_hard_deletes=true",
            "You cannot set both",
        ),
        (
            "strategy='own', unique_key='id', snapshot_meta_column_names={'dbt_valid_tu': 'x'}",
            "Did you mean 'dbt_valid_to'?",
        ),
    ],
)
def test_configuration_that_is_not_whole_is_refused(
    write_project: WriteProject, config: str, message: str
) -> None:
    text = "\n\n" + block("kept", "{{ config(" + config + ") }}")

    error = failure(write_project({**ORDERS, "snapshots/s.sql": text}))

    assert message in str(error)
    assert str(error).startswith("snapshots/s.sql:3: snapshot 'kept': ")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\n{% snapshot kept %} select 1", 2, "the snapshot 'kept' is never closed"),
        (
            "{% snapshot a %}\n{% snapshot b %}{% endsnapshot %}",
            2,
            "a snapshot begins here inside of 'a'",
        ),
        ("{% snapshot %}{% endsnapshot %}", 1, "begins with its name"),
        (
            "{% if true %}\n{% snapshot a %}{% endsnapshot %}{% endif %}",
            2,
            "a snapshot can't stand inside of {% if %}",
        ),
    ],
)
def test_block_that_can_not_be_read_is_refused(
    write_project: WriteProject, text: str, line: int, message: str
) -> None:
    error = failure(write_project({"snapshots/s.sql": text}))

    assert message in str(error)
    assert str(error).startswith(f"snapshots/s.sql:{line}: ")


def test_code_that_says_more_than_literals_is_rendered(write_project: WriteProject) -> None:
    config = (
        "{% set key = 'id' %}{{ config(strategy='check', unique_key=key, check_cols=[key]) }}"
        "{% if target.name == 'dev' %}{{ config(schema='dev') }}{% endif %}"
    )
    root = write_project({**ORDERS, "snapshots/s.sql": "\n\n" + block("kept", config)})

    parsed = parse(root)

    node = parsed.node("kept")
    assert (node.schema, node.config.unique_key) == ("main_dev", "id")
    assert parsed.parents("kept") == ("model.shop.orders",)


def test_relation_that_is_no_ref_is_refused(write_project: WriteProject) -> None:
    text = "snapshots:\n  - name: kept\n    relation: orders\n"

    error = failure(write_project({**ORDERS, "snapshots/s.yml": text}))

    assert str(error).startswith("snapshots/s.yml:3")
    assert "must be ref('…') or source('…', '…')" in str(error)


def test_reference_that_leads_nowhere_is_placed_in_the_file(write_project: WriteProject) -> None:
    text = "\n\n" + block("kept", sql="select *\nfrom {{ ref('oders') }}")

    error = failure(write_project({**ORDERS, "snapshots/s.sql": text}))

    assert str(error).startswith("snapshots/s.sql:6: ")
    assert "Did you mean 'orders'?" in str(error)


def test_name_that_is_a_models_already_is_refused(write_project: WriteProject) -> None:
    error = failure(write_project({**ORDERS, "snapshots/s.sql": block("orders", sql="select 1")}))

    assert "two resources have the name 'orders'" in str(error)


def test_table_that_is_a_models_already_is_refused(write_project: WriteProject) -> None:
    config = CONFIG.replace("config(", "config(alias='Orders', ")
    error = failure(write_project({**ORDERS, "snapshots/s.sql": block("kept", config)}))

    assert 'the database representation "main.Orders"' in str(error)


def test_snapshot_that_is_disabled_need_not_be_whole(write_project: WriteProject) -> None:
    root = write_project(
        {**ORDERS, "snapshots/s.sql": block("kept", "{{ config(enabled=false) }}")}
    )

    assert "snapshot.shop.kept" in parse(root).manifest.disabled


def test_manifest_shows_every_name_of_a_meta_column(write_project: WriteProject) -> None:
    names = "snapshot_meta_column_names={'dbt_valid_to': 'ended'}"
    config = CONFIG.replace("config(", f"config({names}, ")
    node = parse(write_project({**ORDERS, "snapshots/s.sql": block("kept", config)})).node("kept")

    shown: dict[str, Any] = config_dict(node)

    assert shown["snapshot_meta_column_names"]["dbt_valid_to"] == "ended"
    assert shown["snapshot_meta_column_names"]["dbt_scd_id"] is None
    assert (shown["materialized"], shown["strategy"]) == ("snapshot", "check")
    assert msgspec.json.encode(node_dict(node))


@given(st.text("{}%# \nab'", max_size=30))
def test_any_text_around_blocks_is_read_or_refused_in_words(text: str) -> None:
    try:
        found = list(snapshot_blocks(f"{text}\n{block('kept')}", "s.sql"))
    except ParseError:
        return
    assert [snapshot.name for snapshot in found] in (["kept"], [])
