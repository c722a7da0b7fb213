"""The command line: flags -> one call -> exit code.

The engine is imported when a command runs, and not before, so that `--version` and `--help`
answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__

if TYPE_CHECKING:
    from .engine.events import Reporter
    from .engine.options import Options
    from .engine.project.secrets import Redactor
    from .engine.session import InvocationResult

ANSWERING_COMMANDS = frozenset({"ls", "debug", "clean", "compile"})
"""Commands whose standard output is an answer; their log lines go to standard error."""

_SIGNAL_EXIT = 128
_MULTIPLE = frozenset(
    "-s --select -m --models --model --exclude --resource-type --resource-types "
    "--exclude-resource-type --output-keys".split()
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
    app(args=join_values(sys.argv[1:]), prog_name="headrace")


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


ProjectDir = Annotated[
    Path | None, typer.Option(help="The directory with dbt_project.yml. [env: DBT_PROJECT_DIR]")
]
ProfilesDir = Annotated[
    Path | None, typer.Option(help="The directory with profiles.yml. [env: DBT_PROFILES_DIR]")
]
Profile = Annotated[str | None, typer.Option(help="The profile to use. [env: DBT_PROFILE]")]
Target = Annotated[
    str | None, typer.Option("--target", "-t", help="The target to build in. [env: DBT_TARGET]")
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="How many nodes are built at a time. [env: DBT_THREADS]")
]
Variables = Annotated[
    str | None, typer.Option("--vars", help="Variables, as a YAML or JSON mapping.")
]
TargetPath = Annotated[Path | None, typer.Option(help="Where artifacts go. [env: DBT_TARGET_PATH]")]
Quiet = Annotated[bool | None, typer.Option("--quiet/--no-quiet", "-q", help="Errors only.")]
Colors = Annotated[
    bool | None, typer.Option("--use-colors/--no-use-colors", help="Colours. [env: NO_COLOR]")
]
Debug = Annotated[
    bool | None, typer.Option("--debug/--no-debug", "-d", help="Tracebacks of internal errors.")
]
LogFormat = Annotated[str | None, typer.Option(help="text or json: the form of the log lines.")]
WriteJson = Annotated[
    bool | None,
    typer.Option("--write-json/--no-write-json", help="Write manifest.json and run_results.json."),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", "-s", "--models", "-m", "--model", help="The nodes to include."),
]
Exclude = Annotated[list[str] | None, typer.Option(help="The nodes to leave out.")]
ResourceType = Annotated[
    list[str] | None,
    typer.Option("--resource-type", "--resource-types", help="Only nodes of this type."),
]
ExcludeResourceType = Annotated[
    list[str] | None, typer.Option("--exclude-resource-type", help="No nodes of this type.")
]
FailFast = Annotated[
    bool | None,
    typer.Option("--fail-fast/--no-fail-fast", "-x", help="Stop at the first failure."),
]
FullRefresh = Annotated[
    bool | None,
    typer.Option(
        "--full-refresh/--no-full-refresh", "-f", help="Build incremental models and seeds anew."
    ),
]
Output = Annotated[str, typer.Option(help="selector, name, path or json.")]
OutputKeys = Annotated[list[str] | None, typer.Option(help="The keys of --output json.")]


@app.callback()
def everywhere(
    context: typer.Context,
    version: Annotated[
        bool | None, typer.Option("--version", "-V", callback=_print_version, is_eager=True)
    ] = None,
    quiet: Quiet = None,
    use_colors: Colors = None,
    debug: Debug = None,
    log_format: LogFormat = None,
    write_json: WriteJson = None,
    fail_fast: FailFast = None,
) -> None:
    """The job of `dbt run`, done by one asyncio program."""
    context.obj = {
        "quiet": quiet,
        "use_colors": use_colors,
        "debug": debug,
        "log_format": log_format,
        "write_json": write_json,
        "fail_fast": fail_fast,
    }


def _build_nodes(
    context: typer.Context,
    select: Select = None,
    exclude: Exclude = None,
    resource_type: ResourceType = None,
    exclude_resource_type: ExcludeResourceType = None,
    fail_fast: FailFast = None,
    full_refresh: FullRefresh = None,
    threads: Threads = None,
    vars: Variables = None,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    profile: Profile = None,
    target: Target = None,
    target_path: TargetPath = None,
    quiet: Quiet = None,
    use_colors: Colors = None,
    debug: Debug = None,
    log_format: LogFormat = None,
    write_json: WriteJson = None,
) -> None:
    _invoke(context, locals())


def _test_nodes(
    context: typer.Context,
    select: Select = None,
    exclude: Exclude = None,
    fail_fast: FailFast = None,
    threads: Threads = None,
    vars: Variables = None,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    profile: Profile = None,
    target: Target = None,
    target_path: TargetPath = None,
    quiet: Quiet = None,
    use_colors: Colors = None,
    debug: Debug = None,
    log_format: LogFormat = None,
    write_json: WriteJson = None,
) -> None:
    _invoke(context, locals())


def _list_nodes(
    context: typer.Context,
    select: Select = None,
    exclude: Exclude = None,
    resource_type: ResourceType = None,
    exclude_resource_type: ExcludeResourceType = None,
    output: Output = "selector",
    output_keys: OutputKeys = None,
    vars: Variables = None,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    profile: Profile = None,
    target: Target = None,
    target_path: TargetPath = None,
    quiet: Quiet = None,
    use_colors: Colors = None,
    debug: Debug = None,
    log_format: LogFormat = None,
    write_json: WriteJson = None,
) -> None:
    _invoke(context, locals())


def _look_at_project(
    context: typer.Context,
    vars: Variables = None,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    profile: Profile = None,
    target: Target = None,
    target_path: TargetPath = None,
    quiet: Quiet = None,
    use_colors: Colors = None,
    debug: Debug = None,
    log_format: LogFormat = None,
    write_json: WriteJson = None,
) -> None:
    _invoke(context, locals())


for _name, _function, _help in (
    ("run", _build_nodes, "Build the selected models."),
    ("build", _build_nodes, "Load seeds, build models and test them, in the graph's order."),
    ("seed", _build_nodes, "Load the selected seeds' CSV files."),
    ("compile", _build_nodes, "Write the selected nodes' SQL to target/compiled, and run nothing."),
    ("test", _test_nodes, "Test the selected nodes."),
    ("ls", _list_nodes, "List the selected nodes."),
    ("list", _list_nodes, "List the selected nodes (another name of ls)."),
    ("parse", _look_at_project, "Read the project, and write target/manifest.json."),
    ("debug", _look_at_project, "Check the project, the profile and the connection."),
    ("clean", _look_at_project, "Delete the project's clean-targets."),
):
    app.command(_name, help=_help)(_function)


def _invoke(context: typer.Context, given: dict[str, Any]) -> None:
    """Turn a command's flags into options, run them, and leave with the exit code."""
    from .engine.errors import HeadraceError

    given.pop("context")
    for name, value in (context.obj or {}).items():
        if given.get(name) is None:
            given[name] = value
    command = "ls" if context.info_name == "list" else str(context.info_name)
    try:
        options = _options(command, given)
        code = _run(options)
    except HeadraceError as error:
        typer.echo(f"{error.title}\n  {error}", err=True)
        code = 2
    except Exception as error:
        if given.get("debug"):
            raise
        typer.echo(
            f"Internal Error\n  {type(error).__name__}: {error}\n  This is a fault in headrace. "
            "Run again with --debug to see where.",
            err=True,
        )
        code = 2
    raise typer.Exit(code)


