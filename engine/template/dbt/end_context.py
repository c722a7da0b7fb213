"""What only the templates of `on-run-end` see: results, and the schemas that were built in.

(https://docs.getdbt.com/reference/dbt-jinja-functions/on-run-end-context)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, ClassVar

from ....adapters.relation_parts import NOT_STORED
from ...core.results import RunResult, Status, Timing
from ...manifest.artifact.node_dicts import node_dict, source_dict
from ...manifest.manifest import Manifest
from ...manifest.nodes.snapshot_node import RELATION_KINDS
from ...manifest.nodes.test_nodes import Test
from ...sandbox.owned import OwnDict, own


class NodeView(OwnDict):
    """A node as `result.node` shows it: by keys, and by attributes that a template looks up."""

    __slots__ = ()
    template_names: ClassVar[frozenset[str]] = frozenset(("to_dict",))

    def to_dict(self, omit_none: bool = False, **more: Any) -> dict[str, Any]:
        return {key: value for key, value in self.items() if not (omit_none and value is None)}


class ConfigView(OwnDict):
    """A node's configuration in a result: what it doesn't have is None, as in dbt."""

    __slots__ = ()

    def __missing__(self, key: str) -> None:
        return None


class TimingView:
    """A phase of a node.

    As dbt's its moments have no time zone: macros take them from `utcnow()`.
    """

    template_names: ClassVar[frozenset[str]] = frozenset(
        ("name", "started_at", "completed_at", "to_dict")
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **NOT_STORED,
            "to_msg_dict": "to_dict() has the same",
            **dict.fromkeys(("begin", "end"), "a template times nothing"),
        }
    )

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self.name = timing.name
        self.started_at = timing.started_at.astimezone(UTC).replace(tzinfo=None)
        self.completed_at = timing.completed_at.astimezone(UTC).replace(tzinfo=None)

    def to_dict(self, omit_none: bool = False, **more: Any) -> dict[str, str]:
        return {
            "name": self.name,
            "started_at": _utc_text(self._timing.started_at),
            "completed_at": _utc_text(self._timing.completed_at),
        }

    def __repr__(self) -> str:
        return f"<TimingInfo {self.name}>"


class RunResultView:
    """A result as a hook's template sees it."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("status", "message", "execution_time", "thread_id", "timing", "failures", "node"),
            *("adapter_response", "agate_table", "batch_results", "to_dict", "skipped"),
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **NOT_STORED,
            "to_msg_dict": "to_dict() has the same",
            "from_node": "a template makes no results",
        }
    )

    def __init__(self, result: RunResult, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._describe = describe
        self.status = result.status.value
        self.message = result.message or None
        self.execution_time = result.execution_time
        self.thread_id = result.recorded_thread
        self.timing = [TimingView(timing) for timing in result.timing]
        self.failures = result.failures
        self.skipped = result.status is Status.SKIPPED
        self.adapter_response = own(dict(result.adapter_response))
        self.agate_table = None
        batches = result.batch_results
        self.batch_results = batches and {
            "successful": list(batches.successful),
            "failed": list(batches.failed),
        }

    @cached_property
    def node(self) -> NodeView:
        described = self._describe()
        return NodeView({**described, "config": ConfigView(described.get("config") or {})})

    def to_dict(self, omit_none: bool = False, **more: Any) -> dict[str, Any]:
        """The result by its keys, down to plain values."""
        described = {
            "status": self.status,
            "timing": [timing.to_dict() for timing in self.timing],
            "thread_id": self.thread_id,
            "execution_time": self.execution_time,
            "adapter_response": self.adapter_response,
            "message": self.message,
            "failures": self.failures,
            "node": self.node.to_dict(),
            "agate_table": None,
            "batch_results": self.batch_results,
        }
        return {k: value for k, value in described.items() if not (omit_none and value is None)}

    def __repr__(self) -> str:
        return f"<RunResult {self.node.get('unique_id')} {self.status}>"


def end_context(
    manifest: Manifest, results: Sequence[RunResult], target_path: str
) -> dict[str, Any]:
    """The names by which the templates know the results of a run."""
    schemas = list(dict.fromkeys(_built_schemas(manifest, results)))
    return {
        "results": [
            RunResultView(result, partial(_described, manifest, result, target_path))
            for result in results
        ],
        "schemas": list(dict.fromkeys(schema for _, schema in schemas)),
        "database_schemas": schemas,
    }


def _built_schemas(
    manifest: Manifest, results: Iterable[RunResult]
) -> Iterator[tuple[str | None, str]]:
    """The databases and schemas in which something was built."""
    for result in results:
        node = manifest.nodes.get(result.node.unique_id)
        was_built = result.status in (Status.SUCCESS, Status.PARTIAL_SUCCESS)
        kept_rows = result.status in (Status.PASS, Status.WARN) and result.node.relation_name
        if (was_built and isinstance(node, RELATION_KINDS)) or (
            kept_rows and isinstance(node, Test)
        ):
            yield node.database, node.schema


def _described(manifest: Manifest, result: RunResult, target_path: str) -> dict[str, Any]:
    unique_id = result.node.unique_id
    source = manifest.sources.get(unique_id)
    if source is not None:
        return source_dict(source, result.node.relation_name)
    return node_dict(
        manifest.run_hooks.get(unique_id) or manifest.node(unique_id),
        parents=manifest.parents_of(unique_id),
        relation_name=result.node.relation_name,
        compiled_code=result.compiled_code,
        target_path=target_path,
    )


def _utc_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
