"""What became of an invocation, as its shell and its caller are told."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from msgspec import Struct

from .errors import HeadraceError
from .results import RunResult, Status


class ExitCode(IntEnum):
    """What an invocation says to its shell."""

    DONE = 0
    """Everything was done, or there was nothing to do."""
    NODE_FAILED = 1
    """A node failed, or a check did."""
    COULD_NOT_RUN = 2
    """The invocation itself couldn't run: usage, project, profile, database."""
    INTERRUPTED = 130
    """Cancelled from outside."""


class InvocationResult(Struct, frozen=True):
    """What became of an invocation. `error` is why it could not run, where it couldn't."""

    exit_code: ExitCode
    results: tuple[RunResult, ...] = ()
    error: HeadraceError | None = None

    @property
    def success(self) -> bool:
        return self.exit_code is ExitCode.DONE


def exit_code_of(results: Sequence[RunResult]) -> ExitCode:
    """1 where a node failed, or was skipped because of a failure."""
    failed = any(result.status.is_failure or result.status is Status.SKIPPED for result in results)
    return ExitCode.NODE_FAILED if failed else ExitCode.DONE
