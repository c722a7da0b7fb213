"""How a relation is swapped for another one while everybody reads: see `Swapping`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from msgspec.structs import replace

from ..connection_abilities import ComesAnew, Swapped, nothing_comes
from ..errors import DatabaseError
from ..relation import Relation, RelationType
from .attempts import (
    ENDING,
    PASSING,
    PLAN_ONCE,
    Surroundings,
    attempt,
    execute_each,
    give_back_locks,
    lock_timeout,
)
from .belongings import Belongings, Carried, Carrying, carrying, table_name
from .catalog import COLUMNS
from .dependents import Dependents
from .inventory import (
    IS_TIED,
    IS_TIED_BY_OTHERS,
    Inventory,
    literal_name,
    noting_carried,
    preparation,
    take_belongings,
    take_inventory,
)
from .queued import QueuedSwap
from .row_swap import swap_rows
from .swap_keys import SwapKeys
from .swap_problems import (
    NEEDED_BY_OTHERS,
    cannot_become,
    cannot_change,
    explained,
    unfit,
    view_no_longer_fits,
)
from .swap_statements import swap_statements
from .synchronizing import made_by_hand, synchronizing

_TIED = "22P02"
_GONE = "42P01"
_PLAIN = preparation("headrace_free", IS_TIED)
_WITH_OWN = preparation("headrace_free_of_others", IS_TIED_BY_OTHERS)


class RelationSwap(QueuedSwap):
    """One relation takes another's place, on a connection with an open transaction.

    Mostly nothing hangs on the old one. Then it goes with the COMMIT, behind a question that
    fails if something does.
    """

    def __init__(
        self,
        around: Surroundings,
        existing: Relation,
        replacement: Relation,
        *,
        gets_more: bool = False,
        hooks_follow: bool = False,
        comes_anew: ComesAnew = nothing_comes,
    ) -> None:
        """Get ready.

        With `gets_more` the project gives such a relation constraints, indexes or the like. With
        `hooks_follow` they may do so: what was made by hand is carried over by `settle`.
        """
        self.swapped = Swapped(settle=self.settle)
        self._around = around
        self._connection, self._keys = around.connection, around.keys
        self._existing = existing
        self._replacement = replacement
        self._gets_more = gets_more or hooks_follow
        self.preparation = _WITH_OWN if self._gets_more else _PLAIN
        self._hooks_follow = hooks_follow
        self._seen = Inventory()
        self._made_beside: frozenset[str] = frozenset()
        self._carrying = Carrying()
        self._comes_anew = comes_anew
        self._is_turned = False
        self._is_unsettled = False
        self._simple = swap_statements(existing, replacement, Dependents(), Carrying())
        self.swapped.statements[:] = self._simple

    @cached_property
    def _foreign_keys(self) -> SwapKeys:
        return SwapKeys(self._around, self._existing, self._comes_anew)

    @property
    def statements(self) -> Sequence[str]:
        old, new = self._existing, self._replacement
        name = "headrace_free_of_others" if self._gets_more else "headrace_free"
        asked = f"EXECUTE {name} ({literal_name(old)}, {literal_name(new)})"
        # From the lock on nobody hangs anything on it.
        lock = f"LOCK TABLE ONLY {table_name(old)} IN ACCESS EXCLUSIVE MODE"
        before = [lock, asked] if old.type is RelationType.TABLE else [asked]
        return [lock_timeout(self._keys), *before, *self._simple, *ENDING]

    async def recover(self, error: DatabaseError) -> None:
        if error.code not in (_TIED, NEEDED_BY_OTHERS) and not isinstance(error, PASSING):
            raise error
        await self.run()

    async def run(self) -> None:
        """Do it with all that hangs on the old relation."""
        await self._look_and_build_beside()
        around = (self._connection, self._keys, self._existing, self._carry_over)
        while True:
            try:
                await attempt(*around, self._around.turn, self._locks, self._locks_at_once)
            except DatabaseError as error:
                if error.code == _GONE and self._is_of_lock(error):
                    self._seen = await self._look(self._existing)
                    continue
                views = self._seen.dependents.definitions.items()
                name = next((name for name, sql in views if sql == error.sql), None)
                if name is None or isinstance(error, PASSING):
                    raise explained(error, self._existing, self._carrying) from error
                await self._give_up(name, error)
            else:
                break
        if not self._is_unsettled:
            await self._put_keys_back()

    async def settle(self) -> None:
        """Carry over what was made by hand, and what no hook has made again."""
        if not self._hooks_follow:
            return
        # Where no hook has sent anything, it is yet to be seen what hangs on the relation.
        await self._connection.flush()
        if not self._is_unsettled:
            return
        self._is_unsettled = False
        old = self._existing
        new = replace(old, type=self._replacement.type)
        await self._connection.execute(PLAN_ONCE)
        there = (await take_belongings(self._connection, new)).new
        plan = carrying(Belongings(self._seen.belongings.old, there), old, new)
        for carried in (*plan.renames, *plan.after, *plan.last):
            await self._execute(carried)
            self.swapped.statements.append(carried.sql)
        if plan.keys:
            await self._connection.execute(noting_carried(plan.keys))
        await self._put_keys_back()

    async def _look_and_build_beside(self) -> None:
        """See what is to be carried over, and make what takes long before anybody has to wait."""
        self._seen = seen = await self._look(self._existing)
        await self._foreign_keys.find(seen)
        plan = self._plan(seen)
        self._check(plan)
        if self._hooks_follow or seen.dependents.fixed or plan.fixed:
            return
        for carried in plan.beside.values():
            await self._execute(carried)
        self._made_beside = frozenset(plan.beside)

    async def _put_keys_back(self) -> None:
        keys, statements = await self._foreign_keys.put_back()
        self.swapped.statements += statements
        self.swapped.foreign_keys[:] = keys

    def _plan(self, seen: Inventory) -> Carrying:
        return carrying(seen.belongings, self._existing, self._replacement, self._made_beside)

    def _check(self, plan: Carrying) -> None:
        if plan.unfit:
            raise cannot_become(self._existing, self._replacement.type, plan.unfit)

    def _locks(self) -> list[str]:
        """What an attempt begins with: views before what they read, as readers lock them."""
        # Tables that a foreign key ties to this one are read before it or after it.
        self._is_turned = not self._is_turned
        tables = self._table_locks if self._is_turned else reversed(self._table_locks)
        return [*self._seen.dependents.locks, *tables]

    def _is_of_lock(self, error: DatabaseError) -> bool:
        locks = {*self._seen.dependents.locks, *self._table_locks}
        return (error.sql or "").removesuffix(" NOWAIT") in locks

    def _locks_at_once(self) -> list[str]:
        if len(self._table_locks) < 2:
            return []
        return [*self._seen.dependents.locks, *(f"{lock} NOWAIT" for lock in self._table_locks)]

    @property
    def _table_locks(self) -> list[str]:
        own = self._seen.dependents.own_lock
        if own.startswith("LOCK"):
            # Who reads a table that stays needn't wait, unless a foreign key has to go.
            stays = self._seen.dependents.fixed or self._plan(self._seen).fixed
            mode = "EXCLUSIVE" if stays and not self._foreign_keys.to_it else "ACCESS EXCLUSIVE"
            own = f"{own} IN {mode} MODE"
        keys = self._foreign_keys
        return [*keys.child_locks, *filter(None, [own]), *keys.parent_locks]

    async def _carry_over(self) -> None:
        """Swap the relation, which is locked, with what hangs on it now."""
        seen = self._seen = await take_inventory(
            self._connection, self._existing, self._replacement
        )
        await self._foreign_keys.find(seen)
        plan = self._carrying = self._plan(seen)
        self._check(plan)
        fixed = [*seen.dependents.fixed, *plan.fixed]
        if fixed and await self._stays(seen.dependents, fixed):
            for sql in self._foreign_keys.drops:
                await self._connection.execute(sql)
            await self._swap_rows(seen)
            return
        if self._hooks_follow:
            plan.after, plan.last, plan.keys = [], [], []
        gone = self.swapped.dropped
        swapping = swap_statements(self._existing, self._replacement, seen.dependents, plan, gone)
        statements = [*self._foreign_keys.drops, *swapping]
        told = [noting_carried(plan.keys)] if plan.keys else []
        await execute_each(self._connection, self._keys, [*statements, *told])
        self._is_unsettled = self._hooks_follow
        self.swapped.statements[:] = statements

    async def _swap_rows(self, seen: Inventory) -> None:
        """Keep the relation itself, and give it the new rows and what the project makes now."""
        old, new = self._existing, self._replacement
        names = [name for name, _ in await self._columns(new)]
        generated = {b.name for b in seen.belongings.old if b.kind == "generated column"}
        filled = [name for name in names if name not in generated]
        statements = await swap_rows(self._connection, old, new, seen.dependents.own_rows, filled)
        further = synchronizing(seen.belongings, old, new)
        told = noting_carried(made_by_hand(seen.belongings))
        await execute_each(self._connection, self._keys, [*further, told])
        self.swapped.statements[:] = [*statements, *further]

    async def _stays(self, dependents: Dependents, fixed: Sequence[str]) -> bool:
        """Whether the relation itself is kept, and gets new rows.

        So it is if its columns are the same: what can't be pointed to another relation stays
        where it is. Where they aren't, and all of it are materialized views of ours, those go,
        and there is nothing to be kept.
        """
        old, new = self._existing, self._replacement
        are_tables = old.is_table and new.is_table
        if are_tables and sorted(await self._columns(old)) == sorted(await self._columns(new)):
            return True
        views = [
            self._view(name, RelationType.MATERIALIZED_VIEW) for name in dependents.materialized
        ]
        if len(views) < len(fixed) or not all(map(self._around.is_ours, views)):
            raise cannot_change(old, fixed)
        self.swapped.dropped += views
        return False

    async def _columns(self, relation: Relation) -> list[tuple[str, str]]:
        rows = await self._connection.ask(COLUMNS, table_name(relation))
        return [(str(name), str(data_type)) for name, data_type in rows]

    async def _give_up(self, name: str, error: DatabaseError) -> None:
        """Let a view go that no longer fits, and those that read it: if all of them are ours."""
        found = next(view for view in self._seen.dependents.views if ".".join(view) == name)
        readers = (await self._look(self._view(found))).dependents
        going = [*map(self._view, readers.views), self._view(found)]
        strange = [view.display_name for view in going if not self._around.is_ours(view)]
        foreign = [*readers.fixed, *strange]
        if foreign:
            raise view_no_longer_fits(name, self._existing, error, foreign) from error
        known = {view.display_name for view in self.swapped.dropped}
        self.swapped.dropped += [view for view in going if view.display_name not in known]

    async def _look(self, relation: Relation) -> Inventory:
        """What hangs on a relation, without keeping the locks that the question takes."""
        seen: list[Inventory] = []

        async def look() -> None:
            seen.append(await take_inventory(self._connection, relation, self._replacement))
            await give_back_locks(self._connection)

        await attempt(self._connection, self._keys, relation, look, self._around.turn)
        return seen[-1]

    def _view(self, name: tuple[str, str], kind: RelationType = RelationType.VIEW) -> Relation:
        schema, identifier = name
        path: dict[str, str | None] = {"schema": schema, "identifier": identifier}
        return self._existing.incorporate(path, kind)

    async def _execute(self, carried: Carried) -> None:
        try:
            await self._connection.execute(carried.sql)
        except DatabaseError as error:
            raise unfit(carried.title, self._existing, error) from error