def _options(command: str, given: dict[str, Any]) -> Options:
    from .engine.options import Options
    from .engine.project.vars import parse_cli_vars

    names = {
        "resource_type": "resource_types",
        "exclude_resource_type": "exclude_resource_types",
    }
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "vars":
            values["vars"] = parse_cli_vars(value or "")
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

    from .engine.project.environment import find_setting
    from .engine.project.secrets import Redactor
    from .engine.settings import decide

    # Parsing makes hundreds of thousands of objects that stay: looking through them again and
    # again for cycles is a quarter of its time. The process is ours, and short-lived.
    gc.set_threshold(100_000, 50, 100)
    environ = os.environ
    setting = find_setting(environ, "LOG_FORMAT")
    options = replace(
        options,
        quiet=decide("quiet", options.quiet, environ),
        debug=decide("debug", options.debug, environ),
        log_format=options.log_format or (setting.value if setting else None),
    )
    redactor = Redactor(environ)
    reporter = _reporter(options, redactor)
    backend = {"use_uvloop": find_spec("uvloop") is not None}
    return anyio.run(_until_signal, options, reporter, redactor, backend_options=backend)


def _reporter(options: Options, redactor: Redactor) -> Reporter:
    """What shows this invocation to whoever looks: a terminal, a pipe, or a program."""
    from .engine.reporters.colors import should_use_colors

    answers = options.command in ANSWERING_COMMANDS
    stream = sys.stderr if answers else sys.stdout
    quiet = bool(options.quiet)
    if options.log_format == "json":
        from .engine.reporters.json_lines import JsonReporter

        return JsonReporter(sys.stdout, quiet=quiet, scrub=redactor)
    colors = should_use_colors(options.use_colors, os.environ, stream)
    if stream.isatty() and not quiet and not answers:
        from .engine.reporters.console import ConsoleReporter

        return ConsoleReporter(stream, output=sys.stdout, use_colors=colors, scrub=redactor)
    from .engine.reporters.text import TextReporter

    return TextReporter(stream, output=sys.stdout, quiet=quiet, use_colors=colors, scrub=redactor)


async def _until_signal(options: Options, reporter: Reporter, redactor: Redactor) -> int:
    """Run the invocation; SIGINT or SIGTERM cancels it, and a second one ends the process."""
    import signal

    import anyio

    from .engine.invocation import invoke

    received: list[int] = []
    outcome: InvocationResult | Exception | None = None
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:

            async def watch() -> None:
                with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                    async for number in signals:
                        if received:
                            os._exit(_SIGNAL_EXIT + number)
                        received.append(number)
                        scope.cancel()

            tasks.start_soon(watch)
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
