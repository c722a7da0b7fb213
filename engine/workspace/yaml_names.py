"""What Jinja in YAML files has at hand besides variables: the invocation, as dbt tells of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..template.context import DBT_VERSION


def invocation_names(invocation_id: str, started_at: datetime) -> dict[str, Any]:
    """The names of every YAML file, of those too that are read before there are settings."""
    return {
        "dbt_version": DBT_VERSION,
        "invocation_id": invocation_id,
        "run_started_at": started_at,
        "thread_id": "MainThread",
        "log": _unsaid,
        "print": _unsaid,
    }


def _unsaid(msg: Any, info: bool = False) -> str:
    """Give nothing: what a file says while it is read, nobody has asked for."""
    return ""
