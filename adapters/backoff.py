"""How long to wait between attempts at something that others, or a fault that passes, prevent."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count

from msgspec import Struct


class Backoff(Struct, frozen=True):
    """Pauses in seconds: the `first`, and then each `factor` times the one before, up to `limit`.

    With `jitter` chance makes each of them a part of itself between the two, so that those who
    were in each other's way don't meet again:

        for pause in backoff: … await sleep(pause)
    """

    first: float
    limit: float
    factor: float = 2.0
    jitter: tuple[float, float] = (1.0, 1.0)

    def after(self, attempt: int) -> float:
        """The pause after an attempt, which count from 1."""
        # A float has no room for a factor to the power of thousands.
        longest = min(self.first * self.factor ** min(attempt - 1, 64), self.limit)
        return float(longest * random.uniform(*self.jitter))

    def __iter__(self) -> Iterator[float]:
        """The pauses, one after the other, without an end."""
        return map(self.after, count(1))
