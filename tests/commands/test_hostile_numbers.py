"""Numbers of any size, from any place that may give one: an error with its place, or the number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.adapters.base import Target
from headrace.adapters.errors import ProfileKeyError
from headrace.adapters.postgres.keys import read_keys as read_postgres_keys
from headrace.adapters.sqlite.keys import read_keys as read_sqlite_keys
from headrace.engine.core.errors import UsageError

from ..building.support import PROJECT, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "select 1 as id, '2026-01-01' as ts"}
HUGE = "1" + "0" * 30
UNREADABLE = "9" * 5000
"""More digits than Python reads as a number."""


def profile(**keys: str) -> str:
    lines = "".join(f"      {key}: {value}\n" for key, value in keys.items())
    return (
        "shop:\n  target: dev\n  outputs:\n    dev:\n      type: sqlite\n      path: shop.db\n"
        f"      schema: main\n{lines}"
    )


async def refusal(root: Path, **options: Any) -> str:
    """What is said of an invocation that can't run."""
    try:
        ran = await run(root, **options)
    except UsageError as error:  # before there is anybody to tell of it
        return str(error)
    assert ran.exit_code == 2
    return str(ran.outcome.error)


@pytest.mark.parametrize("value", ["1001", HUGE, "0", "-1", "1.5", ".nan", ".inf", "true", "[1]"])
async def test_number_of_threads_is_within_bounds(write_project: WriteProject, value: str) -> None:
    root = write_project({**ORDERS, "profiles.yml": profile(threads=value)})

    error = await refusal(root)

    assert error.endswith("profiles.yml:8:7: 'threads' must be a whole number from 1 to 1,000."), (
        error
    )


async def test_as_many_threads_as_there_may_be_build(write_project: WriteProject) -> None:
    root = write_project({**ORDERS, "profiles.yml": profile(threads="1000")})

    ran = await run(root)

    assert ran.exit_code == 0


@pytest.mark.parametrize("value", ["1001", HUGE, UNREADABLE, "0", "-1", "1.5", "nan", "text"])
@pytest.mark.parametrize(("variable", "most"), [("THREADS", "1,000"), ("PRINTER_WIDTH", "10,000")])
async def test_number_in_a_variable_is_within_bounds(
    write_project: WriteProject, variable: str, most: str, value: str
) -> None:
    root = write_project(ORDERS)
    name = f"DBT_{variable}"
    if (variable, value) == ("PRINTER_WIDTH", "1001"):
        value = "10001"

    error = await refusal(root, environ={name: value})

    assert error.startswith(f"{name} must be a whole number from 1 to {most}, not '{value[:100]}")
    assert len(error) < 300


@pytest.mark.parametrize("value", [0, -1, 10**30])
@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("threads", "--threads must be a whole number from 1 to 1,000."),
        ("printer_width", "--printer-width must be a whole number from 1 to 10,000."),
    ],
)
async def test_number_of_an_option_is_within_bounds(
    write_project: WriteProject, option: str, said: str, value: int
) -> None:
    root = write_project(ORDERS)

    error = await refusal(root, **{option: value})

    assert error == said


@pytest.mark.parametrize("value", ["10001", HUGE, "0", "-1", "1.5", ".inf", "true", "text"])
async def test_printer_width_of_the_project_is_within_bounds(
    write_project: WriteProject, value: str
) -> None:
    text = f"{PROJECT}flags:\n  printer_width: {value}\n"
    root = write_project({**ORDERS, "dbt_project.yml": text})

    ran = await run(root)

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith(
        "dbt_project.yml:6:3: 'flags.printer_width' must be a whole number from 1 to 10,000, but"
    )


SECONDS = [-1, 1_000_001, 10**30, 10**400, math.nan, math.inf, -math.inf, True, "10", [1], {"a": 1}]


