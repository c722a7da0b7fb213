"""Where a node's configuration comes from, and what goes before what.

Low to high: the project's tree from general to specific, the properties, the file's own
`config()`; for a package's node the root project's tree comes last. The values expected are
those of dbt 1.10.23.
"""

from __future__ import annotations

import pytest
from headrace.engine.manifest.nodes.node import Hook, Node
from headrace.engine.workspace.loaded_project import manifest_of

from ..conftest import WriteProject
from .support import Parsed, failure, parse

PROJECT = """\
name: shop
version: '1.0'
profile: shop
models:
  +tags: [everything]
  +meta: {level: top, top: 1}
  +pre-hook: "select 'top'"
  shop:
    +materialized: table
    +tags: shop
    +meta: {level: shop, shop: 1}
    +pre-hook: ["select 'shop'"]
    +grants: {select: [a]}
    +quoting: {identifier: false}
    staging:
      materialized: view
      +pre-hook: {sql: "select 'staging'", transaction: false}
      +grants: {+select: [b]}
      +enabled: "{{ var('wanted', true) }}"
      +column_types: {a: text}
      stg:
        +tags: [own, shop]
        +alias: the_stg
  util:
    +materialized: table
    +tags: [root]
    +meta: {who: root}
    +enabled: true
seeds: {shop: {+quote_columns: true, +column_types: {a: text}}}
sources: {shop: {+meta: {m: 1}}}
"""
PROPERTIES = """\
models:
  - name: stg
    config:
      tags: [props]
      meta: {level: props, props: 1}
      materialized: incremental
      pre-hook: "select 'props'"
      grants: {select: [x]}
  - name: beside
    meta: {a: beside, b: beside}
    tags: [beside]
    config: {tags: [config]}
sources:
  - name: raw
    config: {tags: [src], meta: {s: 1, m: 2}}
    tables:
      - name: t
        config: {tags: [tbl], meta: {t: 1}}
      - name: gone
        config: {enabled: false}
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "models/s.yml": PROPERTIES,
    "models/staging/stg.sql": "{{ config(tags=['infile'], meta={'level': 'file'}, "
    "pre_hook='select 1', grants={'+select': ['c']}) }}select 1",
    "models/staging/plain.sql": "select 1",
    "models/marts/two.sql": "{{ config(tags='x', meta={'a': 1}, alias='n1', post_hook='p1') }}"
    "{{ config(tags='y', meta={'b': 2}, alias='n2', post_hook='p2') }}select 1",
    "models/marts/beside.sql": "select 1",
    "seeds/s.csv": "a\n1\n",
    "packages.yml": "packages: [{local: ../util}]\n",
    "dbt_packages/util/dbt_project.yml": "name: util\nversion: '1.0'\n"
    "models: {util: {+materialized: incremental, +tags: [pkg], +meta: {who: pkg, p: 1}}}\n",
    "dbt_packages/util/models/u.sql": "{{ config(materialized='view', tags='file', "
    "enabled=false, meta={'who': 'file'}) }}select 1",
}


@pytest.fixture
def parsed(write_project: WriteProject) -> Parsed:
    return parse(write_project(FILES))


def values(node: Node, *keys: str) -> dict[str, object]:
    return {key: node.config.values.get(key) for key in keys}


def test_specific_entry_of_the_tree_goes_before_a_general_one(parsed: Parsed) -> None:
    plain = parsed.node("plain")

    assert plain.config.materialized == "view"
    assert plain.config.meta == {"level": "shop", "top": 1, "shop": 1}
    assert parsed.node("two").config.materialized == "table"


def test_properties_go_before_the_tree_and_the_file_before_both(parsed: Parsed) -> None:
    stg = parsed.node("stg")

    assert stg.config.materialized == "incremental"
    assert stg.config.meta == {"level": "file", "top": 1, "shop": 1, "props": 1}
    assert stg.alias == "the_stg"


def test_tags_add_up_from_general_to_specific_and_a_node_has_each_once(parsed: Parsed) -> None:
    stg = parsed.node("stg")

    assert stg.config.tags == ("everything", "shop", "own", "shop", "props", "infile")
    assert sorted(stg.tags) == ["everything", "infile", "own", "props", "shop"]


def test_hooks_add_up_from_general_to_specific(parsed: Parsed) -> None:
    assert parsed.node("stg").config.pre_hook == (
        Hook("select 'top'"),
        Hook("select 'shop'"),
        Hook("select 'staging'", transaction=False),
        Hook("select 'props'"),
        Hook("select 1"),
    )


def test_grants_replace_unless_they_are_written_with_a_plus(parsed: Parsed) -> None:
    assert values(parsed.node("plain"), "grants") == {"grants": {"select": ["a", "b"]}}
    assert values(parsed.node("stg"), "grants") == {"grants": {"select": ["x", "c"]}}


def test_two_config_calls_of_a_file_are_merged_as_levels_are(parsed: Parsed) -> None:
    two = parsed.node("two")

    assert two.config.tags == ("everything", "shop", "x", "y")
    assert two.config.meta == {"level": "shop", "top": 1, "shop": 1, "a": 1, "b": 2}
    assert two.config.post_hook == (Hook("p1"), Hook("p2"))
    assert two.alias == "n2"


def test_what_stands_under_config_goes_before_what_stands_beside_it(parsed: Parsed) -> None:
    beside = parsed.node("beside")

    assert beside.config.tags == ("everything", "shop", "config")
    assert beside.config.meta["a"] == "beside"


def test_root_project_goes_before_a_packages_own_file(parsed: Parsed) -> None:
    u = parsed.node("u")

    assert u.config.enabled
    assert u.config.materialized == "table"
    assert u.config.tags == ("pkg", "file", "everything", "root")
    assert u.config.meta == {"who": "root", "p": 1, "level": "top", "top": 1}


def test_table_of_a_source_goes_before_the_source_and_that_before_the_tree(parsed: Parsed) -> None:
    source = parsed.node("t")

    assert source.config.meta == {"m": 2, "s": 1, "t": 1}
    assert source.config.tags == ("src", "tbl")
    assert [node.name for node in parsed.manifest.disabled.values()] == ["gone"]


def test_seed_is_configured_by_the_tree_of_seeds(parsed: Parsed) -> None:
    seed = parsed.node("s")

    assert seed.config.quote_columns is True
    assert seed.config.column_types == {"a": "text"}


def test_unrendered_configuration_is_what_was_written_last_of_each_key(parsed: Parsed) -> None:
    plain, u = parsed.node("plain"), parsed.node("u")

    assert plain.unrendered_config == {
        "tags": "shop",
        "meta": {"level": "shop", "shop": 1},
        "pre_hook": {"sql": "select 'staging'", "transaction": False},
        "materialized": "view",
        "grants": {"+select": ["b"]},
        "quoting": {"identifier": False},
        "enabled": "{{ var('wanted', true) }}",
        "column_types": {"a": "text"},
    }
    assert u.unrendered_config["enabled"] is True
    assert u.unrendered_config["tags"] == ["root"]


def test_variable_of_the_command_line_reaches_the_tree(write_project: WriteProject) -> None:
    parsed = parse(write_project(FILES), vars={"wanted": False})

    disabled = {node.name for node in parsed.manifest.disabled.values()}
    assert disabled == {"stg", "plain", "gone"}


@pytest.mark.parametrize(
    ("tree", "properties", "in_file", "expected"),
    [
        ("true", None, None, True),
        ("false", None, None, False),
        ("false", "true", None, True),
        ("true", "false", None, False),
        ("false", "false", "true", True),
        (None, "true", "false", False),
        (None, None, None, True),
    ],
)
def test_model_is_enabled_by_whoever_comes_last(
    write_project: WriteProject,
    tree: str | None,
    properties: str | None,
    in_file: str | None,
    expected: bool,
) -> None:
    project = "name: shop\nversion: '1.0'\nprofile: shop\n"
    files = {"dbt_project.yml": project, "models/m.sql": "select 1"}
    if tree:
        files["dbt_project.yml"] += f"models: {{shop: {{+enabled: {tree}}}}}\n"
    if properties:
        files["models/s.yml"] = f"models: [{{name: m, config: {{enabled: {properties}}}}}]"
    if in_file:
        files["models/m.sql"] = f"{{{{ config(enabled={in_file}) }}}}select 1"

    parsed = parse(write_project(files))

    assert ("model.shop.m" in parsed.manifest.nodes) is expected
    assert ("model.shop.m" in parsed.manifest.disabled) is not expected


def test_condition_in_a_file_decides_about_its_configuration(write_project: WriteProject) -> None:
    source = (
        "{% if var('big', false) %}{{ config(materialized='table') }}"
        "{% else %}{{ config(materialized='ephemeral') }}{% endif %}select 1"
    )
    root = write_project({"models/m.sql": source})

    assert parse(root).node("m").config.materialized == "ephemeral"
    assert parse(root, vars={"big": True}).node("m").config.materialized == "table"


def test_macro_that_a_model_calls_may_configure_it(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/mart.sql": "{% macro mart(name) %}"
            "{{ config(materialized='table', tags=['mart', name]) }}{% endmacro %}",
            "models/m.sql": "{{ mart('sales') }}{{ config(tags='own') }}select 1",
        }
    )

    config = parse(root).node("m").config

    assert (config.materialized, config.tags) == ("table", ("mart", "sales", "own"))


def test_properties_may_hold_jinja_and_keep_the_types_that_it_gives(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/m.sql": "select 1",
            "models/s.yml": "models:\n"
            "  - name: m\n"
            "    config:\n"
            "      enabled: \"{{ target.name == 'dev' }}\"\n"
            "      tags: \"{{ ['a', 'b'] }}\"\n"
            "      alias: \"m_{{ var('suffix', 1) }}\"\n"
            '      post-hook: "grant {{ this }}"\n',
        }
    )

    model = parse(root).node("m")

    assert model.config.tags == ("a", "b")
    assert model.alias == "m_1"
    assert model.config.post_hook == (Hook("grant {{ this }}"),)


def test_folder_of_the_tree_that_matches_nothing_is_warned_of(write_project: WriteProject) -> None:
    project = (
        "name: shop\nversion: '1.0'\nprofile: shop\n"
        "models: {shop: {stagin: {+materialized: table}}}\n"
    )
    root = write_project({"dbt_project.yml": project, "models/staging/m.sql": "select 1"})

    (warning,) = parse(root).warnings

    assert warning.name == "UnusedResourceConfigPath"
    assert "- models.shop.stagin" in warning.message


def test_disabled_models_of_one_name_are_all_kept(write_project: WriteProject) -> None:
    files = {f"models/{folder}/m.sql": "{{ config(enabled=false) }}" for folder in "abc"}
    tree = "models: {shop: {a: {+tags: [x]}, b: {+tags: [x]}, c: {+tags: [x]}}}\n"
    head = "name: shop\nversion: '1.0'\nprofile: shop\n"

    parsed = parse(write_project(files | {"dbt_project.yml": head + tree}))

    written = manifest_of(parsed.project, {}).as_dict()["disabled"]["model.shop.m"]
    assert sorted(node["path"] for node in written) == ["a/m.sql", "b/m.sql", "c/m.sql"]
    assert parsed.warnings == ()


def test_properties_can_not_enable_one_of_several_of_a_name(write_project: WriteProject) -> None:
    files = {f"models/{folder}/m.sql": "{{ config(enabled=false) }}" for folder in "abc"}
    entry = "models: [{name: m, config: {enabled: true}}]"

    error = failure(write_project(files | {"models/s.yml": entry}))

    assert "Found 3 matching disabled nodes for model 'm'" in str(error)
    assert str(error.location) == "models/s.yml:1:11"
