"""headrace: the job of `dbt run`, done by one asyncio program.

from headrace import Options, invoke

result = await invoke(Options(command="build", project_dir=Path("shop")))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.invocation import invoke
    from .engine.options import Options
    from .engine.outcome import ExitCode, InvocationResult
    from .engine.results import RunResult, Status
    from .engine.session import Session

__version__ = "0.1.0"

__all__ = [
    "ExitCode",
    "InvocationResult",
    "Options",
    "RunResult",
    "Session",
    "Status",
    "invoke",
]

_HOMES = {
    "ExitCode": "outcome",
    "InvocationResult": "outcome",
    "Options": "options",
    "RunResult": "results",
    "Session": "session",
    "Status": "results",
    "invoke": "invocation",
}


def __getattr__(name: str) -> Any:
    # The command imports this package before it knows what it is asked for, and `--version`
    # should not wait for Jinja.
    if name in _HOMES:
        return getattr(import_module(f".engine.{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
