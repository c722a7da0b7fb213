"""What is known of a schema: listed once, kept up to date, and listed again when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from headrace.adapters.errors import ApproximateMatchError
from headrace.adapters.relation import Namespace, Relation, RelationType
from headrace.adapters.relation_cache import RelationCache
from headrace.adapters.testing import Script, ScriptedAdapter

from .support import make_target, sqlite_adapter

MAIN = Namespace(None, "main")


def table(name: str, schema: str = "main") -> Relation:
    return Relation(None, schema, name, RelationType.TABLE)


def view(name: str, schema: str = "main") -> Relation:
    return Relation(None, schema, name, RelationType.VIEW)


class Listed(ScriptedAdapter):
    """A database whose listing is given, and is said to take its time."""

    is_case_sensitive = True

    def __init__(self, catalog: Catalog) -> None:
        target = make_target("testing", Path(), {})
        super().__init__(replace(target, database="shop"), Script())
        self._given = catalog

    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        return await self._given.list(namespace)


class ListedWithoutCase(Listed):
    is_case_sensitive = False


class Catalog:
    """A database's listing, with a count of how often each schema was asked for."""

    def __init__(self, *relations: Relation, is_case_sensitive: bool = True) -> None:
        self.relations = list(relations)
        self.asked: list[str] = []
        self.asking: anyio.Event | None = None
        self.may_answer: anyio.Event | None = None
        self.cache = RelationCache(Listed(self) if is_case_sensitive else ListedWithoutCase(self))

    async def list(self, namespace: Namespace) -> list[Relation]:
        self.asked.append(namespace.schema)
        found = [
            one
            for one in self.relations
            if (one.schema or "").casefold() == namespace.schema.casefold()
            and (one.database or "shop") == (namespace.database or "shop")
        ]
        if self.asking is not None and self.may_answer is not None:
            self.asking.set()
            await self.may_answer.wait()
        return found


async def test_schema_is_listed_once_whatever_is_asked_of_it() -> None:
    catalog = Catalog(table("a"), view("b"), table("c", "other"))
    cache = catalog.cache

    await cache.fill([MAIN, MAIN])

    assert await cache.find(table("a")) == table("a")
    assert await cache.find(table("nothing")) is None
    assert await cache.relations(MAIN) == [table("a"), view("b")]
    assert await cache.views(MAIN) == [view("b")]
    assert catalog.asked == ["main"]


async def test_each_question_lists_a_schema_that_is_not_known() -> None:
    for ask in ("find", "relations", "views", "starting_with"):
        catalog = Catalog(view("ab"))
        arguments = {"find": (table("ab"),), "starting_with": (MAIN, "ab")}.get(ask, (MAIN,))

        found = await getattr(catalog.cache, ask)(*arguments)

        assert found == (view("ab") if ask == "find" else [view("ab")])
        assert catalog.asked == ["main"]


async def test_what_is_made_and_what_is_dropped_is_known_without_asking() -> None:
    catalog = Catalog(table("a"), table("b"))
    cache = catalog.cache
    await cache.fill([MAIN])

    cache.add(view("c"))
    cache.add(view("a"))
    cache.drop(table("b"))
    cache.drop(table("nothing"))

    assert await cache.relations(MAIN) == [view("a"), view("c")]
    assert await cache.find(table("b")) is None
    assert catalog.asked == ["main"]


async def test_what_is_noted_of_a_schema_that_is_not_known_is_left_to_its_listing() -> None:
    catalog = Catalog(table("a"))

    catalog.cache.add(table("b"))
    catalog.cache.drop(table("a"))

    assert await catalog.cache.relations(MAIN) == [table("a")]


@pytest.mark.parametrize("again", ["refresh", "forget"])
async def test_what_others_changed_is_seen_once_the_schema_is_listed_again(again: str) -> None:
    catalog = Catalog(table("tmp_a"), view("v"))
    cache = catalog.cache
    await cache.starting_with(MAIN, "tmp_")
    await cache.views(MAIN)
    catalog.relations = [table("tmp_b"), view("w")]

    if again == "refresh":
        await cache.refresh(MAIN)
    else:
        cache.forget(MAIN)

    assert await cache.starting_with(MAIN, "tmp_") == [table("tmp_b")]
    assert await cache.views(MAIN) == [view("w")]
    assert await cache.find(table("tmp_a")) is None
    assert catalog.asked == ["main", "main"]


