"""Nodes and their results, in the fields that dbt's JSON events have for them."""

from __future__ import annotations

from datetime import UTC, datetime

from ...core.encoding import utc_text
from ...core.results import NodeInfo, RunResult

Data = dict[str, object]


def node_data(
    node: NodeInfo, status: str, started_at: datetime | None, finished_at: datetime | None
) -> Data:
    """The `node_info` of an event."""
    details = node.details
    return {
        "unique_id": node.unique_id,
        "node_name": node.name,
        "node_path": details.path or node.path,
        "resource_type": node.resource_type,
        "materialized": node.materialized,
        "node_status": status,
        "node_started_at": _naive_utc(started_at),
        "node_finished_at": _naive_utc(finished_at),
        "node_relation": {
            "database": details.database,
            "schema": details.schema,
            "alias": details.alias,
            "relation_name": node.relation_name or "",
        },
        "node_checksum": details.checksum,
        "meta": details.meta,
    }


def group_data(node: NodeInfo) -> Data:
    """The `group` of an event, with its owner, where the node has one."""
    group = node.details.group
    if group is None:
        return {}
    owner = {name: str(value) for name, value in group.owner.items() if value is not None}
    described = {"name": group.name, "package_name": group.package_name, "owner": owner}
    return {"group": described}


def run_result_data(result: RunResult) -> Data:
    """The `run_result` of an event."""
    return {
        "status": result.status.value,
        "message": result.message,
        "thread": result.thread_id,
        "execution_time": result.execution_time,
        "num_failures": result.failures or 0,
        "adapter_response": result.adapter_response,
        "timing_info": [
            {
                "name": timing.name,
                "started_at": utc_text(timing.started_at),
                "completed_at": utc_text(timing.completed_at),
            }
            for timing in result.timing
        ],
    }


def _naive_utc(moment: datetime | None) -> str:
    """Without an offset, as dbt writes these two; empty where there is no such moment."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else ""
