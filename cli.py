"""The command line: flags -> one call -> exit code.

The engine is imported when a command runs, and not before, so that `--version` and `--help`
answer at once.
"""

from __future__ import annotations

import inspect
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from . import __version__

if TYPE_CHECKING:
    from anyio.abc import TaskStatus

    from .engine.events import Reporter
    from .engine.options import Options
    from .engine.project.secrets import Redactor
    from .engine.session import InvocationResult

ANSWERING_COMMANDS = frozenset({"ls", "debug", "clean", "compile"})
"""Commands whose standard output is an answer; their log lines go to standard error."""

_SIGNAL_EXIT = 128
_LOG_FORMATS = ("default", "text", "debug", "json")
_MULTIPLE = frozenset(
    "-s --select -m --models --model --exclude --resource-type --resource-types "
    "--exclude-resource-type --output-keys".split()
)
_COMMANDS_TO_COME = frozenset("show docs init retry clone".split())
_FLAGS_TO_COME = frozenset(
    "--selector --indirect-selection --defer --state --defer-state --favor-state --inline".split()
)
# What they would turn on or off is so already.
_WITHOUT_EFFECT = frozenset(
    "--static-parser --no-static-parser "
    "--send-anonymous-usage-stats --no-send-anonymous-usage-stats "
    "--populate-cache --no-populate-cache --cache-selected-only --no-cache-selected-only".split()
)

