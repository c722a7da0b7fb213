"""`debug`: says which project, profile and database an invocation would use, and whether it can."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from ...adapters.errors import AdapterError
from ..core.errors import HeadraceError
from ..core.outcome import ExitCode
from ..core.version import VERSION
from .command import Command

if TYPE_CHECKING:
    from ..workspace.workspace import Start
    from .command_context import CommandContext


async def _debug(context: CommandContext) -> ExitCode:
    if context.options.config_dir:
        context.say(_how_to_open(context.start))
        return ExitCode.DONE
    return ExitCode.DONE if await _checks_pass(context) else ExitCode.NODE_FAILED


async def _checks_pass(context: CommandContext) -> bool:
    """Check the project, the profile and the connection, and say each. True if all are well.

    With `--connection` nothing is said of what goes well before the connection.
    """
    say, connection_only = context.say, context.options.connection_only

    def say_before(text: str) -> None:
        if not connection_only:
            say(text)

    say_before(f"headrace version: {VERSION}")
    say_before(f"python version: {platform.python_version()}")
    say_before(f"os info: {platform.platform()}")
    try:
        workspace = await context.open()
    except HeadraceError as error:
        say(f"Configuration: [ERROR]\n  {error}")
        return False
    target = workspace.target
    say_before(f"Using project at {workspace.project.root}")
    say_before(f"Using profile '{target.profile_name}', target '{target.name}' ({target.type})")
    say_before("Configuration: [OK]")
    say("Connection:")
    for key, value in sorted(workspace.invocation.target.items()):
        say(f"  {key}: {value}")
    try:
        async with workspace.adapter:
            lacking = await workspace.adapter.missing_rights()
    except AdapterError as error:
        say(f"Connection test: [ERROR]\n  {error}")
        return False
    say("Connection test: [OK connection ok]")
    if lacking:
        say("Rights: [ERROR]\n  " + "\n  ".join(lacking))
        return False
    say("All checks passed!")
    return True


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
