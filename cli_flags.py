"""The table of flags and that of commands as a typer application."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .engine.commands.all_commands import COMMANDS
from .engine.commands.command_line import like_flags, names_of
from .engine.settings.flag import BEFORE, Effect, Flag, Kind
from .engine.settings.flags import flags_of

Run = Callable[[str, dict[str, Any]], int]
"""Runs a command with what its flags are given, and has its exit code."""

_ALIASES = {alias: command.name for command in COMMANDS.values() for alias in command.aliases}
_CONTEXT = {"help_option_names": ["-h", "--help"]}
_GROUPS = {
    "docs": "About the project's documentation.",
    "source": "About the project's sources.",
}
_TYPES: dict[Kind, Any] = {
    Kind.SWITCH: bool,
    Kind.MARK: bool,
    Kind.TEXT: str,
    Kind.WORDS: list[str],
    Kind.NUMBER: int,
    Kind.PATH: Path,
    Kind.MAPPING: str,
}


def make_app(arguments: Collection[str], run: Run) -> typer.Typer:
    """The command line, with the flags of those commands alone that are among the arguments.

    All of them take typer a tenth of a second to make. `run` takes a command's name and flags.
    """
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

    def finish(context: typer.Context, given: dict[str, Any]) -> None:
        name = str(context.info_name)
        raise typer.Exit(run(_ALIASES.get(name, name), _with_those_before(context, given)))

    for command in COMMANDS.values():
        for name in names_of(command):
            is_alias = name != command.name
            help = f"{command.help[:-1]} (another name of {command.name})."
            groups[command.group].command(
                name,
                help=help if is_alias else command.help,
                hidden=is_alias and bool(command.group),
                context_settings=_CONTEXT,
            )(_taking(like_flags(command) if name in arguments else None, finish))
    return app


def _taking(
    command: str | None, take: Callable[[typer.Context, dict[str, Any]], None]
) -> Callable[..., None]:
    """What typer calls for a command: it hands a context and the command's flags on to `take`."""

    def called(context: typer.Context, **given: Any) -> None:
        given.pop("version", None)
        take(context, given)

    return _sign(called, command)


def _keep(context: typer.Context, given: dict[str, Any]) -> None:
    """Keep flags before the command, or those that stand between it and its group."""
    named = {name: value for name, value in given.items() if value is not None}
    context.obj = {**(context.obj or {}), **named}


def _with_those_before(context: typer.Context, given: dict[str, Any]) -> dict[str, Any]:
    """A command's flags; those before it count unless the command has its own."""
    for name, value in (context.obj or {}).items():
        if given.get(name) is None:
            given[name] = value
    return given


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headrace {__version__}")
        raise typer.Exit


_VERSION = Annotated[
    bool | None, typer.Option("--version", "-V", "-v", callback=_print_version, is_eager=True)
]


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


def _sign(called: Callable[..., None], command: str | None) -> Callable[..., None]:
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
