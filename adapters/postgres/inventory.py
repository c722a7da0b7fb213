"""What is asked of the catalog about a relation that is swapped."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from ..relation import Relation, RelationType
from .belongings import Belongings, table_name
from .dependents import Dependents
from .sending import SendingConnection
from .server_settings import literal
from .swap_statements import KINDS

_SQL = Path(__file__).parent / "sql"
_TIED = (_SQL / "is_tied.sql").read_text()
_DEPENDENTS = (_SQL / "dependents.sql").read_text()
_BELONGINGS = (_SQL / "belongings.sql").read_text()
_MADE = (_SQL / "made.sql").read_text()
_HAS_OPTIONS = (_SQL / "has_options.sql").read_text()

IS_TIED = re.sub(r"/\*made\*/.*?/\*:made\*/", "", _TIED, flags=re.DOTALL)
"""Whether anything hangs on a relation to which the project gives no constraint and no index."""

IS_TIED_BY_OTHERS = _TIED
"""The same of one to which it does: what the project has made is left out."""

# The rows of each in their own order, in one answer.
_BOTH = f"""
SELECT 1 AS part, row_number() OVER () AS place, kind, schema, name, lock, sql, NULL AS is_ours
FROM ({_DEPENDENTS}) AS dependents
UNION ALL
SELECT 2, row_number() OVER (), side, kind, name, definition, sql, is_ours
FROM ({_BELONGINGS}) AS belongings
ORDER BY 1, 2
"""


class Inventory(Struct, frozen=True):
    """What hangs on a relation, and what it and its successor have of their own."""

    dependents: Dependents = Dependents()
    belongings: Belongings = Belongings()


async def take_inventory(connection: SendingConnection, old: Relation, new: Relation) -> Inventory:
    """Ask what hangs on a relation that is swapped for another one.

    To be told of a view PostgreSQL locks all that it reads: nobody changes it from then on.
    """
    kind = KINDS.get(new.type or RelationType.TABLE, "TABLE")
    rows = [
        tuple(row) for row in await connection.fetch(_BOTH, table_name(old), table_name(new), kind)
    ]
    return Inventory(
        Dependents.from_rows(row[2:7] for row in rows if row[0] == 1),
        Belongings.from_rows(row[2:] for row in rows if row[0] == 2),
    )


async def take_belongings(connection: SendingConnection, relation: Relation) -> Belongings:
    """Ask what one relation has of its own, as a new one."""
    name = table_name(relation)
    return Belongings.from_rows(
        tuple(row) for row in await connection.fetch(_BELONGINGS, name, name)
    )


def preparation(name: str, question: str, parameters: str = "text, text") -> str:
    """A statement that prepares a question. Asked, it fails where its answer is yes."""
    # No number, and not known to be none before the row is there: an error if it is tied.
    return (
        f"PREPARE {name} ({parameters}) AS SELECT CASE WHEN is_tied THEN "
        f"('tied: ' || relname)::pg_catalog.int4 END FROM (\n{question}\n) AS old"
    )


HAS_OPTIONS = preparation("headrace_no_options", _HAS_OPTIONS, "text")


def literal_name(relation: Relation) -> str:
    """A relation's name as a literal that `to_regclass` reads."""
    return literal(table_name(relation))


def noting_carried(keys: Sequence[str]) -> str:
    """The statement that tells `made.sql` what was carried over."""
    text = literal(json.dumps(sorted(keys), ensure_ascii=False))
    return f"SELECT pg_catalog.set_config('headrace.carried', {text}, true)"


def noting_made(relation: Relation) -> str:
    """The statement that notes what a relation has as the project's own work."""
    name, quote = literal_name(relation), "$headrace$"
    while quote in name:
        quote = f"{quote[:-1]}_$"
    return _MADE % {"name": name, "quote": quote}