async def test_prefixes_and_views_are_told_as_they_stand_now() -> None:
    cache = Catalog(table("tmp_a"), table("tmp_b"), view("v"), view("w")).cache
    assert await cache.starting_with(MAIN, "tmp_") == [table("tmp_a"), table("tmp_b")]
    assert await cache.views(MAIN) == [view("v"), view("w")]

    cache.drop(table("tmp_a"))
    cache.drop(view("v"))

    assert await cache.starting_with(MAIN, "tmp_") == [table("tmp_b")]
    assert await cache.views(MAIN) == [view("w")]
    assert await cache.starting_with(MAIN, "other_") == []


async def test_whose_a_view_is_is_asked_once_a_listing() -> None:
    asked: list[Relation] = []

    def is_ours(found: Relation) -> bool:
        asked.append(found)
        return found == view("v")

    cache = Catalog(table("a"), view("v"), view("w")).cache

    assert await cache.views(MAIN, is_ours) == [view("w")]
    assert await cache.views(MAIN, is_ours) == [view("w")]

    assert asked == [view("v"), view("w")]


@pytest.mark.parametrize("change", ["made", "dropped"])
async def test_what_happens_while_a_schema_is_listed_is_newer_than_the_list(change: str) -> None:
    catalog = Catalog(table("a"), table("b"))
    catalog.asking, catalog.may_answer = anyio.Event(), anyio.Event()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(catalog.cache.refresh, MAIN)
        await catalog.asking.wait()
        if change == "made":
            catalog.cache.add(table("c"))
        else:
            catalog.cache.drop(table("a"))
        catalog.may_answer.set()

    names = [relation.identifier for relation in await catalog.cache.relations(MAIN)]
    assert names == (["a", "b", "c"] if change == "made" else ["b"])


async def test_what_happened_before_a_listing_is_older_than_the_list() -> None:
    catalog = Catalog(table("a"))
    await catalog.cache.fill([MAIN])
    catalog.cache.drop(table("a"))

    await catalog.cache.refresh(MAIN)

    assert await catalog.cache.find(table("a")) == table("a")


async def test_listing_that_fails_leaves_what_was_known() -> None:
    catalog = Catalog(table("a"))
    await catalog.cache.fill([MAIN])
    catalog.relations = cast(Any, None)

    with pytest.raises(TypeError):
        await catalog.cache.refresh(MAIN)

    catalog.cache.add(table("b"))
    assert await catalog.cache.relations(MAIN) == [table("a"), table("b")]


async def test_name_that_differs_in_case_is_an_error_where_case_counts() -> None:
    cache = Catalog(table("Orders")).cache

    with pytest.raises(ApproximateMatchError, match=r"main\.orders"):
        await cache.find(table("orders"))
    cache.drop(table("Orders"))
    assert await cache.find(table("orders")) is None
    cache.add(table("ORDERS"))
    with pytest.raises(ApproximateMatchError, match="ORDERS"):
        await cache.find(table("orders"))


async def test_name_that_differs_in_case_is_the_same_where_case_does_not_count() -> None:
    cache = Catalog(table("Orders", "Main"), is_case_sensitive=False).cache

    assert await cache.find(table("ORDERS", "MAIN")) == table("Orders", "Main")
    cache.drop(table("oRDERS", "mAIN"))
    assert await cache.find(table("orders")) is None


async def test_schemas_of_one_name_in_two_databases_are_two() -> None:
    here, there = table("orders"), Relation("archive", "main", "orders", RelationType.VIEW)
    catalog = Catalog(here, there)
    cache, archive = catalog.cache, Namespace("archive", "main")

    assert await cache.find(here) == here
    assert await cache.find(there) == there
    assert await cache.views(MAIN) == []
    assert await cache.views(archive) == [there]

    cache.drop(there)
    cache.add(replace_in(here, "archive", "old"))

    assert [one.identifier for one in await cache.relations(MAIN)] == ["orders"]
    assert [one.identifier for one in await cache.relations(archive)] == ["old"]
    assert catalog.asked == ["main", "main"]


async def test_database_of_the_target_is_meant_where_none_is_named() -> None:
    catalog = Catalog(table("orders"))

    assert await catalog.cache.find(replace_in(table("orders"), "shop", "orders")) is not None
    assert await catalog.cache.find(table("orders")) is not None
    assert catalog.asked == ["main"]


async def test_database_in_a_name_is_nothing_where_there_is_but_one(tmp_path: Path) -> None:
    async with sqlite_adapter(tmp_path) as adapter:
        async with adapter.connection("orders") as connection:
            await connection.execute("create table orders (id integer)")
        cache = RelationCache(adapter)

        assert await cache.find(Relation("elsewhere", "main", "orders")) is not None
        assert await cache.relations(MAIN) == await cache.relations(Namespace("x", "MAIN"))


def replace_in(relation: Relation, database: str, identifier: str) -> Relation:
    return relation.incorporate({"database": database, "identifier": identifier})
