"""`table`, `view` and `ephemeral`: what stands under a model's name after a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status

from .support import relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }}\n"
VIEW = "{{ config(materialized='view') }}\n"
EPHEMERAL = "{{ config(materialized='ephemeral') }}\n"


async def test_table_is_built_with_its_rows(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": TABLE + "select 1 as id union all select 2"})

    ran = await run(root)

    assert ran.result("orders").message == "SELECT 2"
    assert relations(root) == {"orders": "table"}
    assert rows(root, "select id from orders") == [(1,), (2,)]


async def test_model_is_a_view_unless_configured(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": "select 1 as id"})

    await run(root)

    assert relations(root) == {"orders": "view"}


async def test_rebuilt_table_has_the_new_rows_and_columns(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": TABLE + "select 1 as id"})
    await run(root)
    write_project({"models/orders.sql": TABLE + "select 2 as id, 'new' as state"})

    await run(root)

    assert rows(root, "select * from orders") == [(2, "new")]


async def test_view_on_a_table_reads_on_after_the_table_was_rebuilt(
    write_project: WriteProject,
) -> None:
    files = {
        "models/orders.sql": TABLE + "select 1 as id",
        "models/ids.sql": "select id from {{ ref('orders') }}",
    }
    root = write_project(files)
    await run(root)
    write_project({"models/orders.sql": TABLE + "select 7 as id, 'x' as extra"})

    await run(root, select=("orders",))

    assert rows(root, "select id from ids") == [(7,)]


async def test_view_of_somebody_else_survives_a_rebuild(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": TABLE + "select 1 as id"})
    await run(root)
    rows(root, "create view theirs as select id from orders")

    await run(root)

    assert rows(root, "select * from theirs") == [(1,)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [(TABLE, VIEW, "view"), (VIEW, TABLE, "table")],
    ids=["table to view", "view to table"],
)
async def test_change_of_materialization_replaces_the_relation(
    write_project: WriteProject, before: str, after: str, kind: str
) -> None:
    root = write_project({"models/orders.sql": before + "select 1 as id"})
    await run(root)
    write_project({"models/orders.sql": after + "select 2 as id"})

    ran = await run(root)

    assert ran.exit_code == 0
    assert relations(root) == {"orders": kind}
    assert rows(root, "select id from orders") == [(2,)]


async def test_table_may_read_itself(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/runs.sql": TABLE + "{% if load_relation(this) is none %}select 1 as n"
            "{% else %}select max(n) + 1 as n from {{ this }}{% endif %}"
        }
    )
    for _ in range(3):
        ran = await run(root)
        assert ran.exit_code == 0

    found = rows(root, "select n from runs")

    assert found == [(3,)]


AROUND = {
    "a source": "select id + 1 as id from {{ source('above', 'report') }}",
    "a source below an ephemeral model": "select id + 1 as id from {{ ref('between') }}",
    "a source through a macro": "select id + 1 as id from {{ reported() }}",
    "a name in its SQL": "select id + 1 as id from report",
}


@pytest.mark.parametrize("sql", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("materialized", ["table", "incremental"])
async def test_model_may_read_a_view_over_itself(
    write_project: WriteProject, sql: str, materialized: str
) -> None:
    """Somebody else's view of its last rows, which its own SQL doesn't show."""
    config = f"{{{{ config(materialized={materialized!r}) }}}} "
    root = write_project(
        {
            "models/above.yml": "sources: [{name: above, schema: main, tables: [{name: report}]}]",
            "models/between.sql": "{{ config(materialized='ephemeral') }} "
            "select id from {{ source('above', 'report') }}",
            "macros/reported.sql": "{% macro reported() %}{{ source('above', 'report') }}"
            "{% endmacro %}",
            "models/numbers.sql": "{{ config(materialized='table') }} select 1 as id",
        }
    )
    await run(root)
    rows(root, "create view report as select * from numbers")
    (root / "models/numbers.sql").write_text(config + sql)

    ran = await run(root, full_refresh=True, select=("numbers",))

    assert ran.statuses == {"numbers": Status.SUCCESS}, ran.outcome.results
    assert rows(root, "select id from report") == [(2,)]


async def test_model_may_read_a_view_of_the_project_over_itself_as_a_source(
    write_project: WriteProject,
) -> None:
    """A circle, which a source breaks: dbt runs such a model as well."""
    root = write_project(
        {
            "models/above.yml": "sources: [{name: above, schema: main, tables: [{name: report}]}]",
            "models/numbers.sql": TABLE + "select 1 as id",
            "models/report.sql": VIEW + "select id from {{ ref('numbers') }}",
        }
    )
    await run(root)
    (root / "models/numbers.sql").write_text(
        TABLE + "select id + 1 as id from {{ source('above', 'report') }}"
    )

    ran = await run(root)

    assert ran.statuses == {"numbers": Status.SUCCESS, "report": Status.SUCCESS}
    assert rows(root, "select id from report") == [(2,)]


@pytest.mark.parametrize("materialized", [TABLE, VIEW], ids=["table", "view"])
async def test_failed_build_leaves_the_old_relation(
    write_project: WriteProject, materialized: str
) -> None:
    root = write_project({"models/orders.sql": materialized + "select 1 as id"})
    await run(root)
    write_project({"models/orders.sql": materialized + "select nonsense from nowhere"})

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert rows(root, "select id from orders") == [(1,)]


async def test_failed_change_of_materialization_leaves_the_old_relation(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/orders.sql": VIEW + "select 1 as id"})
    await run(root)
    write_project({"models/orders.sql": TABLE + "select nonsense from nowhere"})

    await run(root)

    assert relations(root) == {"orders": "view"}
    assert rows(root, "select id from orders") == [(1,)]


async def test_table_that_fails_half_way_through_its_rows_leaves_the_old_one(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/orders.sql": TABLE + "select 1 as id"})
    await run(root)
    write_project(
        {"models/orders.sql": TABLE + "select 2 as id union all select json_extract('{', '$')"}
    )

    ran = await run(root)

    assert "malformed JSON" in ran.error("orders")
    assert rows(root, "select id from orders") == [(1,)]


async def test_error_names_the_model_its_file_and_the_sql_that_was_sent(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/orders.sql": TABLE + "select nonsense from nowhere"})

    ran = await run(root)

    error = ran.result("orders").error
    assert error is not None
    assert error.title == "Database Error in model orders (models/orders.sql)"
    assert "no such table: nowhere" in error.message
    assert error.compiled_path is not None
    assert "nonsense" in (root / error.compiled_path).read_text()


async def test_ephemeral_model_is_part_of_its_children_and_not_in_the_database(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/base.sql": EPHEMERAL + "select 1 as id",
            "models/doubled.sql": EPHEMERAL + "select id * 2 as id from {{ ref('base') }}",
            "models/orders.sql": TABLE + "with mine as (select 5 as id) select id from mine "
            "union all select id from {{ ref('doubled') }} "
            "union all select id from {{ ref('base') }}",
        }
    )

    ran = await run(root)

    assert ran.statuses == {"orders": Status.SUCCESS}
    assert relations(root) == {"orders": "table"}
    assert rows(root, "select id from orders order by id") == [(1,), (2,), (5,)]


async def test_ephemeral_model_knows_what_it_would_be_called(write_project: WriteProject) -> None:
    told = "'{{ this.schema }}' as place, '{{ this.identifier }}' as name, '{{ this }}' as whole"
    root = write_project(
        {
            "models/base.sql": EPHEMERAL + f"select {told}",
            "models/orders.sql": TABLE + "select place, name, whole from {{ ref('base') }}",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, "select * from orders") == [("main", "base", '"main"."base"')]


async def test_failing_ephemeral_model_fails_its_child_by_name(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/base.sql": EPHEMERAL + "select {{ 1 // 0 }} as id",
            "models/orders.sql": "select id from {{ ref('base') }}",
        }
    )

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert "models/base.sql" in ran.error("orders")


async def test_alias_is_the_name_in_the_database(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "{{ config(alias='Order Lines') }}" + TABLE + "select 1 as id",
            "models/child.sql": TABLE + "select id from {{ ref('orders') }}",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0
    assert relations(root) == {"Order Lines": "table", "child": "table"}


async def test_reserved_word_is_a_model_name_like_any_other(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/order.sql": TABLE + "select 1 as id",
            "models/group.sql": "select id from {{ ref('order') }}",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, 'select id from "group"') == [(1,)]


async def test_custom_schema_is_a_file_beside_the_database(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "{{ config(materialized='table', schema='raw') }} select 1 id",
            "models/child.sql": TABLE + "select id + 1 as id from {{ ref('orders') }}",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0
    assert relations(root) == {"child": "table"}
    assert relations(root, "shop.main_raw.db") == {"orders": "table"}
    assert rows(root, "select id from child") == [(2,)]


async def test_materialization_that_does_not_exist_says_which_there_are(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {"models/orders.sql": "\n{{ config(materialized='tabel') }} select 1 as id"}
    )

    ran = await run(root)

    error = ran.error("orders")
    assert "No materialization 'tabel' was found for adapter sqlite!" in error
    assert "'incremental', 'materialized_view', 'table', 'view'" in error
    assert "models/orders.sql" in error
    assert relations(root) == {}


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfselect 1 as id", b"\r\nselect 1\r\nas id\r\n", b"\n\n  select 1 as id  \n\n"],
    ids=["byte order mark", "CRLF", "blank lines"],
)
async def test_form_of_a_models_file_does_not_matter(
    write_project: WriteProject, content: bytes
) -> None:
    root = write_project({"models/orders.sql": ""})
    (root / "models" / "orders.sql").write_bytes(content)

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, "select id from orders") == [(1,)]


async def test_fifty_writers_of_one_database_all_succeed(write_project: WriteProject) -> None:
    files = {f"models/m{n}.sql": TABLE + f"select {n} as n" for n in range(50)}
    root = write_project(files)

    ran = await run(root, threads=50)

    assert set(ran.statuses.values()) == {Status.SUCCESS}
    assert len(relations(root)) == 50


async def test_nothing_is_built_of_a_file_without_text(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "select 1 as id",
            "models/later.sql": "\n \n",
            "tests/later_too.sql": "",
            "seeds/raw.csv": "id\n1\n",
        }
    )

    ran = await run(root, "build")
    listed = await run(root, "ls")

    assert ran.exit_code == 0
    assert ran.statuses.keys() == {"orders", "raw"}
    assert listed.lines == ["shop.later", "shop.orders", "shop.raw", "shop.later_too"]


async def test_model_of_nothing_but_a_comment_says_so(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": TABLE + "-- to be written"})

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert "models/orders.sql" in ran.error("orders")
    assert relations(root) == {}


async def test_trailing_semicolon_and_comment_do_no_harm(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": TABLE + "select 1 as id -- the last line is a comment",
            "models/child.sql": TABLE + "select id from {{ ref('orders') }};",
        }
    )

    ran = await run(root)

    assert ran.statuses == {"orders": Status.SUCCESS, "child": Status.SUCCESS}


async def test_view_that_becomes_a_table_may_read_itself(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": VIEW + "select 1 as id"})
    await run(root)
    write_project({"models/orders.sql": TABLE + "select id + 1 as id from {{ this }}"})

    ran = await run(root)

    assert ran.exit_code == 0
    assert relations(root) == {"orders": "table"}
    assert rows(root, "select id from orders") == [(2,)]


async def test_database_is_one_file_after_a_run(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": TABLE + "select 1 as id"})

    await run(root)

    assert sorted(path.name for path in root.glob("shop.db*")) == ["shop.db"]
