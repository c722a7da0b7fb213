"""The locks of schemas, with a connection whose losses are told when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from headrace.adapters.postgres.schema_locks import Lease

LEASE_SECONDS = 0.2


class Server:
    """What has each lock, and what it was asked; both ends of a control connection."""

    def __init__(self) -> None:
        self.pid = 1
        self.after_opening: Any = None
        self.taken_by_others: set[str] = set()
        self.asked: list[str] = []
        self.was_asked = anyio.Event()
        self.told: list[str] = []

    async def execute(self, sql: str) -> None: ...

    async def look(self, seconds: float) -> None: ...

    async def fetch(self, sql: str, *arguments: object) -> list[tuple[bool]]:
        return [(await self.fetchval(sql, *arguments),)]

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        if len(arguments) < 2:  # our own number, or the session to be ended, which is none
            return None
        schema = str(arguments[1])
        self.asked.append(schema)
        if schema not in self.taken_by_others:
            self.was_asked.set()
        return schema not in self.taken_by_others

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def loses_the_connection(self) -> list[str]:
        """Have it opened anew; which locks are asked for then."""
        self.asked = []
        await self.after_opening(self)
        return self.asked


@asynccontextmanager
async def locked(server: Server, *schemas: str) -> AsyncIterator[Lease]:
    locks = Lease(cast(Any, server), "headrace", LEASE_SECONDS, 160_000, server.told.append)
    await locks.take(schemas, 1)
    try:
        yield locks
    finally:
        await locks.aclose()


async def test_every_lock_is_asked_for_again_in_the_order_of_names() -> None:
    server = Server()

    async with locked(server, "b", "a"):
        assert server.asked == ["a", "b"]
        assert await server.loses_the_connection() == ["a", "b"]
        assert await server.loses_the_connection() == ["a", "b"]

    assert server.told == []


async def test_lock_that_was_lost_and_came_back_is_held_like_any_other() -> None:
    server = Server()

    async with locked(server, "a", "b"):
        server.taken_by_others = {"a"}
        await server.loses_the_connection()
        assert len(server.told) == 1
        assert "schema 'a' was lost" in server.told[0]
        assert await server.loses_the_connection() == ["b"]

        server.taken_by_others, server.was_asked = set(), anyio.Event()
        with anyio.fail_after(10):
            await server.was_asked.wait()

        assert await server.loses_the_connection() == ["b", "a"]
    assert len(server.told) == 1


async def test_nothing_looks_after_the_locks_once_they_are_closed() -> None:
    before = asyncio.all_tasks()

    async with locked(Server(), "a") as locks:
        assert len(asyncio.all_tasks()) == len(before) + 1
        await locks.aclose()

        assert asyncio.all_tasks() == before
