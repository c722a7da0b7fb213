"""manifest.json: the keys that dbt 1.10.23 writes, and the maps of the graph."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from headrace.engine.core.encoding import encode
from headrace.engine.workspace.loaded_project import manifest_of

from ..conftest import WriteProject
from .support import Parsed, parse

FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n"
    "models: {shop: {+tags: [proj], +pre-hook: select 1, +meta: {a: 1}}}\n",
    "models/orders.sql": "{{ config(materialized='table', post_hook='select 2') }}"
    "select 1 as id from {{ source('raw', 'orders') }}",
    "models/customers.sql": "select id, {{ cents('id') }} from {{ ref('orders') }}",
    "models/off.sql": "{{ config(enabled=false) }}select 1",
    "models/docs.md": "{% docs one %}A text.{% enddocs %}",
    "seeds/s.csv": "a,b\n1,2\n",
    "tests/single.sql": "select * from {{ ref('orders') }} where 1 = 0",
    "macros/cents.sql": "{% macro cents(column, scale=2) %}{{ column }} / 100{% endmacro %}\n",
    "models/s.yml": "models:\n"
    "  - name: orders\n"
    "    description: \"{{ doc('one') }}\"\n"
    "    columns: [{name: id, data_tests: [unique: {config: {severity: warn}}]}]\n"
    "sources: [{name: raw, tables: [{name: orders}]}]\n",
}

TOP = """
    child_map disabled docs exposures group_map groups macros metadata metrics nodes parent_map
    saved_queries selectors semantic_models sources unit_tests
"""
METADATA = """
    adapter_type dbt_schema_version dbt_version env generated_at invocation_id
    invocation_started_at project_id project_name quoting send_anonymous_usage_stats user_id
"""
NODE = """
    alias build_path checksum columns config created_at database description doc_blocks docs fqn
    group meta name original_file_path package_name patch_path path raw_code relation_name
    resource_type schema tags unique_id unrendered_config depends_on
"""
SEED = NODE + "root_path"
COMPILED = (
    NODE
    + """
    compiled compiled_code compiled_path contract extra_ctes extra_ctes_injected language metrics
    refs sources
"""
)
MODEL = (
    COMPILED + "access constraints deprecation_date latest_version primary_key time_spine version"
)
GENERIC_TEST = COMPILED + "attached_node column_name file_key_name test_metadata"
SOURCE = """
    columns config created_at database description doc_blocks external fqn freshness identifier
    loaded_at_field loaded_at_query loader meta name original_file_path package_name patch_path
    path quoting relation_name resource_type schema source_description source_meta source_name
    tags unique_id unrendered_config unrendered_database unrendered_schema
"""
MACRO = """
    arguments created_at depends_on description docs macro_sql meta name original_file_path
    package_name patch_path path resource_type supported_languages unique_id
"""
COLUMN = """
    config constraints data_type description doc_blocks granularity meta name quote tags
"""
RELATION_CONFIG = """
    alias batch_size begin column_types concurrent_batches contract database docs enabled
    event_time full_refresh grants group incremental_strategy lookback materialized meta
    on_configuration_change on_schema_change packages persist_docs post-hook pre-hook quoting
    schema tags unique_key
"""
MODEL_CONFIG = RELATION_CONFIG + "access freshness"
SEED_CONFIG = RELATION_CONFIG + "delimiter quote_columns"
TEST_CONFIG = """
    alias database enabled error_if fail_calc group limit materialized meta schema severity
    store_failures store_failures_as tags warn_if where
