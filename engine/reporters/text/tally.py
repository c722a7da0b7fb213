"""How a run's results add up: the numbers of the summary line."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...core.results import RunResult, Status


class Tally(Struct):
    """A count of final statuses in which each result is counted once.

    A cancelled node counts as an error, as it does for the exit code; `cancelled` says how
    many of the errors those are, and `partial` how many built some of their batches.
    `untouched` are those for which there is nothing to be done.
    """

    passed: int = 0
    warned: int = 0
    failed: int = 0
    skipped: int = 0
    untouched: int = 0
    cancelled: int = 0
    partial: int = 0

    @classmethod
    def of(cls, results: Iterable[RunResult]) -> Tally:
        tally = cls()
        for result in results:
            tally.add(result.status)
        return tally

    def add(self, status: Status) -> None:
        match status:
            case Status.SUCCESS | Status.PASS:
                self.passed += 1
            case Status.WARN:
                self.warned += 1
            case Status.SKIPPED:
                self.skipped += 1
            case Status.NO_OP:
                self.untouched += 1
            case Status.CANCELLED:
                self.cancelled += 1
                self.failed += 1
            case Status.PARTIAL_SUCCESS:
                self.partial += 1
                self.failed += 1
            case Status.ERROR | Status.FAIL | Status.TIMEOUT:
                self.failed += 1

    @property
    def total(self) -> int:
        return self.passed + self.warned + self.failed + self.skipped + self.untouched

    def __str__(self) -> str:
        return (
            f"PASS={self.passed} WARN={self.warned} ERROR={self.failed}"
            f" SKIP={self.skipped} NO-OP={self.untouched} TOTAL={self.total}"
        )
