"""The command line: flags -> one call -> exit code.

The engine is imported when a command runs, and not before, so that `--version` and `--help`
answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__
from .cli_flags import (
    BUILDING,
    CHECKING,
    COMPILING,
    DEBUGGING,
    DOCUMENTING,
    EVERYWHERE,
    INSTALLING,
    LOOKING,
    NAMING,
    OPERATING,
    PREVIEWING,
    RETRYING,
    SEEDING,
    SNAPSHOTTING,
    STORING,
    TESTING,
    names_with_value,
    taking,
)
from .engine.commands.table import COMMANDS, find_command
from .engine.core.signals import Signals, die_of_signals

if TYPE_CHECKING:
    from .engine.commands.command import Command
    from .engine.core.events import Reporter
    from .engine.core.outcome import InvocationResult
    from .engine.project.secrets import Redactor
    from .engine.settings.options import Options

_MULTIPLE = frozenset(
    "-s --select -m --models --model --exclude --resource-type --resource-types "
    "--exclude-resource-type --exclude-resource-types --output-keys".split()
)
_COMMANDS_TO_COME = frozenset({"init"})
_FLAGS_TO_COME = frozenset({"--no-introspect", "--static"})
# What they would turn on or off is so already.
_WITHOUT_EFFECT = frozenset(
    "--static-parser --no-static-parser --introspect "
    "--send-anonymous-usage-stats --no-send-anonymous-usage-stats "
    "--populate-cache --no-populate-cache --cache-selected-only --no-cache-selected-only "
    "--log-cache-events --no-log-cache-events --use-colors-file --no-use-colors-file "
    "--use-experimental-parser --no-use-experimental-parser "
    "--upload-to-artifacts-ingest-api --no-upload-to-artifacts-ingest-api "
    "--show-all-deprecations --no-show-all-deprecations".split()
)

_ALIASES = {alias: command.name for command in COMMANDS.values() for alias in command.aliases}


def main() -> None:
    """The command line as a process of its own."""
    die_of_signals()
    # Importing and parsing make hundreds of thousands of objects that stay: looking through them
    # again and again for cycles is a quarter of the time. The process is ours, and short-lived.
    gc.set_threshold(100_000, 50, 100)
    arguments = [text for text in sys.argv[1:] if text not in _WITHOUT_EFFECT]
    lacking = what_is_to_come(arguments)
    if lacking:
        typer.echo(f"Usage Error\n  {lacking}", err=True)
        sys.exit(2)
    try:
        make_app(arguments)(args=join_values(arguments), prog_name="headrace")
    finally:
        # The interpreter looks for cycles before it ends, in all that the system frees at once.
        gc.freeze()


def what_is_to_come(arguments: Sequence[str]) -> str | None:
    """What is said of a command or a flag that dbt has, and this version hasn't."""
    valued = names_with_value(EVERYWHERE)
    words = (
        text
        for before, text in zip(("", *arguments), arguments, strict=False)
        if not text.startswith("-") and before not in valued
    )
    command = next(words, "")
    if command == _DOCS and next(words, "") == "serve":
        return "the command 'docs serve' isn't there yet in this version of headrace."
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


def _keep(context: typer.Context, given: dict[str, Any]) -> None:
    """Flags before the command: they count unless the command has its own."""
    given.pop("version")
    context.obj = given


def _invoke(context: typer.Context, given: dict[str, Any]) -> None:
    """Turn a command's flags into options, run them, and leave with the exit code."""
    from .engine.core.errors import HeadraceError
    from .engine.project.secrets import Redactor
    from .engine.settings.precedence import decide

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
    from .engine.project.vars import parse_cli_vars
    from .engine.settings.options import Options
    from .engine.settings.warning_policy import parse_policy_text

    names = {
        "resource_type": "resource_types",
        "exclude_resource_type": "exclude_resource_types",
    }
    values: dict[str, Any] = {}
    if models := given.pop("models", None):
        given["select"] = [*(given["select"] or ()), *models]
        values["uses_models_flag"] = True
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
    import anyio

    from .engine import session  # noqa: F401 # before signals are heeded: it takes a while
    from .engine.project.secrets import Redactor
    from .engine.settings.reporting import settle_reporting

    environ = os.environ
    options = settle_reporting(options, environ, Path.cwd())
    redactor = Redactor(environ)
    reporter = _reporter(options, redactor)
    backend = {"use_uvloop": find_spec("uvloop") is not None}
    with Signals() as signals:
        try:
            result = anyio.run(
                _until_signal, options, reporter, redactor, signals, backend_options=backend
            )
        except BaseException:
            # Where it was interrupted, what failed on the way out isn't what it has ended with.
            if signals.exit_code is None:
                raise
            result = None
        if signals.exit_code is not None:
            return signals.exit_code
    return int(result.exit_code) if result is not None else 2


