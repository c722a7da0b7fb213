"""How long each node took the last time, for putting the urgent ones first."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..project.text_file import read_regular


class _Timed(msgspec.Struct):
    unique_id: str
    execution_time: float = 0.0
    status: str = ""


class _RunResults(msgspec.Struct):
    results: list[_Timed] = []


def last_timings(path: Path) -> dict[str, float]:
    """Seconds by unique id out of a `run_results.json`. A file that can't be read gives none.

    Only nodes that ran to their end count: a failure says nothing of how long success takes.
    """
    try:
        found = msgspec.json.decode(read_regular(path), type=_RunResults)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {
        result.unique_id: result.execution_time
        for result in found.results
        if result.status in ("success", "pass", "warn", "fail") and result.execution_time > 0
    }
