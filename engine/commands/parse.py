"""`parse`: reads the project, and writes its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.outcome import ExitCode
from .command import Command

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _parse(context: CommandContext) -> ExitCode:
    project = await context.parse()
    await context.documents.hand_out_manifest(project)
    return ExitCode.DONE


COMMAND = Command(
    name="parse", help="Read the project, and write target/manifest.json.", perform=_parse
)