"""
SOURCE_CONFIG = "enabled event_time freshness loaded_at_field loaded_at_query meta tags"


@pytest.fixture
def parsed(write_project: WriteProject) -> Parsed:
    return parse(write_project(FILES))


def artifact(parsed: Parsed, compiled: dict[str, str] | None = None) -> dict[str, Any]:
    return dict(msgspec.json.decode(encode(manifest_of(parsed.project, compiled or {}).as_dict())))


def unique_test(parsed: Parsed) -> str:
    return parsed.node("unique_orders_id").unique_id


def test_top_level_and_metadata_have_dbts_keys(parsed: Parsed) -> None:
    document = artifact(parsed)

    assert set(document) == set(TOP.split())
    assert set(document["metadata"]) == set(METADATA.split())
    assert document["metadata"]["env"].keys() == {"HEADRACE_VERSION", "HEADRACE_VARS"}
    assert all(isinstance(value, str) for value in document["metadata"]["env"].values())
    assert document["metadata"]["dbt_schema_version"].endswith("/dbt/manifest/v12.json")
    assert document["metadata"]["adapter_type"] == "sqlite"


def test_nodes_have_the_keys_that_dbt_gives_to_their_kind(parsed: Parsed) -> None:
    nodes = artifact(parsed)["nodes"]

    kinds = {
        "model.shop.orders": (MODEL, MODEL_CONFIG),
        "seed.shop.s": (SEED, SEED_CONFIG),
        "test.shop.single": (COMPILED, TEST_CONFIG),
        unique_test(parsed): (GENERIC_TEST, TEST_CONFIG),
    }
    compiled = set("compiled compiled_code extra_ctes extra_ctes_injected".split())
    for unique_id, (keys, config_keys) in kinds.items():
        assert set(nodes[unique_id]) == set(keys.split()) - compiled, unique_id
        assert set(nodes[unique_id]["config"]) == set(config_keys.split()), unique_id


def test_sources_macros_and_columns_have_dbts_keys(parsed: Parsed) -> None:
    document = artifact(parsed)
    source = document["sources"]["source.shop.raw.orders"]

    assert set(source) == set(SOURCE.split())
    assert set(source["config"]) == set(SOURCE_CONFIG.split())
    assert set(document["macros"]["macro.shop.cents"]) == set(MACRO.split())
    assert set(document["nodes"]["model.shop.orders"]["columns"]["id"]) == set(COLUMN.split())


def test_maps_hold_every_node_with_its_neighbours_in_order(parsed: Parsed) -> None:
    document = artifact(parsed)
    test = unique_test(parsed)

    assert document["parent_map"] == {
        "model.shop.customers": ["model.shop.orders"],
        "model.shop.orders": ["source.shop.raw.orders"],
        "seed.shop.s": [],
        "source.shop.raw.orders": [],
        "test.shop.single": ["model.shop.orders"],
        test: ["model.shop.orders"],
    }
    assert document["child_map"] == {
        "model.shop.customers": [],
        "model.shop.orders": ["model.shop.customers", "test.shop.single", test],
        "seed.shop.s": [],
        "source.shop.raw.orders": ["model.shop.orders"],
        "test.shop.single": [],
        test: [],
    }


def test_model_says_what_dbts_readers_look_for(parsed: Parsed) -> None:
    model = artifact(parsed)["nodes"]["model.shop.orders"]

    assert model["resource_type"] == "model"
    assert model["relation_name"] == '"main"."orders"'
    assert model["original_file_path"] == "models/orders.sql"
    assert model["path"] == "orders.sql"
    assert model["fqn"] == ["shop", "orders"]
    assert model["depends_on"] == {"macros": [], "nodes": ["source.shop.raw.orders"]}
    assert model["sources"] == [["raw", "orders"]]
    assert model["tags"] == model["config"]["tags"] == ["proj"]
    assert model["config"]["materialized"] == "table"
    assert model["config"]["pre-hook"] == [{"sql": "select 1", "transaction": True, "index": None}]
    assert model["config"]["post-hook"][0]["sql"] == "select 2"
    assert model["patch_path"] == "shop://models/s.yml"
    assert model["description"] == "A text."
    assert model["checksum"]["name"] == "sha256"
    assert model["raw_code"] == FILES["models/orders.sql"]


def test_dependency_on_a_macro_is_recorded(parsed: Parsed) -> None:
    model = artifact(parsed)["nodes"]["model.shop.customers"]

    assert model["depends_on"]["macros"] == ["macro.shop.cents"]
    assert model["refs"] == [{"name": "orders", "package": None, "version": None}]


def test_macro_is_kept_as_its_author_wrote_it(parsed: Parsed) -> None:
    macro = artifact(parsed)["macros"]["macro.shop.cents"]

    assert macro["macro_sql"] == FILES["macros/cents.sql"].strip()
    assert macro["original_file_path"] == "macros/cents.sql"


def test_generic_test_says_what_it_tests_and_how(parsed: Parsed) -> None:
    test = artifact(parsed)["nodes"][unique_test(parsed)]

    assert test["attached_node"] == "model.shop.orders"
    assert test["column_name"] == "id"
    assert test["file_key_name"] == "models.orders"
    assert test["config"]["severity"] == "warn"
    assert test["test_metadata"] == {
        "name": "unique",
        "kwargs": {"column_name": "id", "model": "{{ get_where_subquery(ref('orders')) }}"},
        "namespace": None,
    }


def test_compiled_node_carries_its_sql(parsed: Parsed) -> None:
    nodes = artifact(parsed, {"model.shop.orders": "select 1"})["nodes"]

    assert nodes["model.shop.orders"]["compiled"] is True
    assert nodes["model.shop.orders"]["compiled_code"] == "select 1"
    assert nodes["model.shop.orders"]["compiled_path"] == ("target/compiled/shop/models/orders.sql")
    assert set(nodes["model.shop.orders"]) == set(MODEL.split())
    assert "compiled" not in nodes["model.shop.customers"]


def test_disabled_node_and_docs_block_are_listed(parsed: Parsed) -> None:
    document = artifact(parsed)

    assert [node["name"] for node in document["disabled"]["model.shop.off"]] == ["off"]
    assert document["docs"]["doc.shop.one"]["block_contents"] == "A text."


def test_tests_that_are_left_out_are_told_of_with_what_is_there(
    write_project: WriteProject,
) -> None:
    """As in dbt: packages that write down all tests find them in `graph` and the manifest."""
    properties = """
