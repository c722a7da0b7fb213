"""`debug`: says which project, profile and database an invocation would use, and whether it can."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from ...adapters.errors import AdapterError
from ..core.errors import HeadraceError, ProfileError, ProjectError
from ..core.outcome import ExitCode
from ..core.version import VERSION
from ..project.discovery import PROJECT_FILE
from ..settings.precedence import find_value
from ..settings.warning_policy import RaisedWarningsError
from .command import Command

if TYPE_CHECKING:
    from ...adapters.base import Adapter
    from ..workspace.start import Start
    from .command_context import CommandContext


_TOLD = "DebugCmdOut"
"""What dbt calls a line of the answer."""


async def _debug(context: CommandContext) -> ExitCode:
    if context.options.config_dir:
        context.say(_how_to_open(context.start))
        return ExitCode.DONE
    return ExitCode.DONE if await _checks_pass(context) else ExitCode.NODE_FAILED


async def _checks_pass(context: CommandContext) -> bool:
    """Check the project, the profile and the connection, and say each. True if all are well.

    With `--connection` nothing is said of what goes well before the connection.
    """
    say, connection_only = partial(context.say, name=_TOLD), context.options.connection_only

    def say_before(text: str) -> None:
        if not connection_only:
            say(text)

    say_before(f"headrace version: {VERSION}")
    say_before(f"python version: {platform.python_version()}")
    say_before(f"os info: {platform.platform()}")
    try:
        workspace = await context.open(read_packages=False)
    except RaisedWarningsError:
        raise  # That nothing is run then was asked for; the project is well.
    except HeadraceError as error:
        if isinstance(error, ProjectError) and _names_no_project(context.start):
            raise  # It isn't known what was to be checked.
        say(f"Configuration: [ERROR]\n  {error}")
        if not isinstance(error, ProfileError):
            await _check_profile_alone(context)
        return False
    target = workspace.target
    say_before(f"Using project at {workspace.project.root}")
    say_before(f"Using profile '{target.profile_name}', target '{target.name}' ({target.type})")
    say_before("Configuration: [OK]")
    if not await _connection_works(context, workspace.adapter, workspace.invocation.target):
        return False
    context.say("All checks passed!", "DebugCmdResult")
    return True


def _names_no_project(start: Start) -> bool:
    """Whether a flag or the environment says where the project is, and there is none."""
    named = find_value("project_dir", start.options.project_dir, start.environ).value
    return named is not None and not os.path.isfile(start.cwd / named / PROJECT_FILE)


async def _check_profile_alone(context: CommandContext) -> None:
    """Say whether the connection works, although there is no project that could be used."""
    from ..core.blocking import in_thread
    from ..workspace.workspace import open_profile, target_context

    try:
        target, adapter = await in_thread(open_profile, context.start)
    except HeadraceError as error:
        context.say(f"Connection test skipped since no profile was found\n  {error}", _TOLD)
        return
    context.redactor.learn(target)
    await _connection_works(context, adapter, target_context(target, adapter))


async def _connection_works(
    context: CommandContext, adapter: Adapter, shown: Mapping[str, object]
) -> bool:
    """Say how a target is connected to, and whether that works. True if it does."""
    say = partial(context.say, name=_TOLD)
    say("Connection:")
    for key, value in sorted(shown.items()):
        say(f"  {key}: {value}")
    try:
        async with adapter:
            lacking = await adapter.missing_rights()
    except AdapterError as error:
        say(f"Connection test: [ERROR]\n  {error}")
        return False
    say("Connection test: [OK connection ok]")
    if lacking:
        say("Rights: [ERROR]\n  " + "\n  ".join(lacking))
    return not lacking


def _how_to_open(start: Start) -> str:
    """How to look at the directory with profiles.yml, or at where one would be looked for last."""
    from ..project.profiles_file import find_profiles

    found = find_profiles(
        start.cwd,
        profiles_dir=start.options.profiles_dir,
        environ=start.environ,
        cwd=start.cwd,
    )
    directory = found.path.parent if found.path else found.searched[-1]
    program = {"win32": "start", "darwin": "open"}.get(sys.platform, "xdg-open")
    return f"To view your profiles.yml file, run:\n\n{program} {directory}"


COMMAND = Command(
    name="debug",
    help="Check the project, the profile and the connection.",
    perform=_debug,
    answers=True,
)
