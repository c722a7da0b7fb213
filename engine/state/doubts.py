"""Transactions of the last run of which nobody knows: read from its artifacts, and settled.

A node has some where its result says so, or where the process was killed once a COMMIT was on its
way. `settled` is told what the database says of each, and decides what is left to be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct, structs

from ...adapters.abilities import Fate
from ..core.results import Doubt
from ..project.event_time import EventWindow
from .journal_state import JournalNode, Record, unfinished_document

DOUBTS = "in_doubt"
"""The key in a result's `adapter_response`."""

THROUGH = "Done: its transaction was in doubt, and had gone through"

_CUT_SHORT = ("", "cancelled")
"""The status of a node of which the journal may know more than its result."""

Doubts = Mapping[str, tuple[Doubt, ...]]
Windows = tuple[EventWindow, ...]


class Settled(Struct, frozen=True):
    """What has become of a node's doubts: of those that would complete it, if any did.

    Attributes:
        is_done: the node needs not be run again.
        through: its batches that are done after all.
    """

    is_done: bool
    through: Windows = ()


def doubts_of(node: JournalNode) -> tuple[Doubt, ...]:
    """What has to be asked before a node is run again."""
    result = node.result or {}
    response = result.get("adapter_response")
    found = response.get(DOUBTS) if isinstance(response, Mapping) else None
    if found:
        return _read(found)
    if str(result.get("status", "")) not in _CUT_SHORT:
        return ()
    # Of several attempts all but the last were found to have been rolled back.
    last = {doubt.batch: doubt for doubt in _read(node.transactions)}
    return tuple(last.values())


def settle(doubts: Iterable[Doubt], fates: Mapping[str, Fate]) -> Settled:
    """What a node's doubts mean, once all of its transactions have come to an end."""
    through = [
        doubt
        for doubt in doubts
        if doubt.completes and doubt.transaction and fates[doubt.transaction] is Fate.COMMITTED
    ]
    batches = tuple(EventWindow(*doubt.batch) for doubt in through if doubt.batch)
    return Settled(any(doubt.batch is None for doubt in through), batches)


def done_record(node: JournalNode) -> Record:
    """The line of the journal that says that a node is done after all."""
    result = node.result or unfinished_document(node.unique_id, "", "", node.relation_name)
    response = result.get("adapter_response")
    kept = dict(response) if isinstance(response, Mapping) else {}
    kept.pop(DOUBTS, None)
    changed: Record = {"status": "success", "message": THROUGH, "adapter_response": kept}
    batches = result.get("batch_results")
    if isinstance(batches, Mapping):
        times = [*batches.get("successful", ()), *batches.get("failed", ())]
        changed["batch_results"] = {"successful": times, "failed": []}
    return {"event": "result", "result": {**result, **changed}}


def _read(values: object) -> tuple[Doubt, ...]:
    """The doubts of an artifact. What can't be read is one of which nothing is known."""
    try:
        doubts = msgspec.convert(values, tuple[Doubt, ...], strict=False)
    except msgspec.ValidationError:
        return (Doubt(None),)
    return tuple(structs.replace(doubt, batch=_in_utc(doubt.batch)) for doubt in doubts)


def _in_utc(times: tuple[datetime, datetime] | None) -> tuple[datetime, datetime] | None:
    if times is None:
        return None
    start, end = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)
    return start, end