models:
  - name: quiet
    columns: [{name: a, data_tests: [unique]}]
  - name: absent
    columns: [{name: a, data_tests: [{relationships: {arguments: {to: ref('m'), field: a}}}]}]
"""
    files = {
        "models/m.sql": "select 1 as a",
        "models/quiet.sql": "{{ config(enabled=false) }}select 1 as a",
        "models/s.yml": properties,
    }

    parsed = parse(write_project(files))

    document = artifact(parsed)
    tests = {n["name"]: n for n in document["nodes"].values() if n["resource_type"] == "test"}
    assert list(parsed.manifest.nodes) == ["model.shop.m"]
    assert list(document["disabled"]) == ["model.shop.quiet"]
    told = {
        name: (test["config"]["enabled"], test["attached_node"], test["depends_on"]["nodes"])
        for name, test in tests.items()
    }
    assert told == {
        "unique_quiet_a": (False, "model.shop.quiet", []),
        "relationships_absent_a__a__ref_m_": (False, None, ["model.shop.m"]),
    }
    related = tests["relationships_absent_a__a__ref_m_"]["unique_id"]
    assert document["parent_map"][related] == ["model.shop.m"]
    assert document["child_map"]["model.shop.m"] == [related]
    assert [warning.name for warning in parsed.warnings] == [
        "NoNodeForYamlKey",
        "NodeNotFoundOrDisabled",
    ]


def test_key_of_the_artifacts_own_in_a_column_does_not_take_its_place(
    write_project: WriteProject,
) -> None:
    column = "{name: id, doc_blocks: 2, other: 3}"
    schema = f"models: [{{name: orders, columns: [{column}]}}]"
    parsed = parse(
        write_project({"models/orders.sql": "select 1 as id", "models/columns.yml": schema})
    )

    described = artifact(parsed)["nodes"]["model.shop.orders"]["columns"]["id"]

    assert (described["doc_blocks"], described["other"]) == ([], 3)
