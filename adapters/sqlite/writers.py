"""One queue for writers: SQLite lets one in at a time, and doesn't keep them in order.

With only SQLite's own busy timeout of 5 s, 4 of 50 concurrent writers failed. Within a process
they queue here instead, in the order in which they came; between processes the lock stays.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Lock
from weakref import WeakKeyDictionary, WeakValueDictionary

import anyio


class WriterQueue:
    """The turns of those who write to one file. `await take()` → `give_back()`.

    A cancellation while waiting gives up the place in the queue.
    """

    def __init__(self) -> None:
        self._turn = anyio.Semaphore(1, max_value=1, fast_acquire=True)

    async def take(self) -> None:
        await self._turn.acquire()

    def give_back(self) -> None:
        self._turn.release()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._turn.statistics().tasks_waiting


# State of the module, and on purpose: sessions that know nothing of each other may write to
# the same file, and only the process knows of both. Both levels are weak, so that a queue
# lives as long as an adapter holds it, and no longer than its event loop.
_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[Path, WriterQueue]]
_queues = WeakKeyDictionary()
_queues_lock = Lock()


def writer_queue(path: Path) -> WriterQueue:
    """The queue for a database's file in the running event loop."""
    with _queues_lock:
        queues = _queues.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
        real_path = path.resolve()
        queue = queues.get(real_path)
        if queue is None:
            queue = queues[real_path] = WriterQueue()
        return queue