app = typer.Typer(
    name="headrace",
    help="The job of `dbt run`, done by one asyncio program.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The console script."""
    arguments = [text for text in sys.argv[1:] if text not in _WITHOUT_EFFECT]
    lacking = what_is_to_come(arguments)
    if lacking:
        typer.echo(f"Usage Error\n  {lacking}", err=True)
        sys.exit(2)
    try:
        app(args=join_values(arguments), prog_name="headrace")
    except KeyboardInterrupt:
        # Before the event loop is there to take the signal, nothing has begun.
        sys.exit(_SIGNAL_EXIT + signal.SIGINT)


def what_is_to_come(arguments: Sequence[str]) -> str | None:
    """What is said of a command or a flag that dbt has, and this version hasn't."""
    command = next((text for text in arguments if not text.startswith("-")), "")
    if command in _COMMANDS_TO_COME:
        return f"the command '{command}' isn't there yet in this version of headrace."
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag in _FLAGS_TO_COME:
            return f"the flag '{flag}' isn't there yet in this version of headrace."
    return None


def join_values(arguments: Sequence[str]) -> list[str]:
    """`--select a b` as `--select "a b"`: dbt's flags take every word up to the next flag."""
    joined: list[str] = []
    taking = False
    for argument in arguments:
        if taking and not argument.startswith("-"):
            if joined[-1] in _MULTIPLE:
                joined.append(argument)
            else:
                joined[-1] += f" {argument}"
            continue
        taking = argument in _MULTIPLE
        joined.append(argument)
    return joined


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headrace {__version__}")
        raise typer.Exit


def _flag(help: str, *names: str, kind: Any = bool) -> Any:
    """A flag that may be left out: None then, so that something else decides."""
    return Annotated[kind | None, typer.Option(*names, help=help)]


_SELECTING: dict[str, Any] = {
    "select": _flag(
        "The nodes to include.",
        *("--select", "-s", "--models", "-m", "--model"),
        kind=list[str],
    ),
    "exclude": _flag("The nodes to leave out.", "--exclude", kind=list[str]),
}
_NARROWING: dict[str, Any] = {
    "resource_type": _flag(
        "Only nodes of this type.", "--resource-type", "--resource-types", kind=list[str]
    ),
    "exclude_resource_type": _flag(
        "No nodes of this type.", "--exclude-resource-type", kind=list[str]
    ),
}
_RUNNING: dict[str, Any] = {
    "fail_fast": _flag(
        "Stop at the first failure. [env: DBT_FAIL_FAST]", "--fail-fast/--no-fail-fast", "-x"
    ),
    "threads": Annotated[
        int | None,
        typer.Option(min=1, help="How many nodes are built at a time. [env: DBT_THREADS]"),
    ],
}
_REFRESHING: dict[str, Any] = {
    "full_refresh": _flag(
        "Build incremental models and seeds anew. [env: DBT_FULL_REFRESH]",
        *("--full-refresh/--no-full-refresh", "-f"),
    ),
    "lock": _flag(
        "Wait while another run builds in the same schemas. [env: DBT_LOCK]", "--lock/--no-lock"
    ),
}
_WINDOWS: dict[str, Any] = {
    "empty": _flag(
        "Build the relations without rows: refs and sources give none. [env: DBT_EMPTY]",
        "--empty/--no-empty",
    ),
    "sample": _flag(
        "Read the rows of a window only, such as '3 days'. [env: DBT_SAMPLE]",
        "--sample",
        kind=str,
    ),
    "event_time_start": _flag(
        "Where the batches of microbatch models begin. [env: DBT_EVENT_TIME_START]",
        "--event-time-start",
        kind=str,
    ),
    "event_time_end": _flag(
        "Where they end. [env: DBT_EVENT_TIME_END]", "--event-time-end", kind=str
    ),
}
_STORING: dict[str, Any] = {
    "store_failures": _flag(
        "Keep the rows that tests find in relations. [env: DBT_STORE_FAILURES]",
        "--store-failures/--no-store-failures",
    ),
}
_LISTING: dict[str, Any] = {
    "output": Annotated[str, typer.Option(help="selector, name, path or json.")],
    "output_keys": _flag("The keys of --output json.", "--output-keys", kind=list[str]),
}
_FINDING: dict[str, Any] = {
    "vars": _flag("Variables, as a YAML or JSON mapping.", "--vars", kind=str),
    "project_dir": _flag(
        "The directory with dbt_project.yml. [env: DBT_PROJECT_DIR]", "--project-dir", kind=Path
    ),
    "profiles_dir": _flag(
        "The directory with profiles.yml. [env: DBT_PROFILES_DIR]", "--profiles-dir", kind=Path
    ),
    "profile": _flag("The profile to use. [env: DBT_PROFILE]", "--profile", kind=str),
    "target": _flag("The target to build in. [env: DBT_TARGET]", "--target", "-t", kind=str),
    "partial_parse": _flag(
        "Use what the last parse found out. [env: DBT_PARTIAL_PARSE]",
        "--partial-parse/--no-partial-parse",
    ),
    "target_path": _flag("Where artifacts go. [env: DBT_TARGET_PATH]", "--target-path", kind=Path),
    "version_check": _flag(
        "Heed require-dbt-version. [env: DBT_VERSION_CHECK]", "--version-check/--no-version-check"
    ),
}
_INSTALLING: dict[str, Any] = {
    "upgrade": _flag("Look for newer versions than those of package-lock.yml.", "--upgrade"),
    "lock_only": _flag("Write package-lock.yml, and install nothing.", "--lock"),
    "add_package": _flag(
        "Add name@version to packages.yml, and install it.", "--add-package", kind=str
    ),
    "package_source": _flag(
        "Where --add-package is from: hub, git or local.", "--source", kind=str
    ),
}
_TELLING: dict[str, Any] = {
    "quiet": _flag("Errors only. [env: DBT_QUIET]", "--quiet/--no-quiet", "-q"),
    "use_colors": _flag("Colours. [env: NO_COLOR]", "--use-colors/--no-use-colors"),
    "debug": _flag("Tracebacks of internal errors. [env: DBT_DEBUG]", "--debug/--no-debug", "-d"),
    "log_format": _flag(
        "text or json: the form of the log lines. [env: DBT_LOG_FORMAT]", "--log-format", kind=str
    ),
    "log_level": _flag(
        "debug, info, warn, error or none: what is shown, and kept. [env: DBT_LOG_LEVEL]",
        "--log-level",
        kind=str,
    ),
    "log_level_file": _flag(
        "What is kept in the log file; debug by default. [env: DBT_LOG_LEVEL_FILE]",
        "--log-level-file",
        kind=str,
    ),
    "log_format_file": _flag(
        "text or json: the form of the log file. [env: DBT_LOG_FORMAT_FILE]",
        "--log-format-file",
        kind=str,
    ),
    "log_path": _flag("Where the log file goes. [env: DBT_LOG_PATH]", "--log-path", kind=Path),
    "warn_error": _flag(
        "Every warning is an error. [env: DBT_WARN_ERROR]", "--warn-error/--no-warn-error"
    ),
    "warn_error_options": _flag(
        "Which warnings are errors: a mapping with error, warn and silence. "
        "[env: DBT_WARN_ERROR_OPTIONS]",
        "--warn-error-options",
        kind=str,
    ),
    "write_json": _flag(
        "Write manifest.json and run_results.json. [env: DBT_WRITE_JSON]",
        "--write-json/--no-write-json",
    ),
}
_EVERYWHERE = {
    **_TELLING,
    "fail_fast": _RUNNING["fail_fast"],
    "partial_parse": _FINDING["partial_parse"],
    "version_check": _FINDING["version_check"],
}
_BUILDING = {
    **_SELECTING,
    **_NARROWING,
    **_RUNNING,
    **_REFRESHING,
    **_WINDOWS,
    **_FINDING,
    **_TELLING,
}
_SNAPSHOTTING = {
    name: flag
    for name, flag in _BUILDING.items()
    if name not in ("full_refresh", "sample", "event_time_start", "event_time_end")
}
_TESTING = {**_SELECTING, **_NARROWING, **_RUNNING, **_STORING, **_FINDING, **_TELLING}
_NAMING = {**_SELECTING, **_NARROWING, **_LISTING, **_FINDING, **_TELLING}
_LOOKING = {**_FINDING, **_TELLING}
_OPERATING: dict[str, Any] = {
    "macro": Annotated[str, typer.Argument(help="The macro's name, or package.name.")],
    "args": _flag("Its arguments, as a YAML or JSON mapping.", "--args", kind=str),
    **_FINDING,
    **_TELLING,
    "threads": _RUNNING["threads"],
}
_CHECKING: dict[str, Any] = {
    **_SELECTING,
    **_FINDING,
    **_TELLING,
    "threads": _RUNNING["threads"],
    "output_path": _flag(
        "Where sources.json goes, in the place of the target directory.",
        *("--output", "-o"),
        kind=Path,
    ),
}
_ALIASES = {"list": "ls", "snapshot-freshness": "freshness"}
_PRESET = {"output": "selector", "macro": inspect.Parameter.empty}
"""What a flag is when it isn't given, where that isn't None. An empty one must be given."""


def _taking(flags: dict[str, Any], function: Callable[..., None]) -> Callable[..., None]:
    """A function of a context and flags, with the signature that typer reads them off."""

    def command(context: typer.Context, **given: Any) -> None:
        function(context, given)

    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_PRESET.get(name),
            annotation=annotation,
        )
        for name, annotation in flags.items()
    ]
    command.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined] # what inspect looks for
    command.__annotations__ = {"context": typer.Context, **flags}
    return command


