"""headrace: the job of `dbt run`, done by one asyncio program.

from headrace import Options, invoke

result = await invoke(Options(command="build", project_dir=Path("shop")))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .engine.core.version import VERSION

if TYPE_CHECKING:
    from .engine.core.outcome import ExitCode, InvocationResult
    from .engine.core.results import RunResult, Status
    from .engine.session import Session, invoke
    from .engine.settings.options import Options

__version__ = VERSION

__all__ = [
    "ExitCode",
    "InvocationResult",
    "Options",
    "RunResult",
    "Session",
    "Status",
    "invoke",
]


def __getattr__(name: str) -> Any:
    # The command imports this package before it knows what it is asked for, and `--version`
    # should not wait for Jinja.
    if name in __all__:
        from .engine import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
