"""`results` in an `on-run-end` hook: what became of each node, as dbt's packages read it.

(https://docs.getdbt.com/reference/dbt-jinja-functions/on-run-end-context)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ..manifest.nodes import Node
from ..manifest.snapshot_node import RELATION_KINDS
from ..results import RunResult, Status, Timing


class NodeView(dict[str, Any]):
    """A node as `result.node` shows it: by keys, and by attributes that a template looks up."""

    def to_dict(self, omit_none: bool = False, **more: Any) -> dict[str, Any]:
        return {key: value for key, value in self.items() if not (omit_none and value is None)}


class RunResultView:
    """A result as a hook's template sees it."""

    def __init__(self, result: RunResult, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._describe = describe
        self.status = result.status.value
        self.message = result.message or None
        self.execution_time = result.execution_time
        self.thread_id = result.thread_id
        self.timing = list(result.timing)
        self.failures = result.failures
        self.adapter_response = dict(result.adapter_response)

    @cached_property
    def node(self) -> NodeView:
        return NodeView(self._describe())

    def to_dict(self, omit_none: bool = False, **more: Any) -> dict[str, Any]:
        """The result by its keys, down to plain values."""
        described = {
            "status": self.status,
            "timing": [_phase(timing) for timing in self.timing],
            "thread_id": self.thread_id,
            "execution_time": self.execution_time,
            "adapter_response": self.adapter_response,
            "message": self.message,
            "failures": self.failures,
            "node": self.node.to_dict(),
            "agate_table": None,
            "batch_results": None,
        }
        return {k: value for k, value in described.items() if not (omit_none and value is None)}

    def __repr__(self) -> str:
        return f"<RunResult {self.node.get('unique_id')} {self.status}>"


def built_schemas(
    results: Iterable[RunResult], nodes: Mapping[str, Node]
) -> list[tuple[str | None, str]]:
    """The databases and schemas in which something was built."""
    found: dict[tuple[str | None, str], None] = {}
    for result in results:
        node = nodes.get(result.node.unique_id)
        was_built = result.status in (Status.SUCCESS, Status.PARTIAL_SUCCESS)
        if was_built and node is not None and _has_relation(node):
            found[node.database, node.schema] = None
    return list(found)


def _has_relation(node: Node) -> bool:
    return isinstance(node, RELATION_KINDS)


def _phase(timing: Timing) -> dict[str, str]:
    return {
        "name": timing.name,
        "started_at": _utc_text(timing.started_at),
        "completed_at": _utc_text(timing.completed_at),
    }


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
