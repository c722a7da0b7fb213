"""The command line: flags -> one call -> exit code.

The engine is imported when a command runs, and not before, so that `--version` and `--help`
answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .cli_flags import WORDS, names_of_refused, names_with_value, sign
from .engine.commands.all_commands import COMMANDS, find_command
from .engine.core.signals import Signals, die_of_signals
from .engine.settings.flag import BEFORE, Effect, Kind
from .engine.settings.flags import FLAGS

if TYPE_CHECKING:
    from .engine.commands.command import Command
    from .engine.core.outcome import InvocationResult
    from .engine.core.reporter import Reporter
    from .engine.project.secrets import Redactor
    from .engine.settings.options import Options

_COMMANDS_TO_COME = frozenset({"init"})

_ALIASES = {alias: command.name for command in COMMANDS.values() for alias in command.aliases}
_CONTEXT = {"help_option_names": ["-h", "--help"]}
_NONE_IF_EMPTY = frozenset({"selector", "inline", "target", "profile"})
"""What a script gives as an empty text where it means nothing, as in `--selector "$SELECTOR"`."""

_SPLIT_AT_SPACES = frozenset({"resource_types", "exclude_resource_types", "output_keys"})

Invoke = Callable[[typer.Context, dict[str, Any]], None]


def main() -> None:
    """The command line as a process of its own."""
    die_of_signals()
    # Importing and parsing make hundreds of thousands of objects that stay: looking through them
    # again and again for cycles is a quarter of the time. The process is ours, and short-lived.
    gc.set_threshold(100_000, 50, 100)
    arguments = sys.argv[1:]
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
    valued = names_with_value(BEFORE)
    words = (
        text
        for before, text in zip(("", *arguments), arguments, strict=False)
        if not text.startswith("-") and before not in valued
    )
    command = next(words, "")
    if command == "docs" and next(words, "") == "serve":
        return "the command 'docs serve' isn't there yet in this version of headrace."
    if command in _COMMANDS_TO_COME:
        return f"the command '{command}' isn't there yet in this version of headrace."
    refused = names_of_refused()
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag in refused:
            return f"the flag '{flag}' isn't there yet in this version of headrace."
    return None


def join_values(arguments: Sequence[str]) -> list[str]:
    """`--select a b` as `--select a --select b`: such flags take every word up to the next flag."""
    joined: list[str] = []
    taking = ""
    for argument in arguments:
        if argument.startswith("-"):
            taking = argument if argument in WORDS else ""
        elif taking and joined[-1] != taking:
            joined.append(taking)
        joined.append(argument)
    return joined


def _keep(context: typer.Context, given: dict[str, Any]) -> None:
    """Flags before the command: they count unless the command, or what stands between, has its
    own.
    """
    named = {name: value for name, value in given.items() if value is not None}
    context.obj = {**(context.obj or {}), **named}


def _invoke(context: typer.Context, given: dict[str, Any]) -> None:
    """Turn a command's flags into options, run them, and leave with the exit code."""
    from .engine.core.errors import HeadraceError
    from .engine.project.secrets import Redactor
    from .engine.settings.precedence import find_value

    for name, value in (context.obj or {}).items():
        if given.get(name) is None:
            given[name] = value
    command = _ALIASES.get(str(context.info_name), str(context.info_name))
    try:
        options = _options(command, given)
        with _recording(options.record_timing_info):
            code = _run(options)
    except HeadraceError as error:
        typer.echo(Redactor(os.environ)(f"{error.title}\n  {error}"), err=True)
        code = 2
    except Exception as error:
        if find_value("debug", given.get("debug"), os.environ).value:
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
    from .engine.project.invocation_settings import parse_policy_text
    from .engine.project.vars import parse_cli_vars
    from .engine.settings.options import Options

    values: dict[str, Any] = {}
    without_effect: list[str] = []
    for name, value in given.items():
        flag = FLAGS[name]
        if value is None or value == [] or (value == "" and name in _NONE_IF_EMPTY):
            continue
        if flag.effect is Effect.HEEDED:
            values[name] = value
        elif flag.effect is Effect.LACKING and value != flag.default:
            without_effect.append(name)
    for name, value in values.items():
        if name == "warn_error_options":
            values[name] = parse_policy_text(value)
        elif FLAGS[name].kind is Kind.MAPPING:
            values[name] = parse_cli_vars(value, FLAGS[name].positive)
        elif FLAGS[name].kind is Kind.WORDS:
            values[name] = tuple(value)
        if name in _SPLIT_AT_SPACES:
            values[name] = tuple(word for text in value for word in text.split())
    if models := values.pop("models", ()):
        values |= {"select": (*values.get("select", ()), *models), "uses_models_flag": True}
    line = " ".join(("headrace", *sys.argv[1:]))
    values["invocation_command"] = line
    return Options(command=command, without_effect=tuple(without_effect), **values)


