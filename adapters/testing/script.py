"""What the simulated database answers: rules from the profile, the first match wins.

type: testing
latency: 0.05            # seconds a statement takes; 0 unless given
cancel_latency: 0.01     # seconds from a cancel to the statement's end; 0 unless given
rules:
  - match: 'table "main"."slow"'     # a regular expression, without case
    latency: 5
  - match: from "raw"."absent"
    error: no such table
  - match: select count
    columns: [n]
    rows: [[3]]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from msgspec import Struct, field

from ..base import Response, Rows, Target
from ..errors import ProfileKeyError
from ..profile_keys import ProfileKeys


class Rule(Struct, frozen=True):
    """What becomes of the statements that `match` is found in.

    `latency` is in seconds, None for the script's own. With an `error` the statement fails.
    """

    match: re.Pattern[str]
    latency: float | None = None
    error: str | None = None
    answer: Rows = field(default_factory=partial(Rows, (), ()))


_NO_RULE = Rule(re.compile(""))


class Script(Struct, frozen=True):
    """Every answer of a simulated database."""

    latency: float = 0.0
    cancel_latency: float = 0.0
    rules: tuple[Rule, ...] = ()

    def rule_for(self, sql: str) -> Rule:
        """The first rule that matches, or one that says nothing."""
        return next((rule for rule in self.rules if rule.match.search(sql)), _NO_RULE)


def read_script(target: Target) -> Script:
    """The script that a profile's keys describe.

    Raises:
        ProfileKeyError: a key is unknown or wrong.
    """
    keys = ProfileKeys(target.keys)
    script = Script(
        latency=keys.seconds("latency", 0.0),
        cancel_latency=keys.seconds("cancel_latency", 0.0),
        rules=tuple(_rule(item) for item in keys.items("rules")),
    )
    keys.reject_unknown()
    return script


def _rule(item: object) -> Rule:
    if not isinstance(item, Mapping):
        raise ProfileKeyError("rules", "must hold mappings, each with a 'match'.")
    keys = ProfileKeys(item)
    pattern = keys.text("match")
    if pattern is None:
        raise ProfileKeyError("rules", "holds a rule without a 'match'.")
    try:
        match = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ProfileKeyError("match", f"is not a regular expression: {error}.") from error
    rule = Rule(
        match,
        latency=keys.seconds("latency", 0.0) if "latency" in item else None,
        error=keys.text("error"),
        answer=_answer(keys),
    )
    keys.reject_unknown()
    return rule


def _answer(keys: ProfileKeys) -> Rows:
    names = keys.texts("columns")
    rows = []
    for row in keys.items("rows"):
        if not isinstance(row, list | tuple) or (names and len(row) != len(names)):
            raise ProfileKeyError("rows", "must hold lists, each as long as 'columns'.")
        rows.append(tuple(row))
    if rows and not names:
        names = tuple(f"column{number}" for number in range(1, len(rows[0]) + 1))
    return Rows(names, rows, Response(f"SELECT {len(rows)}", rows_affected=len(rows)))
