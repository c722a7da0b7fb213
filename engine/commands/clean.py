"""`clean`: deletes what earlier runs left in the project's `clean-targets`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..core.outcome import ExitCode
from .command import Command

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _clean(context: CommandContext) -> ExitCode:
    from ..core.blocking import in_thread
    from .clean_targets import clean, project_to_clean

    project = await context.read_project(partial(project_to_clean, context.start))
    for text in await in_thread(clean, project):
        context.say(text)
    return ExitCode.DONE


COMMAND = Command(
    name="clean", help="Delete the project's clean-targets.", perform=_clean, answers=True
)
