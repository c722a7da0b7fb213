"""`run-operation`: one macro, called for its own sake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.events import Manner
from ..core.outcome import ExitCode, exit_code_of
from .command import Command

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _call(context: CommandContext) -> ExitCode:
    from ..running.operation import run_operation

    options = context.options
    project = await context.load()
    await context.documents.hand_out_manifest(project)
    result = await run_operation(project, options.macro, options.args, context.emit)
    context.results = (result,)
    return exit_code_of(context.results)


COMMAND = Command(
    name="run-operation",
    help="Call one macro.",
    perform=_call,
    manner=Manner(calls_macro=True),
)