def _keep(context: typer.Context, given: dict[str, Any]) -> None:
    """Flags before the command: they count unless the command has its own."""
    given.pop("version")
    context.obj = given


def _invoke(context: typer.Context, given: dict[str, Any]) -> None:
    """Turn a command's flags into options, run them, and leave with the exit code."""
    from .engine.errors import HeadraceError
    from .engine.project.secrets import Redactor
    from .engine.settings import decide

    for name, value in (context.obj or {}).items():
        if given.get(name) is None:
            given[name] = value
    command = _ALIASES.get(str(context.info_name), str(context.info_name))
    try:
        options = _options(command, given)
        code = _run(options)
    except HeadraceError as error:
        typer.echo(Redactor(os.environ)(f"{error.title}\n  {error}"), err=True)
        code = 2
    except Exception as error:
        if decide("debug", given.get("debug"), os.environ):
            raise
        # Not its own text, in which there may be anything.
        typer.echo(
            f"Internal Error\n  {type(error).__name__}: this is a fault in headrace. Run again "
            "with --debug to see where.",
            err=True,
        )
        code = 2
    raise typer.Exit(code)


def _options(command: str, given: dict[str, Any]) -> Options:
    from .engine.options import Options
    from .engine.project.vars import parse_cli_vars
    from .engine.warning_policy import parse_policy_text

    names = {
        "resource_type": "resource_types",
        "exclude_resource_type": "exclude_resource_types",
    }
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "vars":
            values["vars"] = parse_cli_vars(value or "")
        elif name == "args":
            values["args"] = parse_cli_vars(value or "", "--args")
        elif name == "warn_error_options" and value is not None:
            values[name] = parse_policy_text(value)
        elif name in ("select", "exclude"):
            values[name] = tuple(value or ())
        elif name in ("resource_type", "exclude_resource_type", "output_keys"):
            words = [word for text in value or () for word in text.split()]
            values[names.get(name, name)] = tuple(words)
        else:
            values[name] = value
    return Options(command=command, **values)


