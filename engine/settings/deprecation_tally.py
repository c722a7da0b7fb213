"""The deprecations of one invocation: which are told, and how often each was met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..core.events import WarningRaised
from .warning_codes import WARNING_CODES
from .warning_names import DEPRECATIONS, TOLD_EACH_TIME
from .warning_policy import WarningPolicy

SUMMARY = "DeprecationsSummary"
_HINT = "To see each of them, and not only the first of a kind, add `--show-all-deprecations`."
_COUNTED = DEPRECATIONS - TOLD_EACH_TIME


class DeprecationTally:
    """Counts deprecations, and lets the first of each kind pass.

        tally.told(warnings)* → summary()

    As in dbt, a renamed variable is a kind by itself, and one that isn't shown counts too.
    """

    def __init__(self) -> None:
        self._met: dict[tuple[str, object], int] = {}

    def told(
        self, warnings: Iterable[WarningRaised], policy: WarningPolicy
    ) -> Iterator[WarningRaised]:
        """Those warnings that are no deprecation which was met before; all if the policy says."""
        for warning in warnings:
            if warning.name not in _COUNTED:
                yield warning
                continue
            kind = (warning.name, warning.data.get("old_name"))
            self._met[kind] = self._met.get(kind, 0) + 1
            if self._met[kind] == 1 or policy.shows_all_deprecations:
                yield warning

    def summary(self, policy: WarningPolicy) -> WarningRaised | None:
        """How often each was met, with a hint at how to see them all; None where there is none."""
        if not self._met:
            return None
        with_hint = not policy.shows_all_deprecations
        lines = [
            f"- {name}: {count} {'occurrence' if count == 1 else 'occurrences'}"
            for (name, _), count in self._met.items()
        ]
        facts = [
            {"event_name": name, "event_code": WARNING_CODES.get(name, ""), "occurrences": count}
            for (name, _), count in self._met.items()
        ]
        text = "\n".join(["Summary of encountered deprecations:", *lines])
        return WarningRaised(
            SUMMARY,
            f"{text}\n{_HINT}" if with_hint else text,
            data={"summaries": facts, "show_all_hint": with_hint},
        )
