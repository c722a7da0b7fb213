"""Configuration by folder, and how configurations merge."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import ParseError
from headrace.engine.project.config_tree import (
    Config,
    ConfigTree,
    finish_config,
    merge_config,
    tree_config,
    unused_paths,
    unused_paths_warning,
)
from hypothesis import given
from hypothesis import strategies as st

TREE: Config = {
    "+tags": "all",
    "shop": {
        "materialized": "view",
        "+meta": {"owner": "me"},
        "staging": {
            "+materialized": "table",
            "+pre-hook": "select 1",
            "+tags": ["staging"],
            "stg_orders": {"enabled": False},
        },
        2023: {"+alias": "year"},
    },
    "other": {"+schema": "other"},
}


def test_levels_go_from_general_to_specific() -> None:
    levels = ConfigTree(TREE).levels(["shop", "staging", "stg_orders"])

    assert levels == [
        {"tags": "all"},
        {"materialized": "view", "meta": {"owner": "me"}},
        {"materialized": "table", "pre_hook": "select 1", "tags": ["staging"]},
        {"enabled": False},
    ]
    assert tree_config(TREE, ["shop", "staging", "stg_orders"]) == levels


def test_levels_end_where_the_tree_has_no_such_folder() -> None:
    tree = ConfigTree(TREE)

    assert tree.levels(["shop", "marts", "staging"]) == tree.levels(["shop"])
    assert tree.levels(["shop", "materialized"]) == tree.levels(["shop"])
    assert tree.levels(["shop", "+meta", "owner"]) == tree.levels(["shop"])


def test_folder_that_yaml_takes_for_a_number_is_matched() -> None:
    assert ConfigTree(TREE).levels(["shop", "2023"])[-1] == {"alias": "year"}


def test_merged_is_all_levels_as_one() -> None:
    assert ConfigTree(TREE).merged(["shop", "staging", "stg_customers"]) == {
        "tags": ["all", "staging"],
        "materialized": "table",
        "meta": {"owner": "me"},
        "pre_hook": ["select 1"],
    }


@pytest.mark.parametrize(
    ("low", "high", "merged"),
    [
        ({"materialized": "view"}, {"materialized": "table"}, {"materialized": "table"}),
        ({"persist_docs": {"a": 1}}, {"persist_docs": {"b": 2}}, {"persist_docs": {"b": 2}}),
        ({"tags": ["a", "b"]}, {"tags": ["b", "c"]}, {"tags": ["a", "b", "b", "c"]}),
        ({"tags": "a"}, {}, {"tags": ["a"]}),
        ({}, {"tags": None}, {"tags": []}),
        ({"meta": {"a": 1, "b": 1}}, {"meta": {"b": 2}}, {"meta": {"a": 1, "b": 2}}),
        ({"meta": None}, {"meta": {"b": 2}}, {"meta": {"b": 2}}),
        ({"quoting": {"a": True}}, {"quoting": {"b": True}}, {"quoting": {"a": True, "b": True}}),
        ({"pre-hook": "x"}, {"pre_hook": ["y", "x"]}, {"pre_hook": ["x", "y", "x"]}),
        (
            {"post_hook": {"sql": "x", "transaction": False}},
            {"post-hook": "y"},
            {"post_hook": [{"sql": "x", "transaction": False}, "y"]},
        ),
        ({"grants": {"select": "a"}}, {"grants": {"select": "b"}}, {"grants": {"select": ["b"]}}),
        (
            {"grants": {"select": ["a"], "insert": "x"}},
            {"grants": {"+select": "b"}},
            {"grants": {"select": ["a", "b"], "insert": ["x"]}},
        ),
        ({}, {"grants": {"+select": "b"}}, {"grants": {"select": ["b"]}}),
    ],
)
def test_keys_merge_each_in_its_way(low: Config, high: Config, merged: Config) -> None:
    assert finish_config(merge_config(low, high)) == merged


def test_merging_changes_neither_side() -> None:
    low: Config = {"tags": ["a"], "meta": {"a": 1}, "grants": {"select": ["a"]}}
    high: Config = {"tags": ["b"], "meta": {"b": 1}, "grants": {"+select": ["b"]}}

    merge_config(low, high)

    assert low == {"tags": ["a"], "meta": {"a": 1}, "grants": {"select": ["a"]}}
    assert high == {"tags": ["b"], "meta": {"b": 1}, "grants": {"+select": ["b"]}}


@pytest.mark.parametrize(
    "config", [{"meta": ["a"]}, {"tags": {"a": 1}}, {"tags": [["a"]]}, {"grants": "select"}]
)
def test_value_of_the_wrong_kind_is_refused_by_its_key(config: Config) -> None:
    with pytest.raises(ParseError, match=f"^'{next(iter(config))}' must be "):
        merge_config({}, config)


words = st.sampled_from(["a", "b", "c"])
listed = words | st.lists(words, max_size=3) | st.none()
grants = st.dictionaries(st.sampled_from(["select", "+select", "insert", "+insert"]), listed)
configs = st.fixed_dictionaries(
    {},
    optional={
        "tags": listed,
        "meta": st.dictionaries(words, st.integers(0, 3), max_size=2),
        "pre-hook": listed,
        "pre_hook": listed,
        "grants": grants,
        "materialized": words,
        "persist_docs": st.dictionaries(words, st.booleans(), max_size=2),
    },
).filter(lambda config: not {"pre-hook", "pre_hook"} <= config.keys())


@given(configs, configs, configs)
def test_merging_is_associative(low: Config, middle: Config, high: Config) -> None:
    from_below = merge_config(merge_config(low, middle), high)
    from_above = merge_config(low, merge_config(middle, high))

    assert finish_config(from_below) == finish_config(from_above)


@given(configs)
def test_merging_with_nothing_changes_nothing(config: Config) -> None:
    once = merge_config({}, config)

    assert merge_config(once, {}) == once == merge_config({}, once)


@pytest.mark.parametrize(
    "config",
    [
        {"pre-hook": "select 1", "pre_hook": "select 2"},
        {"post_hook": ["select 1"], "post-hook": []},
    ],
)
def test_hook_that_is_given_under_two_names_is_refused(config: Config) -> None:
    with pytest.raises(ParseError, match="are the same configuration, and both are given"):
        merge_config({}, config)
    with pytest.raises(ParseError, match="are the same configuration, and both are given"):
        ConfigTree({"shop": {f"+{key}": value for key, value in config.items()}})


def test_unused_paths_are_those_without_a_node() -> None:
    used = [["shop", "marts", "orders"], ["shop", "staging", "stg_orders"]]

    assert unused_paths(TREE, used) == ["shop.2023", "other"]


def test_folder_that_configures_nothing_is_not_unused() -> None:
    assert unused_paths({"shop": {"staging": {}}}, []) == []


def test_warning_counts_and_lists_unused_paths() -> None:
    warning = unused_paths_warning(
        {"models": TREE, "seeds": {"+schema": "raw"}, "tests": {}},
        {"models": [["shop", "staging", "stg_orders"], ["other", "x"]]},
    )

    assert warning is not None
    assert warning.name == "UnusedResourceConfigPath"
    assert warning.message == (
        "Configuration paths exist in your dbt_project.yml file which do not apply to any "
        "resources.\nThere are 2 unused configuration paths:\n- models.shop.2023\n- seeds"
    )


def test_there_is_no_warning_where_all_is_used() -> None:
    assert unused_paths_warning({"models": {"a": {"+x": 1}}}, {"models": [["a", "m"]]}) is None
