"""headrace: the job of `dbt run`, done by one asyncio program.

from headrace import Options, invoke

result = await invoke(Options(command="build", project_dir=Path("shop")))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.core.outcome import ExitCode, InvocationResult
    from .engine.core.results import RunResult, Status
    from .engine.invocation import invoke
    from .engine.session import Session
    from .engine.settings.options import Options

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
    "ExitCode": "core.outcome",
    "InvocationResult": "core.outcome",
    "Options": "settings.options",
    "RunResult": "core.results",
    "Session": "session",
    "Status": "core.results",
    "invoke": "invocation",
}


def __getattr__(name: str) -> Any:
    # The command imports this package before it knows what it is asked for, and `--version`
    # should not wait for Jinja.
    if name in _HOMES:
        return getattr(import_module(f".engine.{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
