"""Fetches nodes' rows, to look at them."""

from __future__ import annotations

from msgspec import Struct, field

from ...adapters.base import Response, Rows
from ..core.results import Status
from ..manifest.nodes.seed_node import Seed
from ..materializations.node_build import Outcome
from .node_run import NodeRun
from .node_sql import compile_node, uncompiled

_DEFAULT_LIMIT = 5


def row_limit(limit: int | None) -> int | None:
    """How many rows of a node are fetched, where `--limit` may say; None for all of them."""
    wanted = _DEFAULT_LIMIT if limit is None else limit
    return None if wanted < 0 else wanted


class Preview(Struct, frozen=True):
    """Fetches the rows of nodes: `limit` of each, or all. Nothing is made.

    `rows` has them then, by unique id.
    """

    limit: int | None
    rows: dict[str, Rows] = field(default_factory=dict)

    async def fetch(self, run: NodeRun) -> Outcome:
        """Compile a node, and fetch its rows."""
        node, context = run.node, run.context
        async with run.connection() as connection:
            if isinstance(node, Seed):
                compiled = uncompiled(run, node, connection)
                sql = f"select * from {context.templates.relations.of(node)}"
            else:
                compiled = await compile_node(run, connection)
                sql = compiled.sql.rstrip().rstrip(";")
            header = node.config.values.get("sql_header")
            scope = compiled.node_scope.scope
            query = await scope.call_macro("get_show_sql", sql, header, self.limit)
            self.rows[node.unique_id] = await connection.query(str(query).strip())
        return Outcome(Status.SUCCESS, Response(""))
