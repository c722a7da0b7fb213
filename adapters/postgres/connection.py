"""One task's connection, with all that PostgreSQL's can do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection

import anyio
from msgspec import Struct, field

from ..answers import Deferred
from ..column import Column
from ..connection_abilities import (
    ComesAnew,
    ComparingQueries,
    Counting,
    ForeignKey,
    IsOurs,
    KeepingKeys,
    Swapped,
    Swapping,
    WriterLocking,
    nothing_comes,
)
from ..relation import Relation
from .attempts import Surroundings
from .belongings import table_name
from .catalog import COLUMNS, KINDS, RELATION, SAME_QUERY
from .foreign_keys import TakenKey, keys_to, release, validate
from .inventory import noting_made
from .keys import PostgresKeys
from .pool import Pool
from .relation_swap import RelationSwap
from .sending import SendingConnection
from .table_rows import empty_alone, obstacles, write
from .view_swap import ViewSwap
from .writer_lock import WriterLock


def _writers() -> defaultdict[str, anyio.Lock]:
    return defaultdict(anyio.Lock)


class Turns(Struct, frozen=True):
    """What the connections of one run take turns by: to swap, and to write to a table."""

    swap: anyio.Lock = field(default_factory=anyio.Lock)
    writers: defaultdict[str, anyio.Lock] = field(default_factory=_writers)


class PostgresConnection(
    SendingConnection, Swapping, Counting, KeepingKeys, WriterLocking, ComparingQueries
):
    """A connection of the pool. How it sends is `SendingConnection`'s; here is what it is asked."""

    def __init__(self, pool: Pool, reset_sql: str, keys: PostgresKeys, turns: Turns) -> None:
        super().__init__(pool, reset_sql)
        self._keys = keys
        self._turns = turns

    async def columns(self, relation: Relation) -> list[Column]:
        # A temporary table is found without a schema, where the session looks first.
        found = await self.fetch(COLUMNS, table_name(relation))
        return [Column(str(name), str(data_type)) for name, data_type in found]

    async def swap(
        self,
        existing: Relation,
        replacement: Relation,
        is_ours: IsOurs,
        *,
        gets_more: bool = False,
        hooks_follow: bool = False,
        comes_anew: ComesAnew = nothing_comes,
    ) -> Swapped:
        swap = RelationSwap(
            self._surroundings(is_ours),
            existing,
            replacement,
            gets_more=gets_more,
            hooks_follow=hooks_follow,
            comes_anew=comes_anew,
        )
        self.queue_swap(swap)
        return swap.swapped

    async def swap_view(
        self,
        existing: Relation,
        sql: str,
        build_beside: Callable[[], Awaitable[Relation]],
        is_ours: IsOurs,
    ) -> Swapped:
        swap = ViewSwap(self._surroundings(is_ours), existing, sql, build_beside)
        self.queue_swap(swap)
        return swap.swapped

    def noting_made(self, relation: Relation) -> str:
        return noting_made(relation)

    async def find_relation(self, relation: Relation) -> Relation | None:
        found = await self.fetch(RELATION, relation.schema or "", relation.identifier or "")
        if not found:
            return None
        whole = relation.incorporate(type=KINDS[found[0][1]])
        return whole.include(True, True, True).quote(True, True, True)

    async def empty_table(self, relation: Relation) -> None:
        await empty_alone(self, relation)

    async def obstacles(self, relation: Relation) -> list[str]:
        return [*(await obstacles(self, relation, "DIU")).names]

    async def write_rows(self, relation: Relation, sql: str) -> Deferred:
        return await write(self, relation, sql)

    async def release_keys(self, table: Relation, is_ours: IsOurs) -> list[ForeignKey]:
        return await release(self._surroundings(is_ours), table)

    async def put_back_keys(self, keys: Collection[ForeignKey]) -> None:
        for key in keys:
            assert isinstance(key, TakenKey)
            self.defer(key.add)

    async def unvalidated_keys(self, table: Relation) -> list[ForeignKey]:
        return list(await keys_to(self, None, table))

    async def validate_key(self, key: ForeignKey) -> None:
        await validate(self, key)

    async def keep_writers_out(self, table: Relation) -> None:
        turn = self._turns.writers[table.render()]
        await WriterLock(self, self._keys, table, turn).take()

    async def has_query(self, view: Relation, sql: str, beside: Relation) -> bool:
        self.defer(f"CREATE VIEW {beside} AS\n{sql}")
        ((is_same,),) = await self.fetch(SAME_QUERY, table_name(view), table_name(beside))
        self.defer(f"DROP VIEW {beside}")
        return bool(is_same)

    def _surroundings(self, is_ours: IsOurs) -> Surroundings:
        return Surroundings(self, self._keys, is_ours, self._turns.swap)