def _run(options: Options) -> int:
    """Run one invocation in an event loop of its own; the exit code."""
    import gc

    import anyio

    from .engine.project.secrets import Redactor
    from .engine.settings import choose, decide, is_set

    # Parsing makes hundreds of thousands of objects that stay: looking through them again and
    # again for cycles is a quarter of its time. The process is ours, and short-lived.
    gc.set_threshold(100_000, 50, 100)
    environ = os.environ
    use_colors = options.use_colors
    if is_set("use_colors", environ):
        use_colors = decide("use_colors", use_colors, environ)
    options = replace(
        options,
        quiet=decide("quiet", options.quiet, environ),
        debug=decide("debug", options.debug, environ),
        use_colors=use_colors,
        log_format=choose("log_format", options.log_format, environ, _LOG_FORMATS),
    )
    redactor = Redactor(environ)
    reporter = _reporter(options, redactor)
    backend = {"use_uvloop": find_spec("uvloop") is not None}
    try:
        return anyio.run(_until_signal, options, reporter, redactor, backend_options=backend)
    finally:
        # It is over, whatever else arrives: the exit code has been decided.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _reporter(options: Options, redactor: Redactor) -> Reporter:
    """What shows this invocation to whoever looks: a terminal, a pipe, or a program."""
    from .engine.reporters.colors import should_use_colors
    from .engine.reporters.log_settings import console_level

    level = console_level(options, os.environ)
    answers = options.command in ANSWERING_COMMANDS
    stream = sys.stderr if answers else sys.stdout
    quiet = bool(options.quiet)
    if options.log_format == "json":
        from .engine.reporters.json_lines import JsonReporter

        return JsonReporter(sys.stdout, quiet=quiet, level=level, scrub=redactor)
    colors = should_use_colors(options.use_colors, os.environ, stream)
    if stream.isatty() and not quiet and not answers:
        from .engine.reporters.console import ConsoleReporter

        return ConsoleReporter(
            stream, output=sys.stdout, level=level, use_colors=colors, scrub=redactor
        )
    from .engine.reporters.text import TextReporter

    return TextReporter(
        stream, output=sys.stdout, quiet=quiet, level=level, use_colors=colors, scrub=redactor
    )


def _leave_at_once(code: int) -> NoReturn:
    """End the process as it is, but for a terminal's cursor, which a live display has hidden."""
    for stream in (sys.stderr, sys.stdout):
        if stream.isatty():
            os.write(stream.fileno(), b"\x1b[?25h\n")
            break
    os._exit(code)


async def _until_signal(options: Options, reporter: Reporter, redactor: Redactor) -> int:
    """Run the invocation; SIGINT or SIGTERM cancels it, and a second one ends the process."""
    import anyio

    from .engine.invocation import invoke

    received: list[int] = []
    outcome: InvocationResult | Exception | None = None
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:

            async def watch(*, task_status: TaskStatus[None]) -> None:
                with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                    task_status.started()
                    async for number in signals:
                        if received:
                            _leave_at_once(_SIGNAL_EXIT + number)
                        received.append(number)
                        scope.cancel()

            await tasks.start(watch)
            try:
                outcome = await invoke(options, reporters=[reporter], redactor=redactor)
            except Exception as error:
                outcome = error  # out of the task group as it is, not in a group of its own
        tasks.cancel_scope.cancel()
    if received:
        return _SIGNAL_EXIT + received[0]
    if isinstance(outcome, Exception):
        raise outcome
    return int(outcome.exit_code) if outcome is not None else 2


_VERSION = Annotated[
    bool | None, typer.Option("--version", "-V", callback=_print_version, is_eager=True)
]
app.callback()(_taking({"version": _VERSION, **_EVERYWHERE}, _keep))

for _name, _flags, _help in (
    ("run", _BUILDING, "Build the selected models."),
    (
        "build",
        {**_BUILDING, **_STORING},
        "Load seeds, build models and snapshots, and test them, in the graph's order.",
    ),
    ("seed", _BUILDING, "Load the selected seeds' CSV files."),
    ("snapshot", _SNAPSHOTTING, "Note in the selected snapshots what has changed."),
    ("compile", _BUILDING, "Write the selected nodes' SQL to target/compiled, and run nothing."),
    ("test", _TESTING, "Test the selected nodes."),
    ("ls", _NAMING, "List the selected nodes."),
    ("list", _NAMING, "List the selected nodes (another name of ls)."),
    ("parse", _LOOKING, "Read the project, and write target/manifest.json."),
    ("run-operation", _OPERATING, "Call one macro."),
    ("debug", _LOOKING, "Check the project, the profile and the connection."),
    ("clean", _LOOKING, "Delete the project's clean-targets."),
    ("deps", {**_INSTALLING, **_LOOKING}, "Install the packages that packages.yml asks for."),
):
    app.command(_name, help=_help)(_taking(_flags, _invoke))

_source = typer.Typer(help="About the project's sources.", no_args_is_help=True)
app.add_typer(_source, name="source")
_FRESHNESS = "Check that sources aren't older than their `freshness` allows."
_source.command("freshness", help=_FRESHNESS)(_taking(_CHECKING, _invoke))
_source.command("snapshot-freshness", help=_FRESHNESS, hidden=True)(_taking(_CHECKING, _invoke))