def _reporter(options: Options, redactor: Redactor) -> Reporter:
    """What shows this invocation to whoever looks: a terminal, a pipe, or a program."""
    from .engine.reporters.log_settings import console_level
    from .engine.reporters.text.colors import should_use_colors

    level = console_level(options)
    answers = find_command(options.command).answers
    stream = sys.stderr if answers else sys.stdout
    quiet = bool(options.quiet)
    if options.log_format == "json":
        from .engine.reporters.json.json_lines import JsonReporter

        return JsonReporter(sys.stdout, quiet=quiet, level=level, scrub=redactor)
    colors = should_use_colors(options.use_colors, os.environ, stream)
    if stream.isatty() and not quiet and not answers:
        from .engine.reporters.text.console import ConsoleReporter

        return ConsoleReporter(
            stream, output=sys.stdout, level=level, use_colors=colors, scrub=redactor
        )
    from .engine.reporters.text.line import LINE_WIDTH
    from .engine.reporters.text.text_reporter import TextReporter

    return TextReporter(
        stream,
        output=sys.stdout,
        quiet=quiet,
        level=level,
        use_colors=colors,
        scrub=redactor,
        width=options.printer_width or LINE_WIDTH,
    )


async def _until_signal(
    options: Options, reporter: Reporter, redactor: Redactor, signals: Signals
) -> InvocationResult | None:
    """Run the invocation; a signal cancels it, and it comes to nothing then."""
    import asyncio

    import anyio

    from .engine.core.event_queue import Subscription
    from .engine.session import invoke

    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def cancel() -> None:
            loop.call_soon_threadsafe(scope.cancel)

        signals.cancel_with(cancel)
        try:
            # What is shown is shown whole, however long a reader of it takes.
            shown = Subscription(reporter, limits=None)
            return await invoke(options, reporters=[shown], redactor=redactor)
        finally:
            signals.over()
    return None


_VERSION = Annotated[
    bool | None, typer.Option("--version", "-V", callback=_print_version, is_eager=True)
]
_FLAGS: dict[str, dict[str, Any]] = {
    "run": BUILDING,
    "build": {**SEEDING, **STORING},
    "seed": SEEDING,
    "snapshot": SNAPSHOTTING,
    "show": PREVIEWING,
    "compile": COMPILING,
    "clone": BUILDING,
    "test": TESTING,
    "retry": RETRYING,
    "ls": NAMING,
    "parse": LOOKING,
    "run-operation": OPERATING,
    "debug": DEBUGGING,
    "clean": LOOKING,
    "deps": {**INSTALLING, **LOOKING},
    "generate": DOCUMENTING,
    "freshness": CHECKING,
}
_DOCS = "docs"
_GROUPS = {_DOCS: "About the project's documentation.", "source": "About the project's sources."}


def make_app(arguments: Collection[str]) -> typer.Typer:
    """The command line, with those commands alone that are among the arguments.

    Each takes typer a millisecond to make. Where help is asked for, or no command is there, it
    has them all.
    """
    app = typer.Typer(
        name="headrace",
        help="The job of `dbt run`, done by one asyncio program.",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(taking({"version": _VERSION, **EVERYWHERE}, _keep))
    every = {command.group or name for command in COMMANDS.values() for name in names_of(command)}
    named = every & {*arguments}
    wanted = named if named and "--help" not in arguments else every
    groups = {"": app}
    for command in COMMANDS.values():
        for name in names_of(command):
            if (command.group or name) not in wanted:
                continue
            if command.group not in groups:
                help = _GROUPS[command.group]
                groups[command.group] = typer.Typer(help=help, no_args_is_help=True)
                app.add_typer(groups[command.group], name=command.group)
            is_alias = name != command.name
            text = (
                f"{command.help[:-1]} (another name of {command.name})."
                if is_alias
                else command.help
            )
            groups[command.group].command(name, help=text, hidden=is_alias and bool(command.group))(
                taking(_FLAGS[command.name], _invoke)
            )
    return app


def names_of(command: Command) -> tuple[str, ...]:
    """Under which names a command is found."""
    return (command.name, *command.aliases)
