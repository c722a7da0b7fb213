"""What counts as a difference between a node of an earlier run and today's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from headrace.engine.state.differences import (
    is_same_config,
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


@pytest.mark.parametrize(
    ("was", "is_now", "is_same"),
    [
        # An earlier version, as dbt does, noted only what an environment made of it.
        ("dev", "{{ target.name }}", True),
        ("prod", "{{ target.name }}", False),
        ("{{ target.name }}", "{{ target.name }}", True),
        ("{{ target.name | upper }}", "{{ target.name }}", False),
        ("{{ target.name }}", "dev", False),
        (None, "{{ target.name }}", False),
        ("dev", "prod", False),
    ],
)
def test_rendered_value_is_the_same_as_what_it_was_made_of(
    was: str | None, is_now: str, is_same: bool
) -> None:
    noted = {} if was is None else {"location": was}
    old = node("model", config={"location": was and was.strip("{} ")}, unrendered_config=noted)
    if was in ("dev", "prod"):
        old = replace(old, config={"location": was})
    new = node("model", config={"location": "dev"}, unrendered_config={"location": is_now})

    assert is_same_config(old, new) == is_same


@pytest.mark.parametrize(
    ("was", "is_now", "is_same"),
    [
        (["b", "a"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        ("a", ["a"], False),
        (["a"], "a", False),
        ([], None, True),
        (None, {}, True),
    ],
)
@pytest.mark.parametrize("key", ["tags", "meta"])
def test_order_of_a_collection_does_not_count(
    key: str, was: object, is_now: object, is_same: bool
) -> None:
    old, new = (
        node("model", unrendered_config={} if value is None else {key: value})
        for value in (was, is_now)
    )

    assert is_same_config(old, new) == is_same


@pytest.mark.parametrize(
    ("was", "is_now", "rendered", "is_same"),
    [
        # So dbt notes lists where it is to compare more of what is written.
        (["{{ x }}", "a"], ["{{ x }}"], ["a"], True),
        (["{{ x }}", "{{ x }}"], ["{{ x }}"], ["a"], True),
        (["{{ x }}", "b"], ["{{ x }}"], ["a"], False),
        (["a", "b"], ["a"], ["a"], False),
        ({"k": ["a", "a"]}, {"k": ["a"]}, {"k": ["a"]}, True),
        ({"k": ["a", "a"]}, {"l": ["a"]}, {"l": ["a"]}, False),
        ({"k": ["a", "b"]}, {"k": ["a"]}, {"k": ["a"]}, False),
        ({"k": "a"}, ["a"], ["a"], False),
        (["a"], {"k": "a"}, {"k": "a"}, False),
        ("a", ["a"], ["a"], False),
    ],
)
def test_list_that_is_noted_twice_is_the_same_as_once(
    was: object, is_now: object, rendered: object, is_same: bool
) -> None:
    old = node("model", unrendered_config={"partition_by": was})
    new = node(
        "model", config={"partition_by": rendered}, unrendered_config={"partition_by": is_now}
    )

    assert is_same_config(old, new) == is_same


@pytest.mark.parametrize(
    ("written", "rendered", "is_now", "is_same"),
    [
        ("crm", "crm", "crm", True),
        (None, "crm", "crm", True),
        (None, "crm", "erp", False),
        (None, "crm", "{{ var('crm') }}", True),
        ("crm", "crm", "{{ var('crm') }}", False),
        ("{{ var('crm') }}", "crm", "{{ var('crm') }}", True),
        ("{{ var('crm') }}", "crm", "{{ var('erp') }}", False),
        ("crm", "crm", None, True),
    ],
)
def test_schema_of_a_source_is_compared_as_written(
    written: str | None, rendered: str, is_now: str | None, is_same: bool
) -> None:
    old = replace(SOURCE, unrendered_schema=written, schema=rendered)

    assert is_same_source(old, replace(SOURCE, unrendered_schema=is_now)) == is_same
