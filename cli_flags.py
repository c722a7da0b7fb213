"""The flag table as typer reads it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .engine.settings.flag import Effect, Flag, Kind
from .engine.settings.flags import FLAGS, flags_of

_TYPES: dict[Kind, Any] = {
    Kind.SWITCH: bool,
    Kind.MARK: bool,
    Kind.TEXT: str,
    Kind.WORDS: list[str],
    Kind.NUMBER: int,
    Kind.PATH: Path,
    Kind.MAPPING: str,
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headrace {__version__}")
        raise typer.Exit


_VERSION = Annotated[
    bool | None, typer.Option("--version", "-V", "-v", callback=_print_version, is_eager=True)
]


def names_with_value(command: str) -> frozenset[str]:
    """The names on the command line of a command's flags that are followed by a value."""
    return _names(flag for flag in flags_of(command) if not flag.is_boolean)


def names_of_refused() -> frozenset[str]:
    """The names that ask for what this version hasn't, where nothing is run for their sake."""
    refused = [flag for flag in FLAGS.values() if flag.effect is Effect.REFUSED]
    return frozenset(
        flag.spellings[0].split("/")[-1 if flag.default is True else 0] for flag in refused
    )


def _names(flags: Iterable[Flag]) -> frozenset[str]:
    return frozenset(name for flag in flags for text in flag.spellings for name in text.split("/"))


WORDS = _names(flag for flag in FLAGS.values() if flag.kind is Kind.WORDS)
"""The names on the command line of those flags that take every word up to the next flag."""


def _parameter(flag: Flag) -> inspect.Parameter:
    """A flag that may be left out: None then, so that something else decides."""
    option: Any
    default: Any = None
    if flag.kind is Kind.ARGUMENT:
        annotation: Any = Annotated[str, typer.Argument(help=flag.help)]
        default = inspect.Parameter.empty
    else:
        variable = next((name for name in flag.all_variables if name.startswith("DBT_")), None)
        option = typer.Option(
            *flag.spellings,
            help=f"{flag.help} [env: {variable}]" if variable else flag.help,
            min=flag.limits[0] if flag.limits else None,
            hidden=flag.effect is not Effect.HEEDED,
        )
        annotation = Annotated[_TYPES[flag.kind] | None, option]
    return inspect.Parameter(
        flag.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def sign(called: Callable[..., None], command: str | None) -> Callable[..., None]:
    """Give a function of a context and flags the signature that typer reads a command's flags off.

    Without a command there are no flags.
    """
    parameters = [
        inspect.Parameter(
            "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
        ),
    ]
    if command is not None:
        parameters += [
            inspect.Parameter(
                "version", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_VERSION
            ),
            *(_parameter(flag) for flag in flags_of(command)),
        ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what inspect looks for
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called
