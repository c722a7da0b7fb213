"""What `run-operation` has to tell, besides what its macro says: what went wrong."""

from __future__ import annotations

from ...core.events import Event, NodeCancelled, NodeFinished, NodeStarted, RunFinished, RunStarted
from ...core.plain_text import Cleaner, indented
from .line import Level, Line, LineKind, Paint

_CAUGHT = LineKind("RunningOperationCaughtError", "Q001")


def is_about_an_operation(event: Event) -> bool:
    """Whether an event of `run-operation` is told in its own way."""
    return isinstance(event, NodeStarted | NodeFinished | NodeCancelled | RunStarted | RunFinished)


def operation_lines(event: Event, clean: Cleaner) -> list[Line]:
    """The line of an operation that failed; none otherwise."""
    match event:
        case NodeFinished(result=result) if result.error is not None:
            error = result.error
            body = clean.message(error.message).split("\n")
            if error.location and error.location.line and str(error.location) not in body[0]:
                body.append(f"at {clean.name(str(error.location))}")
            heading = f"Encountered an error while running operation: {clean.name(error.title)}"
            text = indented(heading, body)
            return [Line(_CAUGHT, text, Level.ERROR, paint=Paint.RED, about=result, is_block=True)]
        case NodeCancelled(result=result):
            text = f"Cancelled: the operation {clean.name(result.node.name)}"
            return [Line(_CAUGHT, text, Level.ERROR, paint=Paint.YELLOW, about=result)]
    return []
