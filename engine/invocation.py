"""One invocation with its artifacts: what the command line does, as one call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from .core.blocking import in_thread
from .core.events import (
    Event,
    InvocationFailed,
    Reporter,
    WarningRaised,
)
from .core.outcome import ExitCode, InvocationResult
from .project.secrets import Redactor
from .reporters.artifacts.target_directory import TargetDirectory
from .reporters.log_settings import make_log_file
from .session import Session
from .settings.options import Options
from .settings.reporting import settle_reporting
from .settings.warning_policy import RaisedWarningsError, Verdict
from .template.context import DBT_VERSION


async def invoke(
    options: Options,
    *,
    reporters: Sequence[Reporter] = (),
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
        reporters: take every event, after the artifacts' own.
        environ, cwd: in the place of the process's own.
        redactor: the one that the reporters scrub their text with.
    """
    environment = dict(os.environ if environ is None else environ)
    here = cwd or Path.cwd()
    options = await in_thread(settle_reporting, options, environment, here)
    redactor = redactor or Redactor(environment)

    late: list[WarningRaised] = []

    def tell(warning: WarningRaised) -> None:
        """Tell of a file that couldn't be written, when all else is done."""
        event: Event = warning
        match session.warning_policy.verdict(warning.name):
            case Verdict.DROP:
                return
            case Verdict.RAISE:
                late.append(warning)
                event = InvocationFailed(RaisedWarningsError([warning]))
        for reporter in (*logs, *reporters):
            reporter.handle(event)

    artifacts = TargetDirectory(
        dbt_version=DBT_VERSION,
        environ=environment,
        tell=tell,
        write_json=options.write_json is not False,
        scrub=redactor,
        sources_path=options.output_path and here / options.output_path,
    )
    log_file = make_log_file(options, tell=tell, scrub=redactor)
    logs = [] if log_file is None else [log_file]
    session = Session(
        options,
        reporters=[artifacts, *logs, *reporters],
        environ=environment,
        cwd=cwd,
        redactor=redactor,
    )
    result = await session.run()
    if not late:
        return result
    error = result.error or RaisedWarningsError(late)
    return replace(result, exit_code=ExitCode.COULD_NOT_RUN, error=error)
