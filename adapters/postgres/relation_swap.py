"""How a relation is swapped for another one while everybody reads: see `Swapping`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from ..connection_abilities import ComesAnew, Swapped, nothing_comes
from ..errors import DatabaseError
from ..relation import Relation, RelationType
from .attempts import (
    PASSING,
    PLAN_ONCE,
    Surroundings,
    attempt,
    execute_each,
    give_back_locks,
    with_lock_timeout,
)
from .belongings import (
    Belongings,
    Carried,
    Carrying,
    carrying,
    table_name,
)
from .catalog import COLUMNS
from .dependents import Dependents
from .foreign_keys import (
    TakenKey,
    are_ours,
    children_of,
    keys_to,
    lock_of,
    put_back,
    tables_referred_to,
)
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
from .swap_statements import KINDS, swap_statements
from .synchronizing import made_by_hand, synchronizing

_NEEDED_BY_OTHERS = "2BP01"
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
        self._hooks_follow = hooks_follow
        self._seen = Inventory()
        self._made_beside: frozenset[str] = frozenset()
        self._carrying = Carrying()
        self._comes_anew = comes_anew
        self._foreign_keys: list[TakenKey] = []
        self._referred: list[str] = []
        self._is_turned = False
        self._is_unsettled = False
        self._simple = swap_statements(existing, replacement, Dependents(), Carrying())
        self.swapped.statements[:] = self._simple

    @property
    def preparation(self) -> str:
        return _WITH_OWN if self._gets_more else _PLAIN

    @property
    def statements(self) -> Sequence[str]:
        old, new = self._existing, self._replacement
        name = "headrace_free_of_others" if self._gets_more else "headrace_free"
        asked = f"EXECUTE {name} ({literal_name(old)}, {literal_name(new)})"
        # From the lock on nobody hangs anything on it.
        lock = f"LOCK TABLE ONLY {table_name(old)} IN ACCESS EXCLUSIVE MODE"
        before = [lock, asked] if old.is_table else [asked]
        return [*with_lock_timeout(self._keys, [*before, *self._simple])]

    async def recover(self, error: DatabaseError) -> None:
        if error.code not in (_TIED, _NEEDED_BY_OTHERS) and not isinstance(error, PASSING):
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
                unfit = next((name for name, sql in views if sql == error.sql), None)
                if unfit is None or isinstance(error, PASSING):
                    raise self._explained(error) from error
                await self._give_up(unfit, error)
            else:
                break
        if not self._is_unsettled:
            await self._put_keys_back()

    async def settle(self) -> None:
        """Carry over what was made by hand, and what no hook has made again."""
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
        await self._find_keys(seen)
        plan = self._plan(seen)
        self._check(plan)
        if self._hooks_follow or seen.dependents.fixed or plan.fixed:
            return
        for carried in plan.beside.values():
            await self._execute(carried)
        self._made_beside = frozenset(plan.beside)

    async def _find_keys(self, seen: Inventory) -> None:
        """See which foreign keys have to be taken away, and that they may be.

        Those of tables of this project come back, whoever made them.
        """
        self._foreign_keys, self._referred = [], []
        if any(thing.is_foreign_key for thing in seen.belongings.old):
            self._referred = await tables_referred_to(self._connection, self._existing)
        if not seen.dependents.references:
            return
        self._foreign_keys = await keys_to(self._connection, self._existing)
        if not are_ours(self._foreign_keys, self._around.is_ours):
            raise DatabaseError(
                f"{self._existing.display_name} can't be built anew, because of "
                f"{_listed(seen.dependents.references)}. Drop it, or make the model incremental."
            )

    async def _put_keys_back(self) -> None:
        """Put the foreign keys back that were taken away, for rows that come from now on."""
        for key in self._foreign_keys:
            if await put_back(self._around, key):
                self.swapped.statements.append(key.add)
            elif not self._comes_anew(key):
                raise DatabaseError(
                    f"{key.title} no longer fits {self._existing.display_name}, which has no such "
                    "columns, or no primary key or unique constraint of them. Change it, or build "
                    f"{key.child.display_name} in the same run."
                )
        self.swapped.foreign_keys[:] = self._foreign_keys
        self._foreign_keys = []

    def _plan(self, seen: Inventory) -> Carrying:
        return carrying(seen.belongings, self._existing, self._replacement, self._made_beside)

    def _check(self, plan: Carrying) -> None:
        if plan.unfit:
            kind = KINDS.get(self._replacement.type or RelationType.TABLE, "TABLE").lower()
            raise DatabaseError(
                f"{self._existing.display_name} can't become a {kind} with {_listed(plan.unfit)}, "
                f"which a {kind} can't have. Drop it, and run again."
            )

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
            mode = "EXCLUSIVE" if stays and not self._foreign_keys else "ACCESS EXCLUSIVE"
            own = f"{own} IN {mode} MODE"
        before = [lock_of(name) for name in children_of(self._foreign_keys)]
        return [*before, *filter(None, [own]), *map(lock_of, self._referred)]

    async def _carry_over(self) -> None:
        """Swap the relation, which is locked, with what hangs on it now."""
        seen = self._seen = await take_inventory(
            self._connection, self._existing, self._replacement
        )
        await self._find_keys(seen)
        plan = self._carrying = self._plan(seen)
        self._check(plan)
        fixed = [*seen.dependents.fixed, *plan.fixed]
        if fixed and await self._stays(seen.dependents, fixed):
            for key in self._foreign_keys:
                await self._connection.execute(key.drop)
            await self._swap_rows(seen)
            return
        if self._hooks_follow:
            plan.after, plan.last, plan.keys = [], [], []
        gone = self.swapped.dropped
        swapping = swap_statements(self._existing, self._replacement, seen.dependents, plan, gone)
        statements = [*(key.drop for key in self._foreign_keys), *swapping]
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
            raise DatabaseError(
                f"{old.display_name} can't be built anew with other columns or as another type, "
                f"because of {_listed(fixed)}, which can't go with another relation, or isn't "
                "this project's to change. Drop it, or have its owner do so, and run again."
            )
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
            raise DatabaseError(
                f"the view {name} no longer fits {self._existing.display_name} "
                f"({_first_line(error)}), and this project doesn't build {_listed(foreign)}. "
                "Change or drop it, and run again.",
                code=error.code,
                sql=error.sql,
            ) from error
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
            raise self._unfit(carried.title, error) from error

    def _explained(self, error: DatabaseError) -> DatabaseError:
        """An error of the swap, with what it means for what was to be carried over."""
        for carried in (*self._carrying.renames, *self._carrying.after, *self._carrying.last):
            if carried.sql == error.sql:
                return self._unfit(carried.title, error)
        if error.code != _NEEDED_BY_OTHERS:
            return error
        return DatabaseError(
            f"{self._existing.display_name} can't be built anew: {error}",
            code=error.code,
            sql=error.sql,
        )

    def _unfit(self, title: str, error: DatabaseError) -> DatabaseError:
        if isinstance(error, PASSING):
            return error
        return DatabaseError(
            f"{title} of {self._existing.display_name}, which this project didn't make, no longer "
            f"fits: {error}\nChange or drop it, and run again.",
            code=error.code,
            sql=error.sql,
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _first_line(error: DatabaseError) -> str:
    return str(error).split("\n", 1)[0]
