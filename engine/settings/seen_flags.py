"""What others see of the flags: templates, the results, and the journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from .flag import BEFORE, Flag, Known
from .flags import FLAGS
from .options import Options
from .settings import Settings

_NOT_OF_DBT = frozenset(
    "models lock package_hub_url package_source lock_only output_path connection_only".split()
)
"""Flags that dbt hasn't, or has under another name."""

_AS_GIVEN = frozenset(
    "vars select exclude selector macro args profile target threads state defer_state "
    "log_path project_dir profiles_dir target_path".split()
)
"""Those of which `invocation_args_dict` has what was given, or the place that it led to."""

_ONLY_IF_TRUE = frozenset(
    "debug full_refresh fail_fast warn_error single_threaded log_cache_events store_failures "
    "use_experimental_parser".split()
)
"""Flags that dbt leaves out of arguments where they are off."""

_ALWAYS_TOLD = frozenset({"introspect", "source_freshness_run_project_hooks"})
"""Flags that dbt tells of with each command, also with those that don't take them."""


def template_flags(
    settings: Settings, options: Options, places: Mapping[str, Path]
) -> dict[str, Any]:
    """`flags` in templates; those that make no difference here are as in dbt."""
    values = settings.named()
    seen = {**_told(settings, options), **_always(settings), **settings.known_to(Known.TEMPLATES)}
    for name in ("full_refresh", "store_failures", "fail_fast", "debug", "warn_error"):
        seen.setdefault(name, values[name])
    return {
        "WHICH": settings.command,
        "INVOCATION_COMMAND": _invocation_command(options),
        **{name.upper(): value for name, value in (seen | _as_texts(places)).items()},
    }


def template_arguments(
    settings: Settings, options: Options, places: Mapping[str, Path]
) -> dict[str, Any]:
    """`invocation_args_dict` in templates: what is decided, whoever has decided it, and what was
    given.
    """
    told = {
        name: value
        for name, value in _told(settings, options).items()
        if value is not None and not (value is False and name in _ONLY_IF_TRUE)
    }
    return told | _as_texts(places) | arguments_of(options) | _always(settings)


def _told(settings: Settings, options: Options) -> dict[str, Any]:
    """What dbt tells of with a command: the flags that this takes, and some more.

    Favouring the state is the default here and not dbt's. Macros take it for a sign that
    references are deferred, so where none is, only who has asked for it is told of it.
    """
    told = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.named().items()
        if name not in _NOT_OF_DBT | _AS_GIVEN and _is_told(FLAGS[name], settings.command)
    }
    return {
        **told,
        "favor_state": bool(
            settings.earlier.favor_state and (settings.earlier.defer or options.favor_state)
        ),
        "use_colors": told.get("use_colors") is not False,
        "strict_mode": False,
    }


def _always(settings: Settings) -> dict[str, Any]:
    """What counts as the project has it, or in the form that it has been brought to."""
    policy = settings.warnings.document
    if settings.report.warn_error:
        policy["error"] = []
    return {"warn_error_options": policy, **settings.behaviour}


def _as_texts(places: Mapping[str, Path]) -> dict[str, str]:
    return {name: str(path) for name, path in places.items()}


def _is_told(flag: Flag, command: str) -> bool:
    if BEFORE in flag.commands or flag.name in _ALWAYS_TOLD:
        return True
    return command in (flag.variables_for or flag.commands)


def arguments_of(options: Options) -> dict[str, Any]:
    """The options by name, as artifacts record them: what nobody has asked for is left out."""
    arguments = msgspec.to_builtins(options, enc_hook=str)
    command = arguments.pop("command")
    asked = {
        name: value
        for name, value in arguments.items()
        if value or _is_always_recorded(name, command)
    }
    return {**asked, "which": command, "invocation_command": _invocation_command(options)}


def repeatable(settings: Settings, options: Options) -> dict[str, Any]:
    """The values that `retry` has from the run, of the flags that its command takes."""
    return {
        name: value
        for name, value in settings.known_to(Known.RETRY).items()
        if _is_taken(FLAGS[name], settings.command)
        and not (value is False and name in _ONLY_IF_TRUE and getattr(options, name) is None)
    }


def _is_taken(flag: Flag, command: str) -> bool:
    return BEFORE in flag.commands or command in flag.commands


def _is_always_recorded(name: str, command: str) -> bool:
    flag = FLAGS.get(name)
    return flag is not None and Known.RESULTS in flag.known and _is_taken(flag, command)


def _invocation_command(options: Options) -> str:
    return options.invocation_command or f"headrace {options.command}"