@contextmanager
def _recording(path: Path | None) -> Iterator[None]:
    """Write down how long each function of this thread takes, if that is asked for.

    Raises:
        UsageError: the file can't be written.
    """
    if path is None:
        yield
        return
    from cProfile import Profile

    from .engine.core.errors import UsageError

    profile = Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        try:
            profile.dump_stats(path)
        except OSError as error:
            raise UsageError(
                f"--record-timing-info: {path} can't be written ({error.strerror})."
            ) from error


def _run(options: Options) -> int:
    """Run one invocation in an event loop of its own; the exit code."""
    import anyio

    from .engine import session  # noqa: F401 # before signals are heeded: it takes a while
    from .engine.project.peeked_flags import settle_reporting
    from .engine.project.secrets import Redactor
    from .engine.reporters.shown import Onlooker, reporters_for
    from .engine.settings.unheeded import with_both_names

    environ = with_both_names(os.environ)
    options = settle_reporting(options, environ, Path.cwd())
    redactor = Redactor(environ)
    answers = find_command(options.command).answers
    onlooker = Onlooker(
        options, environ, output=sys.stdout, errors=sys.stderr, answers=answers, scrub=redactor
    )
    reporters = reporters_for(onlooker)
    backend = {"use_uvloop": find_spec("uvloop") is not None}
    with Signals() as signals:
        try:
            result = anyio.run(
                _until_signal, options, reporters, redactor, signals, backend_options=backend
            )
        except BaseException:
            # Where it was interrupted, what failed on the way out isn't what it has ended with.
            if signals.exit_code is None:
                raise
            result = None
        if signals.exit_code is not None:
            return signals.exit_code
    return int(result.exit_code) if result is not None else 2


async def _until_signal(
    options: Options, reporters: Sequence[Reporter], redactor: Redactor, signals: Signals
) -> InvocationResult | None:
    """Run the invocation; a signal cancels it, and it comes to nothing then."""
    import asyncio

    import anyio

    from .engine.core.event_queue import Subscription
    from .engine.session import invoke

    loop = asyncio.get_running_loop()
    signals.wake(loop)
    with anyio.CancelScope() as scope:

        def cancel() -> None:
            loop.call_soon_threadsafe(scope.cancel)

        signals.cancel_with(cancel)
        try:
            # What is shown is shown whole, however long a reader of it takes.
            shown = [Subscription(reporter, limits=None) for reporter in reporters]
            return await invoke(options, reporters=shown, redactor=redactor)
        finally:
            signals.over()
    return None


_GROUPS = {
    "docs": "About the project's documentation.",
    "source": "About the project's sources.",
}


def make_app(arguments: Collection[str], run: Invoke | None = None) -> typer.Typer:
    """The command line, with the flags of those commands alone that are among the arguments.

    All of them take typer a tenth of a second to make. `run` takes a command's context and flags,
    and runs it.
    """
    run = run or _invoke
    app = typer.Typer(
        name="headrace",
        help="The job of `dbt run`, done by one asyncio program.",
        context_settings=_CONTEXT,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_taking(BEFORE, _keep))
    groups = {"": app}
    for name, text in _GROUPS.items():
        groups[name] = typer.Typer(help=text, no_args_is_help=True, context_settings=_CONTEXT)
        app.add_typer(groups[name], name=name)
        groups[name].callback()(_taking(BEFORE if name in arguments else None, _keep))
    for command in COMMANDS.values():
        for name in names_of(command):
            is_alias = name != command.name
            help = f"{command.help[:-1]} (another name of {command.name})."
            groups[command.group].command(
                name,
                help=help if is_alias else command.help,
                hidden=is_alias and bool(command.group),
                context_settings=_CONTEXT,
            )(_taking(command.flags_like or command.name if name in arguments else None, run))
    return app


def _taking(command: str | None, run: Invoke) -> Callable[..., None]:
    """What typer calls for a command: it hands a context and the command's flags on to `run`."""

    def called(context: typer.Context, **given: Any) -> None:
        given.pop("version", None)
        run(context, given)

    return sign(called, command)


def names_of(command: Command) -> tuple[str, ...]:
    """Under which names a command is found."""
    return (command.name, *command.aliases)
