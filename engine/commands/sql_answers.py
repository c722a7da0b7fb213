"""What `show` and `compile` answer: a node's rows, or its SQL, as text or as JSON.

The forms are those of dbt (https://docs.getdbt.com/reference/commands/show).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...adapters.base import Rows
from ..core.errors import HeadraceError, UsageError, did_you_mean
from ..core.events import OutputProduced
from ..core.results import NodeError
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.query_nodes import InlineQuery
from ..running.run import Run
from ..selection.grammar import parse_criterion
from ..settings.options import Options
from ..template.dbt.result_table import ResultTable

_FORMATS = ("text", "json")


def check_options(options: Options) -> None:
    """See that the options of `show` and `compile` go together, before anything is done.

    Raises:
        UsageError: they don't.
    """
    if options.output is not None and options.output not in _FORMATS:
        raise UsageError(
            f"--output '{options.output}' is none of {', '.join(_FORMATS)}."
            f"{did_you_mean(options.output, _FORMATS)}"
        )
    if options.query is not None and (options.select or options.selector or options.exclude):
        raise UsageError(
            "--inline is a selection by itself, and can't go together with --select, --selector "
            "or --exclude."
        )


def check_asked(options: Options) -> None:
    """See that there is something to show.

    Raises:
        UsageError: there is neither a selection nor a query.
    """
    if not (options.select or options.selector or options.query is not None):
        raise UsageError(
            "Either --select or --inline must be passed to show: the nodes to look at, or a query "
            "as in --inline \"select * from {{ ref('orders') }}\"."
        )


class QueryError(HeadraceError):
    """The query of `--inline` has failed: there was nothing else to do."""

    def __init__(self, error: NodeError) -> None:
        super().__init__(error.message)
        self.title = error.title


def check_query(run: Run) -> None:
    """See that the query of `--inline`, if it was one, has not failed.

    Raises:
        QueryError: it has.
    """
    for result in run.results:
        if isinstance(run.nodes.get(result.node.unique_id), InlineQuery) and result.error:
            raise QueryError(result.error)


def named_nodes(options: Options, nodes: Mapping[str, Node]) -> list[str]:
    """The ids of those nodes that are selected by their names: what is shown of a selection."""
    texts = [part for text in options.select for word in text.split() for part in word.split(",")]
    values = [parse_criterion(text).value for text in texts if text]
    names = {name for value in values for name in (value, value.rpartition(".")[2])}
    return [
        unique_id
        for unique_id, node in nodes.items()
        if isinstance(node, InlineQuery) or not names.isdisjoint((node.name, _name(node)))
    ]


def nodes_to_show(options: Options, nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Those whose rows are shown: the ones that were named, or else all that were selected."""
    wanted = named_nodes(options, nodes) or list(nodes)
    return {unique_id: nodes[unique_id] for unique_id in wanted}


def compiled_answer(node: Node, sql: str, options: Options) -> OutputProduced:
    """The SQL of a node."""
    data = _data(node, options) | {"compiled": sql}
    if options.output == "json":
        return OutputProduced(_json(node, "compiled", sql), "CompiledNode", data)
    text = sql if options.quiet else f"Compiled {_called(node)} is:\n{sql}"
    return OutputProduced(text, "CompiledNode", data)


def rows_answer(node: Node, rows: Rows, options: Options) -> OutputProduced:
    """The rows of a node."""
    table = ResultTable(rows)
    if options.output == "json":
        text = _json(node, "show", table.records())
        return OutputProduced(text, "ShowNode", _data(node, options) | {"preview": text})
    preview = table.text(max_rows=len(table)) + "\n"
    text = preview if options.quiet else f"Previewing {_called(node)}:\n{preview}"
    return OutputProduced(text, "ShowNode", _data(node, options) | {"preview": preview})


def _name(node: Node) -> str:
    return node.versioned_name if isinstance(node, Model) else node.name


def _called(node: Node) -> str:
    return "inline node" if isinstance(node, InlineQuery) else f"node '{_name(node)}'"


def _json(node: Node, key: str, found: object) -> str:
    named = {} if isinstance(node, InlineQuery) else {"node": _name(node)}
    return json.dumps({**named, key: found}, indent=2, default=str)


def _data(node: Node, options: Options) -> dict[str, object]:
    return {
        "node_name": _name(node),
        "is_inline": isinstance(node, InlineQuery),
        "output_format": options.output or "text",
        "unique_id": node.unique_id,
    }
