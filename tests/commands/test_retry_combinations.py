"""`retry` of a microbatch model, whatever the first run was like and whatever came in between.

Each is tried with each other, since they were right one by one where two of them together were
not: what is asserted is the rows, every day's once. One in five is tried every day; five has no
factor in common with the numbers of values, so that any two values meet in one of those.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ..building.support import PROJECT, relations, rows, run
from ..conftest import WriteProject
from .test_deferral import PROFILES, STATE
from .test_retry import WINDOW

EVENTS = "{{ config(event_time='at') }} " + " union all ".join(
    f"select '2026-01-0{day} 10:00:00' as at" for day in (1, 2, 3)
)
DAILY = (
    "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', "
    "begin='2026-01-01', batch_size='day'KEY) }}select at{% if model.batch.id in [BAD] %}, "
    "nothing{% endif %} from {{ ref('events') }}"
)
NO_YES, BAD, KEYS = (False, True), ("02", "01", "02 03"), ("", ", unique_key='at'")
BETWEEN = {
    "nothing": [],
    "the table is dropped": ["drop table daily"],
    "the table is a view": ["drop table daily", "create view daily as select '-' as at"],
    "somebody adds a row": ["insert into daily values ('2025-12-31 10:00:00')"],
}


@pytest.mark.parametrize(
    ("between", "is_deferring", "refreshes", "bad", "key"),
    [
        pytest.param(*each, marks=() if number % 5 == 0 else pytest.mark.slow)
        for number, each in enumerate(product(BETWEEN, NO_YES, NO_YES, BAD, KEYS))
    ],
)
async def test_every_day_is_there_once(
    write_project: WriteProject,
    between: str,
    is_deferring: bool,
    refreshes: bool,
    bad: str,
    key: str,
) -> None:
    model = DAILY.replace("KEY", key)
    broken = model.replace("BAD", ", ".join(f"'202601{day}'" for day in bad.split()))
    root = write_project(
        {
            "profiles.yml": PROFILES,
            "dbt_project.yml": PROJECT + "models: {+materialized: table}\n",
            "models/events.sql": EVENTS,
            "models/daily.sql": broken,
        }
    )
    deferring = await built_in_production(root) if is_deferring else {}
    await run(
        root,
        select=("daily",) if is_deferring else (),
        full_refresh=refreshes,
        **deferring,
        **WINDOW,
    )
    (root / "models/daily.sql").write_text(model.replace("BAD", "''"))
    if "daily" in relations(root, "dev.db"):  # where the first batch failed there is none
        for sql in BETWEEN[between]:
            rows(root, sql, "dev.db")

    ran = await run(root, "retry")

    assert ran.exit_code == 0, ran.outcome
    assert ("events" in relations(root, "dev.db")) is not is_deferring
    added = between == "somebody adds a row" and bad != "01"
    assert rows(root, "select at from daily order by at", "dev.db") == [
        *([("2025-12-31 10:00:00",)] if added else []),
        *[(f"2026-01-0{day} 10:00:00",) for day in (1, 2, 3)],
    ]


async def built_in_production(root: Path) -> dict[str, Any]:
    """What makes a run defer to a production that has been built and put aside."""
    await run(root, select=("events",), target="prod")
    (root / "target").rename(root / STATE)
    return {"defer": True, "state": STATE}
