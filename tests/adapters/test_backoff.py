"""The pauses between attempts: longer each time, up to a limit, and never two alike by chance."""

from __future__ import annotations

from itertools import islice

from headrace.adapters.backoff import Backoff


def test_each_pause_is_a_multiple_of_the_one_before_up_to_the_limit() -> None:
    backoff = Backoff(first=0.1, limit=1.0, factor=3.0)

    pauses = [round(pause, 6) for pause in islice(backoff, 5)]

    assert pauses == [0.1, 0.3, 0.9, 1.0, 1.0]
    assert [round(backoff.after(attempt), 6) for attempt in range(1, 6)] == pauses


def test_chance_keeps_each_pause_between_two_parts_of_itself() -> None:
    backoff = Backoff(first=0.4, limit=5.0, jitter=(0.5, 1.5))

    pauses = {backoff.after(2) for _ in range(50)}

    assert len(pauses) > 40
    assert all(0.4 <= pause <= 1.2 for pause in pauses)


def test_attempts_without_number_stay_at_the_limit() -> None:
    backoff = Backoff(first=0.1, limit=2.0)

    assert backoff.after(1_000_000) == 2.0


def test_each_iteration_begins_anew() -> None:
    backoff = Backoff(first=0.1, limit=2.0)

    assert next(iter(backoff)) == next(iter(backoff)) == 0.1
