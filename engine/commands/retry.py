"""`retry`: the last run again, for what hasn't succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.outcome import ExitCode
from .command import Command

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _retry(context: CommandContext) -> ExitCode:
    """Take up the last run: its command, its options, and what is left of it."""
    from .earlier_run import take_up

    command = await take_up(context)
    return ExitCode.DONE if command is None else await command.perform(context)


COMMAND = Command(
    name="retry", help="Repeat the last command for what didn't succeed.", perform=_retry
)
