"""`ls`: lists the selected nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.events import Kept, Manner
from ..core.outcome import ExitCode
from ..selection.resource_types import RESOURCE_TYPES, NodeTypes
from .command import NodeCommand
from .node_flow import choose

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _list(context: CommandContext) -> ExitCode:
    from ..core.blocking import in_thread
    from .listing import list_lines

    project = await context.load()
    choice = await choose(context, COMMAND, project)
    await context.documents.hand_out_manifest(project)
    if not choice.nodes:
        context.report_nothing("NoNodesSelected", tuple(choice.unmatched.values()))
    for line in await in_thread(list_lines, project, choice.nodes, context.options):
        context.say(line)
    return ExitCode.DONE


COMMAND = NodeCommand(
    name="ls",
    help="List the selected nodes.",
    perform=_list,
    aliases=("list",),
    answers=True,
    manner=Manner(answers_by_line=True, keeps=Kept.NOTHING),
    takes=NodeTypes(RESOURCE_TYPES, on_request=frozenset({"analysis"}), models_flag_narrows=True),
)
