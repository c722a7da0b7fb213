"""Blocking work goes one way: nobody waits for a thread that can't be stopped."""

from __future__ import annotations

import re
from pathlib import Path

import headrace

HOME = Path(headrace.__file__).parent
MODULES = [path for folder in ("engine", "adapters") for path in (HOME / folder).rglob("*.py")]

OTHER_WAYS = re.compile(
    r"to_thread\.run_sync|asyncio\.to_thread|run_in_executor|ThreadPoolExecutor|to_process"
)
"""Ways to have something done elsewhere that leave it to itself after a cancellation."""

OWN_THREADS = {
    "blocking.py",  # the one way
    "dialing.py",  # a search for an address, which can't be stopped and changes nothing
    "event_queue.py",  # a consumer's, which ends with `aclose`, or is let go
    "files.py",  # ends with `close`
    "console.py",  # ends with `close`
}


def test_nobody_waits_for_a_thread_in_another_way() -> None:
    assert len(MODULES) > 200

    found = [path.name for path in MODULES if OTHER_WAYS.search(path.read_text(encoding="utf-8"))]

    assert found == []


def test_threads_are_started_in_few_places() -> None:
    starts = re.compile(r"(?<!\w)Thread\(")

    found = {path.name for path in MODULES if starts.search(path.read_text(encoding="utf-8"))}

    assert found <= OWN_THREADS
