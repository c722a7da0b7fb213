"""What is known of a schema: listed once, kept up to date, and listed again when asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from headrace.adapters.errors import ApproximateMatchError
from headrace.adapters.relation import Relation, RelationType
from headrace.adapters.relation_cache import RelationCache


def table(name: str, schema: str = "main") -> Relation:
    return Relation(None, schema, name, RelationType.TABLE)


def view(name: str, schema: str = "main") -> Relation:
    return Relation(None, schema, name, RelationType.VIEW)


class Catalog:
    """A database's listing, with a count of how often each schema was asked for."""

    def __init__(self, *relations: Relation, is_case_sensitive: bool = True) -> None:
        self.relations = list(relations)
        self.asked: list[str] = []
        self.asking: anyio.Event | None = None
        self.may_answer: anyio.Event | None = None
        adapter = SimpleNamespace(is_case_sensitive=is_case_sensitive, list_relations=self._list)
        self.cache = RelationCache(cast(Any, adapter))

    async def _list(self, schema: str) -> list[Relation]:
        self.asked.append(schema)
        found = [one for one in self.relations if (one.schema or "").lower() == schema.lower()]
        if self.asking is not None and self.may_answer is not None:
            self.asking.set()
            await self.may_answer.wait()
        return found


async def test_schema_is_listed_once_whatever_is_asked_of_it() -> None:
    catalog = Catalog(table("a"), view("b"), table("c", "other"))
    cache = catalog.cache

    await cache.fill(["main", "main"])

    assert await cache.find("main", "a") == table("a")
    assert await cache.find("main", "nothing") is None
    assert await cache.relations("main") == [table("a"), view("b")]
    assert await cache.views("main") == [view("b")]
    assert catalog.asked == ["main"]


async def test_each_question_lists_a_schema_that_is_not_known() -> None:
    for ask in ("find", "relations", "views", "starting_with"):
        catalog = Catalog(view("ab"))
        arguments = ("ab",) if ask in ("find", "starting_with") else ()

        found = await getattr(catalog.cache, ask)("main", *arguments)

        assert found == (view("ab") if ask == "find" else [view("ab")])
        assert catalog.asked == ["main"]


async def test_what_is_made_and_what_is_dropped_is_known_without_asking() -> None:
    catalog = Catalog(table("a"), table("b"))
    cache = catalog.cache
    await cache.fill(["main"])

    cache.add(view("c"))
    cache.add(view("a"))
    cache.drop(table("b"))
    cache.drop(table("nothing"))

    assert await cache.relations("main") == [view("a"), view("c")]
    assert await cache.find("main", "b") is None
    assert catalog.asked == ["main"]


async def test_what_is_noted_of_a_schema_that_is_not_known_is_left_to_its_listing() -> None:
    catalog = Catalog(table("a"))

    catalog.cache.add(table("b"))
    catalog.cache.drop(table("a"))

    assert await catalog.cache.relations("main") == [table("a")]


@pytest.mark.parametrize("again", ["refresh", "forget"])
async def test_what_others_changed_is_seen_once_the_schema_is_listed_again(again: str) -> None:
    catalog = Catalog(table("tmp_a"), view("v"))
    cache = catalog.cache
    await cache.starting_with("main", "tmp_")
    await cache.views("main")
    catalog.relations = [table("tmp_b"), view("w")]

    if again == "refresh":
        await cache.refresh("main")
    else:
        cache.forget("main")

    assert await cache.starting_with("main", "tmp_") == [table("tmp_b")]
    assert await cache.views("main") == [view("w")]
    assert await cache.find("main", "tmp_a") is None
    assert catalog.asked == ["main", "main"]


async def test_prefixes_and_views_are_told_as_they_stand_now() -> None:
    cache = Catalog(table("tmp_a"), table("tmp_b"), view("v"), view("w")).cache
    assert await cache.starting_with("main", "tmp_") == [table("tmp_a"), table("tmp_b")]
    assert await cache.views("main") == [view("v"), view("w")]

    cache.drop(table("tmp_a"))
    cache.drop(view("v"))

    assert await cache.starting_with("main", "tmp_") == [table("tmp_b")]
    assert await cache.views("main") == [view("w")]
    assert await cache.starting_with("main", "other_") == []


@pytest.mark.parametrize("change", ["made", "dropped"])
async def test_what_happens_while_a_schema_is_listed_is_newer_than_the_list(change: str) -> None:
    catalog = Catalog(table("a"), table("b"))
    catalog.asking, catalog.may_answer = anyio.Event(), anyio.Event()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(catalog.cache.refresh, "main")
        await catalog.asking.wait()
        if change == "made":
            catalog.cache.add(table("c"))
        else:
            catalog.cache.drop(table("a"))
        catalog.may_answer.set()

    names = [relation.identifier for relation in await catalog.cache.relations("main")]
    assert names == (["a", "b", "c"] if change == "made" else ["b"])


async def test_what_happened_before_a_listing_is_older_than_the_list() -> None:
    catalog = Catalog(table("a"))
    await catalog.cache.fill(["main"])
    catalog.cache.drop(table("a"))

    await catalog.cache.refresh("main")

    assert await catalog.cache.find("main", "a") == table("a")


async def test_listing_that_fails_leaves_what_was_known() -> None:
    catalog = Catalog(table("a"))
    await catalog.cache.fill(["main"])
    catalog.relations = cast(Any, None)

    with pytest.raises(TypeError):
        await catalog.cache.refresh("main")

    catalog.cache.add(table("b"))
    assert await catalog.cache.relations("main") == [table("a"), table("b")]


async def test_name_that_differs_in_case_is_an_error_where_case_counts() -> None:
    cache = Catalog(table("Orders")).cache

    with pytest.raises(ApproximateMatchError, match=r"main\.orders"):
        await cache.find("main", "orders")
    cache.drop(table("Orders"))
    assert await cache.find("main", "orders") is None
    cache.add(table("ORDERS"))
    with pytest.raises(ApproximateMatchError, match="ORDERS"):
        await cache.find("main", "orders")


async def test_name_that_differs_in_case_is_the_same_where_case_does_not_count() -> None:
    cache = Catalog(table("Orders", "Main"), is_case_sensitive=False).cache

    assert await cache.find("MAIN", "ORDERS") == table("Orders", "Main")
    cache.drop(table("oRDERS", "mAIN"))
    assert await cache.find("main", "orders") is None
