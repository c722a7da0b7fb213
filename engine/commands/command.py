"""What a command is, as one value that everything goes by: nothing else compares its name.

A command's own module says what it is in a `COMMAND`, and `table` names them all. They are read to
answer `--help`, so that whatever takes a while to import is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from ..core.events import Kept, Manner
from ..core.outcome import ExitCode
from ..selection.resource_types import NodeTypes

if TYPE_CHECKING:
    from ..manifest.nodes.node import Node
    from ..running.run import Run
    from ..running.work import NodeWork
    from ..settings.options import Options
    from ..workspace.loaded_project import LoadedProject
    from .command_context import CommandContext

Perform = Callable[["CommandContext"], Awaitable[ExitCode]]


class Command(Struct, frozen=True, kw_only=True):
    """One command.

    Attributes:
        name: as options and artifacts have it.
        help: what it does, in a sentence.
        perform: does it. A cancellation stops what is in flight, and travels on.
        group: the word before it on the command line, as in `docs generate`.
        aliases: its other names there.
        flags_like: the command whose flags it takes, where the table of flags doesn't name it.
        answers: whether its standard output is an answer, and its log lines go beside that.
        manner: how reporters tell of it.
    """

    name: str
    help: str
    perform: Perform
    group: str = ""
    aliases: tuple[str, ...] = ()
    flags_like: str = ""
    answers: bool = False
    manner: Manner = Manner(keeps=Kept.NOTHING)


class NodeCommand(Command, frozen=True, kw_only=True):
    """A command about nodes, which it selects.

    Attributes:
        takes: the types of node that it is about.
        work: what is done with each of them, and around them. None where nothing is run.
        check: sees that the options go together, before anything is read.
        narrow: which of the selected nodes are meant, where that isn't all of them.
        answer: says, when all have run, what was asked for.
    """

    manner: Manner = Manner()
    takes: NodeTypes
    work: Callable[[], NodeWork] | None = None
    check: Callable[[Options], None] | None = None
    narrow: Callable[[Options, Mapping[str, Node]], Mapping[str, Node]] | None = None
    answer: Callable[[CommandContext, LoadedProject, Run], Awaitable[None]] | None = None