def target(kind: str, **keys: object) -> Target:
    required: dict[str, object] = (
        {"path": "shop.db"} if kind == "sqlite" else {"host": "localhost", "user": "me"}
    )
    return Target(
        type=kind,
        name="dev",
        profile_name="shop",
        schema="main",
        database="shop",
        threads=1,
        project_root=Path("/nowhere"),
        keys={**required, **keys},
    )


@pytest.mark.parametrize("value", SECONDS)
@pytest.mark.parametrize(
    "key",
    [
        *("connect_timeout", "retry_backoff", "lock_timeout", "swap_timeout", "commit_timeout"),
        *("run_lock_timeout", "run_lock_lease"),
    ],
)
def test_seconds_of_a_profile_are_within_bounds(key: str, value: object) -> None:
    with pytest.raises(ProfileKeyError, match=f"'{key}' must be a number of seconds from 0 to 1,0"):
        read_postgres_keys(target("postgres", **{key: value}))


@pytest.mark.parametrize("value", SECONDS)
def test_seconds_of_an_sqlite_profile_are_within_bounds(value: object) -> None:
    with pytest.raises(ProfileKeyError, match="'lock_timeout' must be a number of seconds from 0"):
        read_sqlite_keys(target("sqlite", lock_timeout=value))


@pytest.mark.parametrize(
    ("key", "most"), [("retries", 100), ("keepalives_idle", 32767), ("port", 65535)]
)
def test_counts_of_a_profile_are_within_bounds(key: str, most: int) -> None:
    for value in (-1, most + 1, 10**30, 1.5, math.nan, math.inf, True, "text", [1]):
        with pytest.raises(
            ProfileKeyError, match=f"'{key}' must be a whole number from . to {most}"
        ):
            read_postgres_keys(target("postgres", **{key: value}))
    assert getattr(read_postgres_keys(target("postgres", **{key: most})), key) == most


@pytest.mark.parametrize("value", [HUGE, "0", "-1", ".nan", ".inf", "1000001", "text", "[1]"])
async def test_timeout_of_a_node_is_within_bounds(write_project: WriteProject, value: str) -> None:
    config = f"models:\n  - name: orders\n    config:\n      timeout: {value}\n"
    root = write_project({**ORDERS, "models/s.yml": config})

    ran = await run(root)

    assert ran.exit_code == 2
    assert "timeout" in str(ran.outcome.error)
    assert "models/s.yml" in str(ran.outcome.error)


@pytest.mark.parametrize(
    "limit",
    [
        *(f"{{count: {value}, period: day}}" for value in ["1000001", HUGE, "-1", ".inf", "true"]),
        *(f"{{count: 1, period: {value}}}" for value in ["[1]", "{a: 1}", "1", "true", "century"]),
    ],
)
@pytest.mark.parametrize("key", ["warn_after", "error_after"])
async def test_age_of_a_source_is_within_bounds(
    write_project: WriteProject, key: str, limit: str
) -> None:
    source = f"sources:\n  - name: main\n    freshness:\n      {key}: {limit}\n"
    root = write_project({**ORDERS, "models/s.yml": f"{source}    tables: [{{name: orders}}]\n"})

    ran = await run(root)

    assert ran.exit_code == 2
    said = f"models/s.yml:3:5: '{key}' must have a 'count' (from 0 to 1,000,000) and a 'period' ("
    assert said in str(ran.outcome.error)


def batches(**values: object) -> dict[str, str]:
    config: dict[str, object] = {
        "materialized": "incremental",
        "incremental_strategy": "microbatch",
        "event_time": "ts",
        "begin": "'2026-01-01'",
        "batch_size": "day",
        **values,
    }
    lines = "".join(f"      {key}: {value}\n" for key, value in config.items())
    return {**ORDERS, "models/s.yml": f"models:\n  - name: orders\n    config:\n{lines}"}


@pytest.mark.parametrize("value", ["-1", "100000", HUGE, "1.5", ".inf", "true", "text"])
async def test_lookback_is_within_bounds(write_project: WriteProject, value: str) -> None:
    root = write_project(batches(lookback=value))

    ran = await run(root)

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith("models/orders.sql: Microbatch model 'orders' must")
    assert "'lookback' config" in str(ran.outcome.error)


