"""What counts as a difference between a node of an earlier run and today's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from headrace.engine.state.differences import (
    is_same_declaration,
    is_same_persisted_description,
    is_same_source,
    is_same_to_refs,
    is_same_unit_test,
)
from headrace.engine.state.past_manifest import PastNode
from msgspec.structs import replace


@dataclass(frozen=True)
class Equal:
    """A value that equals another of its kind without being the same object."""

    of: str


def node(resource_type: str, **more: Any) -> PastNode:
    return PastNode(f"{resource_type}.shop.x", resource_type, **more)


MODEL = node("model", latest_version=Equal("2"), access="public", deprecation_date="2026-01-01")


def test_equal_values_are_the_same_also_as_other_objects() -> None:
    apart = replace(MODEL, latest_version=Equal("2"), deprecation_date="".join(["2026", "-01-01"]))

    assert is_same_to_refs(MODEL, apart)


@pytest.mark.parametrize(
    "change",
    [
        {"latest_version": Equal("3")},
        {"latest_version": None},
        {"access": "private"},
        {"deprecation_date": "2026-01-02"},
        {"deprecation_date": None},
    ],
)
def test_what_changes_for_those_who_refer_to_a_model_is_seen(change: dict[str, Any]) -> None:
    assert not is_same_to_refs(MODEL, replace(MODEL, **change))


def test_manifest_that_knows_no_access_says_nothing_of_it() -> None:
    assert is_same_to_refs(replace(MODEL, access=None), MODEL)
    assert not is_same_to_refs(MODEL, replace(MODEL, access=None))


@pytest.mark.parametrize("kind", ["exposure", "metric"])
def test_configuration_of_what_nothing_is_built_of_counts(kind: str) -> None:
    enabled = node(kind, config={"enabled": True, "meta": {"a": 1}}, unrendered_config={"meta": 1})

    assert is_same_declaration(enabled, replace(enabled))
    assert not is_same_declaration(enabled, replace(enabled, unrendered_config={"tags": "x"}))


@pytest.mark.parametrize("kind", ["exposure", "metric", "semantic_model", "saved_query"])
@pytest.mark.parametrize("key", ["description", "label", "owner", "entities", "tags"])
def test_only_the_keys_of_its_kind_count(kind: str, key: str) -> None:
    counted = {
        "exposure": {"description", "label", "owner"},
        "metric": {"description", "label"},
        "semantic_model": {"description", "entities"},
        "saved_query": {"description", "label", "tags"},
    }
    old, new = node(kind, unrendered_config={}), node(kind, unrendered_config={}, **{key: "other"})

    assert is_same_declaration(old, new) == (key not in counted[kind])


@pytest.mark.parametrize("key", ["model", "given", "expect", "overrides", "versions"])
def test_each_part_of_a_unit_test_counts(key: str) -> None:
    old = node("unit_test", model="m", given=[1], expect={"rows": []})

    assert is_same_unit_test(old, replace(old))
    assert not is_same_unit_test(old, replace(old, **{key: Equal("other")}))


SOURCE = node(
    "source",
    fqn=["shop", "crm", "orders"],
    identifier="orders",
    unrendered_database="prod",
    unrendered_schema="crm",
    quoting={"identifier": True, "schema": None},
    freshness={"warn_after": {"count": 1, "period": "day"}, "filter": None},
    loaded_at_field="at",
    external={"location": "s3"},
    unrendered_config={},
)


@pytest.mark.parametrize(
    "change",
    [
        {"fqn": ["shop", "other", "orders"]},
        {"identifier": "orders_2"},
        {"unrendered_database": "dev"},
        {"unrendered_schema": "erp"},
        {"quoting": {"identifier": False}},
        {"freshness": {"warn_after": {"count": 2, "period": "day"}}},
        {"loaded_at_field": "updated_at"},
        {"external": None},
        {"unrendered_config": {"enabled": "x"}},
    ],
)
def test_each_part_of_a_source_counts(change: dict[str, Any]) -> None:
    assert not is_same_source(SOURCE, replace(SOURCE, **change))


def test_what_is_empty_in_a_source_is_as_what_is_not_there() -> None:
    bare = replace(
        SOURCE,
        quoting={"identifier": True},
        freshness={"warn_after": {"count": 1, "period": "day"}},
    )

    assert is_same_source(SOURCE, bare)


@pytest.mark.parametrize(
    ("persisted", "is_same"),
    [({}, True), ({"relation": True}, False), ({"columns": True}, True), ({"relation": 0}, True)],
)
def test_description_counts_where_the_database_is_told_it(
    persisted: dict[str, object], is_same: bool
) -> None:
    old = node("model", description="every order", config={"persist_docs": persisted})

    assert is_same_persisted_description(old, replace(old, description="each order")) == is_same
