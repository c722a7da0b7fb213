"""`incremental`: built once, added to from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status

from .support import Ran, relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]


def incremental(sql: str, **config: object) -> str:
    settings = "".join(f", {key}={value!r}" for key, value in config.items())
    return f"{{{{ config(materialized='incremental'{settings}) }}}}\n{sql}"


def project(model: str, day: str) -> dict[str, str]:
    """A model `events` that reads the table `day`, which holds what arrived last."""
    table = "{{ config(materialized='table') }}\n"
    return {"models/day.sql": table + day, "models/events.sql": model}


async def run_days(write_project: WriteProject, model: str, *days: str, **options: Any) -> Ran:
    """Run the project once for each day's rows; the options are the last run's."""
    ran: Ran | None = None
    for number, day in enumerate(days, start=1):
        root = write_project(project(model, day))
        ran = await run(root, **(options if number == len(days) else {}))
    assert ran is not None
    return ran


async def test_first_run_builds_the_table(write_project: WriteProject) -> None:
    model = incremental("select id, {{ is_incremental() }} as added from {{ ref('day') }}")

    ran = await run_days(write_project, model, "select 1 as id")

    assert ran.result("events").message == "SELECT 1"


@pytest.mark.parametrize("config", [{}, {"incremental_strategy": "append"}], ids=["default", "set"])
async def test_later_run_appends(
    write_project: WriteProject, tmp_path: Path, config: dict[str, object]
) -> None:
    model = incremental("select id from {{ ref('day') }}", **config)

    ran = await run_days(write_project, model, "select 1 as id", "select 1 as id union select 2")

    assert ran.result("events").message == "INSERT 2"
    assert rows(tmp_path / "shop", "select id from events order by id") == [(1,), (1,), (2,)]


async def test_model_may_filter_by_what_is_there_already(
    write_project: WriteProject, tmp_path: Path
) -> None:
    model = incremental(
        "select id from {{ ref('day') }}\n"
        "{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}"
    )

    await run_days(write_project, model, "select 1 as id", "select 1 as id union select 2")

    assert rows(tmp_path / "shop", "select id from events order by id") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("unique_key", "expected"),
    [
        ("id", [(1, "b", 20), (2, "b", 30), (3, "a", 10)]),
        (["id"], [(1, "b", 20), (2, "b", 30), (3, "a", 10)]),
        (["id", "kind"], [(1, "a", 10), (1, "b", 20), (2, "b", 30), (3, "a", 10)]),
        ("", [(1, "a", 10), (1, "b", 20), (2, "b", 10), (2, "b", 30), (3, "a", 10)]),
        ([], [(1, "a", 10), (1, "b", 20), (2, "b", 10), (2, "b", 30), (3, "a", 10)]),
    ],
    ids=["a column", "a list of one", "a list of two", "empty text", "empty list"],
)
async def test_rows_of_the_same_unique_key_are_replaced(
    write_project: WriteProject, tmp_path: Path, unique_key: object, expected: list[object]
) -> None:
    model = incremental("select * from {{ ref('day') }}", unique_key=unique_key)
    first = "select 1 id, 'a' kind, 10 n union select 2, 'b', 10 union select 3, 'a', 10"
    second = "select 1 id, 'b' kind, 20 n union select 2, 'b', 30"

    ran = await run_days(write_project, model, first, second)

    assert ran.exit_code == 0
    assert rows(tmp_path / "shop", "select * from events order by id, kind, n") == expected


@pytest.mark.parametrize("unique_key", ["id", ["id", "kind"], "coalesce(id, null)"])
async def test_rows_with_null_in_their_key_do_not_multiply(
    write_project: WriteProject, tmp_path: Path, unique_key: object
) -> None:
    model = incremental("select * from {{ ref('day') }}", unique_key=unique_key)
    day = "select null id, 'a' kind, {0} n union select 1, null, {0} union select 2, 'b', {0}"

    await run_days(write_project, model, day.format(10), day.format(20))

    found = rows(tmp_path / "shop", "select * from events order by id, kind")
    assert found == [(None, "a", 20), (1, None, 20), (2, "b", 20)]


async def test_unique_key_may_be_an_expression(write_project: WriteProject, tmp_path: Path) -> None:
    model = incremental("select * from {{ ref('day') }}", unique_key="id || '-' || line")

    await run_days(
        write_project,
        model,
        "select 1 as id, 1 as line, 'old' as said union all select 1, 2, 'old'",
        "select 1 as id, 2 as line, 'new' as said",
    )

    found = rows(tmp_path / "shop", "select line, said from events order by line")
    assert found == [(1, "old"), (2, "new")]


async def test_predicate_limits_what_is_deleted(
    write_project: WriteProject, tmp_path: Path
) -> None:
    model = incremental(
        "select * from {{ ref('day') }}", unique_key="id", incremental_predicates=["n < 15"]
    )
    first = "select 1 id, 10 n union select 2, 20"

    await run_days(write_project, model, first, "select 1 id, 30 n union select 2, 30")

    found = rows(tmp_path / "shop", "select * from events order by id, n")
    assert found == [(1, 30), (2, 20), (2, 30)]


async def test_columns_are_matched_by_name(write_project: WriteProject, tmp_path: Path) -> None:
    model = incremental("select * from {{ ref('day') }}")

    await run_days(write_project, model, "select 1 id, 2 n", "select 20 n, 'new' more, 10 id")

    assert rows(tmp_path / "shop", "select * from events order by id") == [(1, 2), (10, 20)]


@pytest.mark.parametrize(
    ("in_config", "flag", "is_rebuilt"),
    [
        (None, True, True),
        (None, False, False),
        (False, True, False),
        (True, None, True),
        (True, False, True),
    ],
)
async def test_full_refresh_in_the_config_beats_the_flag(
    write_project: WriteProject,
    tmp_path: Path,
    in_config: bool | None,
    flag: bool | None,
    is_rebuilt: bool,
) -> None:
    config = {} if in_config is None else {"full_refresh": in_config}
    model = incremental("select id, {{ is_incremental() | int }} i from {{ ref('day') }}", **config)

    await run_days(write_project, model, "select 1 id", "select 2 id", full_refresh=flag)

    expected = [(2, 0)] if is_rebuilt else [(1, 0), (2, 1)]
    assert rows(tmp_path / "shop", "select * from events order by id") == expected


async def test_full_refresh_takes_new_columns(write_project: WriteProject, tmp_path: Path) -> None:
    model = incremental("select * from {{ ref('day') }}")

    await run_days(write_project, model, "select 1 id", "select 2 id, 'x' more", full_refresh=True)

    assert rows(tmp_path / "shop", "select * from events") == [(2, "x")]


async def test_model_changes_from_view_to_table_to_incremental_to_view(
    write_project: WriteProject,
) -> None:
    kinds = []
    counts = []
    for number, materialized in enumerate(["view", "table", "incremental", "incremental", "view"]):
        config = f"{{{{ config(materialized='{materialized}') }}}} "
        root = write_project({"models/events.sql": f"{config} select {number} as id"})
        ran = await run(root)
        assert ran.exit_code == 0
        kinds.append(relations(root)["events"])
        counts.append(rows(root, "select count(*) from events")[0][0])

    assert kinds == ["view", "table", "table", "table", "view"]
    assert counts == [1, 1, 2, 3, 1]


async def test_view_that_turns_incremental_is_built_anew(
    write_project: WriteProject,
) -> None:
    write_project({"models/events.sql": "select 1 as id"})
    root = write_project({"models/events.sql": "select 1 as id"})
    await run(root)
    write_project({"models/events.sql": incremental("select {{ is_incremental() | int }} as i")})

    await run(root)

    assert relations(root) == {"events": "table"}
    assert rows(root, "select i from events") == [(0,)]


async def test_failed_addition_leaves_the_rows_as_they_were(
    write_project: WriteProject, tmp_path: Path
) -> None:
    model = incremental(
        "select id, n from {{ ref('day') }}",
        unique_key="id",
        post_hook="select nonsense from nowhere",
    )
    first = incremental("select id, n from {{ ref('day') }}")
    await run_days(write_project, first, "select 1 id, 2 n")

    ran = await run_days(write_project, model, "select 1 id, 3 n union select 2, 4")

    assert ran.statuses == {"day": Status.SUCCESS, "events": Status.ERROR}
    assert rows(tmp_path / "shop", "select * from events") == [(1, 2)]


@pytest.mark.parametrize("config", [{}, {"unique_key": "id"}, {"unique_key": ["id", "n"]}])
@pytest.mark.parametrize("day", ["select 1 id", "select 3 n", "select 'z' as other"])
async def test_column_that_no_longer_arrives_is_an_error(
    write_project: WriteProject, tmp_path: Path, config: dict[str, object], day: str
) -> None:
    model = incremental("select * from {{ ref('day') }}", **config)

    ran = await run_days(write_project, model, "select 1 id, 2 n", day)

    assert rows(tmp_path / "shop", "select * from events") == [(1, 2)]
    assert ran.statuses == {"day": Status.SUCCESS, "events": Status.ERROR}


async def test_many_incremental_models_share_one_connection(write_project: WriteProject) -> None:
    files = {f"models/events_{n}.sql": incremental(f"select {n} as id") for n in range(5)}
    root = write_project(files)
    await run(root)

    ran = await run(root, threads=1)

    assert ran.exit_code == 0
    assert [rows(root, f"select count(*) from events_{n}")[0][0] for n in range(5)] == [2] * 5


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        (
            {"incremental_strategy": "upsert"},
            ("get_incremental_upsert_sql", "'append' and 'delete+insert'"),
        ),
        (
            {"incremental_strategy": "merge", "unique_key": "id"},
            ("'merge' is not valid for this adapter (sqlite)", "'append' and 'delete+insert'"),
        ),
    ],
    ids=["unknown strategy", "strategy of another database"],
)
async def test_what_this_version_lacks_is_said_before_anything_is_built(
    write_project: WriteProject, config: dict[str, object], parts: tuple[str, ...]
) -> None:
    root = write_project({"models/events.sql": incremental("select 1 as id", **config)})

    ran = await run(root)

    error = ran.error("events")
    assert [part for part in (*parts, "models/events.sql") if part not in error] == []
    assert relations(root) == {}


async def test_strategy_of_the_project_itself_is_used(write_project: WriteProject) -> None:
    macro = (
        "{% macro get_incremental_newest_sql(arg_dict) %}"
        "delete from {{ arg_dict['target_relation'] }};"
        "insert into {{ arg_dict['target_relation'] }} "
        "select * from {{ arg_dict['temp_relation'] }}"
        "{% endmacro %}"
    )
    model = incremental("select {{ is_incremental() | int }} as i", incremental_strategy="newest")
    root = write_project({"macros/newest.sql": macro, "models/events.sql": model})
    await run(root)

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, "select i from events") == [(1,)]


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("append_new_columns", [(1, "a", None), (2, None, "x")]),
        ("sync_all_columns", [(1, None), (2, "x")]),
    ],
)
async def test_columns_that_change_are_followed(
    write_project: WriteProject,
    tmp_path: Path,
    policy: str,
    found: list[tuple[object, ...]],
) -> None:
    model = incremental("select * from {{ ref('day') }}", on_schema_change=policy)

    ran = await run_days(
        write_project, model, "select 1 as id, 'a' as name", "select 'x' as more, 2 as id"
    )

    assert ran.exit_code == 0
    assert rows(tmp_path / "shop", "select * from events order by id") == found


# Finds no column of the rows that arrive, as a catalog does that doesn't know temporary tables.
BLIND_CATALOG = (
    "{% macro default__get_columns_in_relation(relation) %}"
    "{{ return(adapter.get_columns_in_relation(relation) if relation.name == 'events' else []) }}"
    "{% endmacro %}"
)


async def run_with_blind_catalog(write_project: WriteProject, policy: str) -> Ran:
    """Run a project twice, the second time with a column more, none of which can be read."""
    model = incremental("select * from {{ ref('day') }}", on_schema_change=policy)
    await run(write_project(project(model, "select 1 as id")))
    files = project(model, "select 2 as id, 'x' as more") | {"macros/blind.sql": BLIND_CATALOG}
    return await run(write_project(files))


@pytest.mark.parametrize("policy", ["sync_all_columns", "fail"])
async def test_columns_that_cannot_be_read_are_not_taken_for_none(
    write_project: WriteProject, tmp_path: Path, policy: str
) -> None:
    ran = await run_with_blind_catalog(write_project, policy)

    assert "Could not read any columns" in ran.error("events")
    assert "out of sync" not in ran.error("events")
    assert rows(tmp_path / "shop", "select * from events") == [(1,)]


async def test_nothing_is_added_where_columns_cannot_be_read(
    write_project: WriteProject, tmp_path: Path
) -> None:
    ran = await run_with_blind_catalog(write_project, "append_new_columns")

    assert ran.exit_code == 0
    assert [warning for warning in ran.warnings if "Could not read any columns" in warning]
    assert rows(tmp_path / "shop", "select * from events order by id") == [(1,), (2,)]


async def test_columns_that_change_are_an_error_where_they_must_not(
    write_project: WriteProject, tmp_path: Path
) -> None:
    model = incremental("select * from {{ ref('day') }}", on_schema_change="fail")

    ran = await run_days(write_project, model, "select 1 as id", "select 2 as id, 'x' as more")

    assert "out of sync" in ran.error("events")
    assert "Source columns not in target: more" in ran.error("events")
    assert rows(tmp_path / "shop", "select * from events") == [(1,)]


async def test_table_that_was_made_is_known_to_what_is_built_after_it(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/orders.sql": "{{ config(materialized='incremental') }} select 1 as id",
            "models/after.sql": (
                "-- depends_on: {{ ref('orders') }}\n"
                "{% set found = load_relation(ref('orders')) %}\n"
                "select '{{ found.type if found else 'nothing' }}' as found"
            ),
        }
    )

    for _ in range(2):
        ran = await run(root)

        assert ran.exit_code == 0
        assert rows(root, "select found from after") == [("table",)]
