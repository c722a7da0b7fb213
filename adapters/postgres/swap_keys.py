"""The foreign keys that a swap takes away, and puts back: see `KeepingKeys`."""

from __future__ import annotations

from ..connection_abilities import ComesAnew
from ..errors import DatabaseError
from ..relation import Relation
from .attempts import Surroundings
from .foreign_keys import (
    TakenKey,
    are_ours,
    children_of,
    keys_to,
    lock_of,
    put_back,
    tables_referred_to,
)
from .inventory import Inventory
from .swap_problems import listed


class SwapKeys:
    """find() → (the statements of `drops`) → put_back(), for the relation that is swapped.

    Attributes:
        to_it: the foreign keys of other tables that lead to it, which have to be taken away.
        referred: the tables to which its own lead, which are locked when it goes.
    """

    def __init__(self, around: Surroundings, existing: Relation, comes_anew: ComesAnew) -> None:
        self.to_it: list[TakenKey] = []
        self.referred: list[str] = []
        self._around = around
        self._existing = existing
        self._comes_anew = comes_anew

    async def find(self, seen: Inventory) -> None:
        """See which have to be taken away, and that they may be.

        Those of tables of this project come back, whoever made them.

        Raises:
            DatabaseError: one is of a table that the project doesn't build.
        """
        connection = self._around.connection
        self.to_it, self.referred = [], []
        if any(thing.is_foreign_key for thing in seen.belongings.old):
            self.referred = await tables_referred_to(connection, self._existing)
        if not seen.dependents.references:
            return
        self.to_it = await keys_to(connection, self._existing)
        if not are_ours(self.to_it, self._around.is_ours):
            raise DatabaseError(
                f"{self._existing.display_name} can't be built anew, because of "
                f"{listed(seen.dependents.references)}. Drop it, or make the model incremental."
            )

    @property
    def drops(self) -> list[str]:
        """The statements that take them away."""
        return [key.drop for key in self.to_it]

    @property
    def child_locks(self) -> list[str]:
        """The statements that lock the tables that have them."""
        return [lock_of(name) for name in children_of(self.to_it)]

    @property
    def parent_locks(self) -> list[str]:
        """The statements that lock the tables to which the relation's own lead."""
        return [lock_of(name) for name in self.referred]

    async def put_back(self) -> tuple[list[TakenKey], list[str]]:
        """Put them back for rows that come from now on: all of them, and the statements sent.

        Raises:
            DatabaseError: one no longer fits, and doesn't come anew.
        """
        taken, self.to_it = self.to_it, []
        statements = []
        for key in taken:
            if await put_back(self._around, key):
                statements.append(key.add)
            elif not self._comes_anew(key):
                raise DatabaseError(
                    f"{key.title} no longer fits {self._existing.display_name}, which has no such "
                    "columns, or no primary key or unique constraint of them. Change it, or build "
                    f"{key.child.display_name} in the same run."
                )
        return taken, statements
