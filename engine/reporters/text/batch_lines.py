"""The lines of a microbatch model's batches."""

from __future__ import annotations

from ...core.events import BatchFinished, BatchSkipped, BatchStarted
from ...core.plain_text import Cleaner, indented
from .line import Level, Line, LineKind, Paint

BatchEvent = BatchStarted | BatchFinished | BatchSkipped
_ENDED = LineKind("LogBatchResult", "Q046")


def batch_lines(event: BatchEvent, clean: Cleaner) -> list[Line]:
    """What is said of a batch that begins or ends; of one that failed, why, in front."""
    what = f"batch {clean.name(event.label)} of {clean.name(event.node.display_name)}"
    place = f"Batch {event.index} of {event.total}"
    match event:
        case BatchStarted(node=node):
            kind = LineKind("LogStartBatch", "Q045")
            return [Line(kind, f"{place} START {what}", status="RUN", about=node)]
        case BatchSkipped(node=node):
            text, paint = f"{place} SKIP {what}", Paint.YELLOW
            return [Line(_ENDED, text, status="SKIPPED", paint=paint, about=node)]
        case BatchFinished(node=node, seconds=seconds, error=error):
            result = Line(
                _ENDED,
                f"{place} {'ERROR creating' if error else 'OK created'} {what}",
                Level.ERROR if error else Level.INFO,
                status=clean.name(event.message),
                seconds=seconds,
                paint=Paint.RED if error else Paint.GREEN,
                about=node,
            )
            if error is None:
                return [result]
            kind = LineKind("GenericExceptionOnRun", "W004")
            body = clean.message(error.text).split("\n")
            text = indented(f"Unhandled error while executing {what}", body)
            return [
                Line(kind, text, Level.ERROR, paint=Paint.RED, about=node, is_block=True),
                result,
            ]
