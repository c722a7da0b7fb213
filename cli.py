"""The command line: flags -> one call -> exit code.

The engine is imported when a command runs, and not before, so that `--version` and `--help`
answer at once.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .engine.commands.all_commands import find_command
from .engine.commands.command_line import join_values, read_plain, what_is_to_come
from .engine.core.signals import Signals, die_of_signals
from .engine.settings.flag import Effect, Kind
from .engine.settings.flags import FLAGS

if TYPE_CHECKING:
    from .engine.core.outcome import InvocationResult
    from .engine.core.reporter import Reporter
    from .engine.project.secrets import Redactor
    from .engine.settings.options import Options

_NONE_IF_EMPTY = frozenset({"selector", "inline", "target", "profile"})
"""What a script gives as an empty text where it means nothing, as in `--selector "$SELECTOR"`."""

_SPLIT_AT_SPACES = frozenset({"resource_types", "exclude_resource_types", "output_keys"})

_COMPLETION_VARIABLE = "_HEADRACE_COMPLETE"
"""With this in the environment, typer is asked for completions."""


def main() -> None:
    """The command line as a process of its own."""
    die_of_signals()
    # Importing and parsing make hundreds of thousands of objects that stay: looking through them
    # again and again for cycles is a quarter of the time. The process is ours, and short-lived.
    gc.set_threshold(100_000, 50, 100)
    arguments = sys.argv[1:]
    lacking = what_is_to_come(arguments)
    if lacking:
        _complain(f"Usage Error\n  {lacking}")
        sys.exit(2)
    try:
        plain = None if _COMPLETION_VARIABLE in os.environ else read_plain(arguments)
        if plain is not None:
            sys.exit(_invoke_plain(*plain))
        from .cli_flags import make_app

        make_app(arguments, invoke_given)(args=join_values(arguments), prog_name="headrace")
    finally:
        # The interpreter looks for cycles before it ends, in all that the system frees at once.
        gc.freeze()


def _complain(text: str) -> None:
    import typer

    typer.echo(text, err=True)


def _invoke_plain(command: str, given: dict[str, Any]) -> int:
    """Run a command that typer hasn't read, and answer a reader who has gone as it would."""
    try:
        return invoke_given(command, given)
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return 1


def invoke_given(command: str, given: dict[str, Any]) -> int:
    """Turn a command's flags into options, and run them; the exit code."""
    from .engine.core.errors import HeadraceError
    from .engine.project.secrets import Redactor
    from .engine.settings.precedence import find_value

    try:
        options = _options(command, given)
        with _recording(options.record_timing_info):
            return _run(options)
    except HeadraceError as error:
        _complain(Redactor(os.environ)(f"{error.title}\n  {error}"))
    except Exception as error:
        if find_value("debug", given.get("debug"), os.environ).value:
            raise
        # Not its own text, in which there may be anything.
        _complain(
            f"Internal Error\n  {type(error).__name__}: this is a fault in headrace. Run again "
            "with --debug to see where.",
        )
    return 2


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