@pytest.mark.parametrize(
    "begin", ["'0001-01-01'", "'9999-12-31'", "'0001-01-01T00:00:00+14:00'", HUGE]
)
async def test_begin_is_a_year_that_has_neighbours(write_project: WriteProject, begin: str) -> None:
    root = write_project(batches(begin=begin))

    ran = await run(root)

    assert ran.exit_code == 2
    assert "It must be between the years 2 and 9998" in str(ran.outcome.error)


@pytest.mark.parametrize(
    "flags", [{}, {"event_time_start": "1000-01-01", "event_time_end": "2026"}]
)
async def test_more_batches_than_any_run_could_build_are_refused(
    write_project: WriteProject, flags: dict[str, Any]
) -> None:
    flags = {**flags, "event_time_end": "2026-01-01"} if flags else {}
    root = write_project(batches(begin="'1000-01-01'"))

    ran = await run(root, **flags)

    assert ran.exit_code == 1
    assert "there are more than 100,000 batches of one day" in ran.error("orders")
    assert not (root / "shop.db").exists() or rows(root, "select name from sqlite_master") == []


async def test_as_far_back_as_there_are_years_is_looked(write_project: WriteProject) -> None:
    root = write_project(batches(batch_size="year", lookback="90000", begin="'2025-01-01'"))
    await run(root)

    ran = await run(root, sample="2020 years")

    assert (ran.exit_code, rows(root, "select id from orders")[:1]) == (0, [(1,)])


@pytest.mark.parametrize(
    "sample",
    [
        f"{HUGE} days",
        f"{UNREADABLE} days",
        "999999999 days",
        "100000000000 hours",
        "3000 years",
        "30000 months",
        "{start: 0001-01-01, end: 2026-01-01}",
        "{start: 2026-01-01, end: 9999-12-31}",
    ],
)
async def test_sample_without_end_is_refused(write_project: WriteProject, sample: str) -> None:
    root = write_project(ORDERS)

    error = await refusal(root, sample=sample)

    assert error.startswith(("--sample is '", "the start of --sample is", "the end of --sample is"))
    assert "the year 2" in error or "the years 2 and 9998" in error
    assert len(error) < 400


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "9999-12-31", "0001-01-01T00:00+14:00", "x" * 500]
)
async def test_moment_of_a_flag_is_a_year_that_has_neighbours(
    write_project: WriteProject, moment: str
) -> None:
    root = write_project(batches())

    ran = await run(root, event_time_start=moment, event_time_end="2026-01-02")

    assert ran.exit_code == 2
    assert "between the years 2 and 9998" in str(ran.outcome.error)
    assert len(str(ran.outcome.error)) < 400


@pytest.mark.parametrize("text", [f"{HUGE}+orders", f"orders+{UNREADABLE}", f"{UNREADABLE}+orders"])
async def test_depth_of_a_selection_is_within_bounds(
    write_project: WriteProject, text: str
) -> None:
    root = write_project(ORDERS)

    ran = await run(root, select=(text,))

    assert ran.exit_code == 2
    assert "too far to reach along the graph: 1,000,000 is the most." in str(ran.outcome.error)
    assert len(str(ran.outcome.error)) < 400


@pytest.mark.parametrize("value", [HUGE, f"'{UNREADABLE}'", "-1", "1.5", ".inf", "true", "text"])
async def test_depth_of_a_selector_is_within_bounds(
    write_project: WriteProject, value: str
) -> None:
    definition = f"{{method: fqn, value: orders, parents: true, parents_depth: {value}}}"
    selectors = f"selectors:\n  - name: deep\n    definition: {definition}\n"
    root = write_project({**ORDERS, "selectors.yml": selectors})

    error = await refusal(root, selector="deep")

    assert error.startswith("selectors.yml:3:")
    assert "'parents_depth' must be a whole number from 0 to 1,000,000" in error
