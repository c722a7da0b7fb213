"""What a service embeds: one invocation of one command.

Any number of invocations may run in one event loop, and each is cancelled like any coroutine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..adapters.errors import AdapterError
from .commands.all_commands import COMMANDS, find_command
from .commands.command_context import CommandContext
from .core.blocking import in_thread
from .core.errors import HeadraceError, TargetError
from .core.event_queue import EventQueue, Subscription
from .core.events import (
    ArtifactWritten,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    Kept,
    Manner,
    WarningRaised,
)
from .core.outcome import ExitCode, InvocationResult
from .core.reporter import ArtifactKeeper, Reporter
from .core.results import RunResult, Status
from .core.version import VERSION
from .project.peeked_flags import settle_reporting
from .project.secrets import Redactor
from .reporters.artifacts.target_directory import TargetDirectory
from .reporters.log_settings import make_log_file
from .settings.environment_variables import custom_environment
from .settings.options import Options
from .settings.seen_flags import arguments_of
from .settings.unheeded import with_both_names
from .settings.warning_policy import RaisedWarningsError, Verdict, WarningPolicy
from .template.context import DBT_VERSION
from .workspace.places import find_target_path
from .workspace.start import Start

__all__ = [
    "ExitCode",
    "InvocationResult",
    "Options",
    "RunResult",
    "Session",
    "Status",
    "invoke",
]


async def invoke(
    options: Options,
    *,
    reporters: Sequence[Reporter | Subscription] = (),
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    redactor: Redactor | None = None,
) -> InvocationResult:
    """Run one command, and write its artifacts into the project's target directory.

        result = await invoke(Options(command="build", project_dir=Path("shop")))

    Any number of invocations may run in one event loop. What the user can mend comes back in
    the result. A cancellation ends what is in flight at the database, writes the artifacts, and
    travels on.

    Args:
        options: what to do.
        reporters: take every event, each in a thread of its own. One that is slow or broken is
            let go, with a warning; a `Subscription` says how slow it may be.
        environ, cwd: in the place of the process's own.
        redactor: the one that the reporters scrub their text with.
    """
    environment = with_both_names(os.environ if environ is None else environ)
    here = cwd or Path.cwd()
    options = await in_thread(settle_reporting, options, environment, here)
    redactor = redactor or Redactor(environment)

    def tell(warning: WarningRaised) -> None:
        session.tell_late(warning)

    artifacts = TargetDirectory(
        dbt_version=DBT_VERSION,
        environ=environment,
        tell=tell,
        write_json=options.write_json is not False,
        scrub=redactor,
        sources_path=options.output_path and here / options.output_path,
        tell_written=lambda event: session.tell_written(event),
    )
    log_file = make_log_file(options, tell=tell, scrub=redactor)
    logs = [] if log_file is None else [Subscription(log_file, limits=None)]
    everybody = [*logs, *map(Subscription.of, reporters)]
    # Who isn't ours is closed first, while the others can still tell what came of it.
    everybody.sort(key=lambda each: each.limits is None)
    session = Session(
        options,
        reporters=everybody,
        artifacts=artifacts,
        environ=environment,
        cwd=cwd,
        redactor=redactor,
    )
    return await session.run()


class Session:
    """One invocation of one command. Used once: `Session(…) → run()`.

    Args:
        options: what to do.
        reporters: take every event, in order, each in a thread of its own. One that is slow or
            broken is let go; a `Subscription` says how slow it may be.
        artifacts: keeps on disk what happens.
        environ, cwd: in the place of the process's own.
        redactor: learns the target's secrets, for reporters that write text.
    """

    def __init__(
        self,
        options: Options,
        *,
        reporters: Iterable[Reporter | Subscription] = (),
        artifacts: ArtifactKeeper | None = None,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        environment = with_both_names(os.environ if environ is None else environ)
        self._start = Start(options, environment, cwd or Path.cwd())
        self._events = EventQueue(map(Subscription.of, reporters), self.tell_late, artifacts)
        self._redactor = redactor or Redactor(environment)
        self._redactor.learn_variables(options.vars)
        self._context: CommandContext | None = None
        self._late_errors: list[WarningRaised] = []

    async def run(self) -> InvocationResult:
        """Run the command.

        What the user can mend comes back in the result, and is reported. A cancellation stops
        what is in flight at the database, gives every node its final status, and travels on.
        """
        began = time.perf_counter()
        exit_code = ExitCode.INTERRUPTED
        error: HeadraceError | None = None
        self._events.emit(self._started())
        try:
            command = find_command(self._start.options.command)
            context = self._context = CommandContext(
                self._start, command, COMMANDS, self._events, self._redactor
            )
            exit_code = await command.perform(context)
        except (HeadraceError, AdapterError) as failure:
            error = failure if isinstance(failure, HeadraceError) else TargetError(str(failure))
            error.scrub(self._redactor)
            exit_code = ExitCode.COULD_NOT_RUN
            path = await in_thread(find_target_path, self._start)
            self._events.emit(InvocationFailed(error, path))
        except Exception:
            exit_code = ExitCode.COULD_NOT_RUN  # a bug of ours, which travels
            raise
        finally:
            try:
                await self._events.settle()
            finally:
                self._tell_deprecations(has_failed=error is not None)
                exit_code = ExitCode.COULD_NOT_RUN if self._late_errors else exit_code
                elapsed = time.perf_counter() - began
                self._events.emit(InvocationFinished(exit_code, elapsed, datetime.now(UTC)))
                await self._events.aclose()
        if self._late_errors:
            exit_code = ExitCode.COULD_NOT_RUN
            error = error or RaisedWarningsError(self._late_errors)
        results = () if self._context is None else self._context.results
        return InvocationResult(exit_code, results, error)

    def tell_late(self, warning: WarningRaised) -> None:
        """Tell of a reporter, or of a file that it couldn't write. From any thread."""
        policy = WarningPolicy() if self._context is None else self._context.warning_policy
        match policy.verdict(warning.name):
            case Verdict.SHOW:
                self._events.emit(warning)
            case Verdict.RAISE:
                self._late_errors.append(warning)
                self._events.emit(InvocationFailed(RaisedWarningsError([warning])))
            case Verdict.DROP:
                pass

    def tell_written(self, event: ArtifactWritten) -> None:
        """Tell of an artifact that is on disk. From any thread."""
        self._events.emit(event)

    def _tell_deprecations(self, *, has_failed: bool) -> None:
        """Sum up the deprecations. It doesn't make another error of what is one already."""
        summary = None if self._context is None else self._context.deprecations()
        if summary is None or self._context is None:
            return
        if not (has_failed and self._context.warning_policy.verdict(summary.name) is Verdict.RAISE):
            self.tell_late(summary)

    def _started(self) -> InvocationStarted:
        start, options = self._start, self._start.options
        known = COMMANDS.get(options.command)
        return InvocationStarted(
            start.invocation_id,
            options.command,
            VERSION,
            start.started_at,
            arguments_of(options),
            Manner(keeps=Kept.NOTHING) if known is None else known.manner,
            custom_environment(start.environ),
        )
