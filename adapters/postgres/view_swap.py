"""How a view gets new text, with the options that somebody has given it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from ..connection_abilities import Swapped
from ..errors import DatabaseError
from ..relation import Relation
from .attempts import ENDING, PASSING, Surroundings, attempt, execute_each, lock_timeout
from .belongings import Belongings, carrying
from .inventory import HAS_OPTIONS, literal_name, take_belongings
from .queued import QueuedSwap
from .relation_swap import RelationSwap

# What CREATE OR REPLACE VIEW answers where the new columns don't begin with the old ones, and
# what a CREATE VIEW of the project's own answers where there is one.
_OTHER_COLUMNS = ("42P16", "42P07")
_HAS_OPTIONS = "22P02"


class ViewSwap(QueuedSwap):
    """A view gets new text in place where its columns allow it, and is swapped otherwise.

    CREATE OR REPLACE VIEW keeps all that a view has but its options. Mostly it has none: it goes
    behind a question that fails if there are some.
    """

    def __init__(
        self,
        around: Surroundings,
        existing: Relation,
        sql: str,
        build_beside: Callable[[], Awaitable[Relation]],
    ) -> None:
        self.swapped = Swapped([sql])
        self._around = around
        self._existing = existing
        self._sql = sql
        self._build_beside = build_beside

    preparation = HAS_OPTIONS

    @property
    def statements(self) -> Sequence[str]:
        asked = f"EXECUTE headrace_no_options ({literal_name(self._existing)})"
        return [lock_timeout(self._around.keys), asked, self._sql, *ENDING]

    async def recover(self, error: DatabaseError) -> None:
        around = self._around
        if isinstance(error, PASSING) or error.code == _HAS_OPTIONS:
            try:
                await attempt(
                    around.connection, around.keys, self._existing, self._replace_text, around.turn
                )
            except DatabaseError as another:
                error = another
            else:
                return
        if error.code not in _OTHER_COLUMNS:
            raise error
        further = RelationSwap(around, self._existing, await self._build_beside())
        await further.run()
        self.swapped.statements[:] = further.swapped.statements
        self.swapped.dropped[:] = further.swapped.dropped

    async def _replace_text(self) -> None:
        """Give the view its text, and the options that it had and the text doesn't name."""
        connection, keys = self._around.connection, self._around.keys
        before = (await take_belongings(connection, self._existing)).new
        await connection.execute(self._sql)
        now = (await take_belongings(connection, self._existing)).new
        options = tuple(thing for thing in before if thing.kind == "option")
        plan = carrying(Belongings(options, now), self._existing, self._existing)
        given = [sql for _, sql in plan.after]
        await execute_each(connection, keys, given)
        self.swapped.statements[:] = [self._sql, *given]
