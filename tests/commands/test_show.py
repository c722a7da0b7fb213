"""`show` and `--inline`: a node's rows, or a query's, without building anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from headrace import Status

from ..building.support import relations, run
from ..conftest import WriteProject
from .support import headrace
from .test_deferral import FILES as TWO_SCHEMAS
from .test_deferral import STATE, with_production

FILES = {
    "seeds/raw.csv": "id,name\n" + "".join(f"{number},n{number}\n" for number in range(1, 9)),
    "models/orders.sql": "{{ config(materialized='table') }} select id, name from {{ ref('raw') }}",
    "models/between.sql": "{{ config(materialized='ephemeral') }} "
    "select id from {{ ref('orders') }} where id > 6",
    "models/late.sql": "select * from {{ ref('between') }}",
    "models/versioned_v1.sql": "select 1 as one",
    "models/schema.yml": "models: [{name: orders, columns: [{name: id, data_tests: [unique]}]}, "
    "{name: versioned, versions: [{v: 1}]}]",
    "analyses/counted.sql": "select count(*) as n from {{ ref('orders') }};\n",
    "macros/top.sql": "{% macro top() %}order by id desc{% endmacro %}",
}


@pytest.fixture
async def shop(write_project: WriteProject) -> Path:
    root = write_project(FILES)
    ran = await run(root, "build")
    assert ran.exit_code == 0, ran.outcome
    return root


@pytest.mark.parametrize(
    ("select", "shown"),
    [
        ("late", "Previewing node 'late':\n| id |\n| -- |\n|  7 |\n|  8 |\n"),
        ("between", "Previewing node 'between':\n| id |\n| -- |\n|  7 |\n|  8 |\n"),
        ("counted", "Previewing node 'counted':\n| n |\n| - |\n| 8 |\n"),
        ("versioned.v1", "Previewing node 'versioned.v1':\n| one |\n| --- |\n|   1 |\n"),
        ("+late", "Previewing node 'late':\n| id |\n| -- |\n|  7 |\n|  8 |\n"),
    ],
)
async def test_named_node_is_shown(shop: Path, select: str, shown: str) -> None:
    ran = await run(shop, "show", select=(select,))

    assert ran.exit_code == 0
    assert ran.lines == [shown]


async def test_seed_and_test_are_shown(shop: Path) -> None:
    ran = await run(shop, "show", select=("raw", "unique_orders_id"), limit=1)

    assert ran.lines == [
        "Previewing node 'raw':\n| id | name |\n| -- | ---- |\n|  1 | n1   |\n",
        "Previewing node 'unique_orders_id':\n"
        "| unique_field | n_records |\n| ------------ | --------- |\n",
    ]


async def test_nodes_are_shown_in_one_order_whichever_answers_first(
    write_project: WriteProject,
) -> None:
    counted = "with recursive c(i) as (select 1 union all select i + 1 from c limit {0}) "
    root = write_project(
        {
            f"models/{name}.sql": counted.format(limit) + "select count(*) as n from c"
            for name, limit in (("first", 300_000), ("second", 1))
        }
    )

    ran = await run(root, "show", select=("second", "first"), threads=2)

    assert [line.split("'")[1] for line in ran.lines] == ["first", "second"]


@pytest.mark.parametrize(("limit", "count"), [(None, 5), (2, 2), (-1, 8), (0, 0), (100, 8)])
async def test_limit_is_five_unless_said(shop: Path, limit: int | None, count: int) -> None:
    ran = await run(shop, "show", select=("orders",), limit=limit, output="json")

    assert len(json.loads(ran.lines[0])["show"]) == count


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select id from {{ ref('orders') }} {{ top() }}", [8, 7]),
        ("select id from {{ ref('orders') }} {{ top() }} limit 1", [8]),
        ("select id from {{ ref('between') }} order by 1;", [7, 8]),
        ("select {{ var('one', 1) }} as id -- {{ ref('orders') }}", [1]),
        ("{{ config(tags=['x']) }} select max(id) as id from {{ ref('raw') }}", [8]),
    ],
)
async def test_inline_query_is_shown(shop: Path, query: str, expected: list[int]) -> None:
    before = relations(shop)

    ran = await run(shop, "show", inline=query, limit=2, output="json")

    assert ran.exit_code == 0, ran.outcome
    assert [row["id"] for row in json.loads(ran.lines[0])["show"]] == expected
    assert relations(shop) == before


async def test_results_and_manifest_of_the_last_run_stay(shop: Path) -> None:
    kept = ("run_results.json", "run_results.jsonl")
    before = [(shop / "target" / name).read_bytes() for name in kept]

    await run(shop, "show", inline="select 1 as one")

    assert [(shop / "target" / name).read_bytes() for name in kept] == before
    assert "inline_query" not in (shop / "target/manifest.json").read_text()


async def test_inline_query_is_compiled(shop: Path) -> None:
    text = await run(shop, "compile", inline="select {{ 1 + 1 }} as two")
    as_json = await run(shop, "compile", inline="select 3", output="json")

    assert text.lines == ["Compiled inline node is:\nselect 2 as two"]
    assert json.loads(as_json.lines[0]) == {"compiled": "select 3"}


async def test_inline_query_is_answered_where_models_are_disabled(
    write_project: WriteProject,
) -> None:
    project = "name: shop\nprofile: shop\nmodels: {+enabled: false}\n"
    root = write_project({"models/m.sql": "select 1 as id", "dbt_project.yml": project})

    shown = await run(root, "show", inline="select 1 + 1 as two", output="json")
    compiled = await run(root, "compile", inline="select {{ 1 + 1 }} as two")

    assert '"two": 2' in "".join(shown.lines)
    assert compiled.lines == ["Compiled inline node is:\nselect 2 as two"]


async def test_inline_query_is_deferred_like_a_model(write_project: WriteProject) -> None:
    root = await with_production(write_project(TWO_SCHEMAS))

    ran = await run(
        root, "show", inline="select * from {{ ref('model_1') }}", defer=True, state=STATE
    )

    assert ran.exit_code == 0, ran.outcome
    assert ran.lines == ["Previewing inline node:\n| id |\n| -- |\n|  1 |\n"]


async def test_query_that_fails_is_told(shop: Path) -> None:
    database = await run(shop, "show", inline="select missing from {{ ref('orders') }}")
    template = await run(shop, "show", inline="select * from {{ ref('ordrs') }}")

    assert database.exit_code == 2
    assert "no such column: missing" in database.error("inline_query")
    assert "no such column: missing" in str(database.outcome.error)
    assert template.exit_code == 2
    assert "Error parsing inline query" in str(template.outcome.error)
    assert "Did you mean 'orders'?" in str(template.outcome.error)


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (("show", "--inline", "slect 1"), "Database Error in sql_operation inline_query"),
        (("show", "--inline-direct", "slect 1"), "Database Error in sql_operation inline_query"),
        (("compile", "--inline", "{{ nope() }}"), "Compilation Error in sql_operation"),
    ],
)
def test_query_that_fails_could_not_run_and_is_told_once(
    shop: Path, arguments: tuple[str, ...], title: str
) -> None:
    done = headrace(shop, *arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert f"\nEncountered an error:\n{title}" in done.stderr
    assert done.stderr.count("Error in") == 1
    assert "Done." not in done.stderr


async def test_node_that_fails_is_a_node_that_failed(write_project: WriteProject) -> None:
    root = write_project({"models/bad.sql": "slect 1"})

    shown = headrace(root, "show", "-s", "bad")

    assert shown.exit_code == 1
    assert "\nDatabase Error in model bad (models/bad.sql)\n" in shown.stderr


async def test_inline_query_may_look_at_what_is_private(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/hidden.sql": "select 1 as id",
            "models/schema.yml": "groups: [{name: g, owner: {name: me}}]\n"
            "models: [{name: hidden, config: {group: g, access: private}}]",
        }
    )
    await run(root)

    shown = await run(root, "show", inline="select * from {{ ref('hidden') }}", output="json")

    assert shown.exit_code == 0, shown.outcome
    assert json.loads(shown.lines[0]) == {"show": [{"id": 1}]}


async def test_ephemeral_model_is_compiled_by_itself(shop: Path) -> None:
    compiled = shop / "target/compiled/shop/models"

    by_itself = await run(shop, "compile", select=("between",))

    assert by_itself.exit_code == 0, by_itself.outcome
    (answer,) = by_itself.lines
    assert answer.startswith("Compiled node 'between' is:\n")
    assert "where id > 6" in answer
    assert "where id > 6" in (compiled / "between.sql").read_text()
    # As in dbt, that is no result.
    assert by_itself.statuses == {}
    assert json.loads((shop / "target/run_results.json").read_text())["results"] == []


async def test_ephemeral_model_that_cannot_be_compiled_is_a_failure(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/between.sql": "{{ config(materialized='ephemeral') }}"
            "{% if execute %}{{ exceptions.raise_compiler_error('so it is') }}{% endif %}"
        }
    )

    ran = await run(root, "compile")

    assert (ran.exit_code, ran.statuses) == (1, {"between": Status.ERROR})
    (result,) = json.loads((root / "target/run_results.json").read_text())["results"]
    assert result["status"] == "error"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show"], "Either --select or --inline must be passed to show"),
        (["show", "--inline", "select 1", "-s", "orders"], "--inline is a selection by itself"),
        (["show", "-s", "orders", "--output", "jsn"], "Did you mean 'json'?"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(
    shop: Path, arguments: list[str], said: str
) -> None:
    done = headrace(shop, *arguments)

    assert done.exit_code == 2
    assert said in done.stderr


def test_answer_goes_to_standard_output_alone(shop: Path) -> None:
    plain = headrace(shop, "show", "-s", "late", "--limit", "1")
    quiet = headrace(shop, "show", "-s", "late", "--quiet")
    records = headrace(shop, "show", "-s", "late", "--log-format", "json")

    assert plain.stdout == "Previewing node 'late':\n| id |\n| -- |\n|  7 |\n"
    assert quiet.stdout == "| id |\n| -- |\n|  7 |\n|  8 |\n"
    (shown,) = [
        record
        for record in map(json.loads, records.stdout.splitlines())
        if record["info"]["name"] == "ShowNode"
    ]
    assert shown["data"]["node_name"] == "late"
    assert shown["data"]["preview"] == "| id |\n| -- |\n|  7 |\n|  8 |\n"


async def test_project_may_limit_in_its_own_way(shop: Path) -> None:
    (shop / "macros/limit.sql").write_text(
        "{% macro default__get_limit_sql(sql, limit) %}select 'own' as way{% endmacro %}"
    )

    ran = await run(shop, "show", select=("orders",))

    assert "| own |" in ran.lines[0]


async def test_variable_that_is_not_there_yet_is_warned_of(write_project: WriteProject) -> None:
    environ = {"DBT_UPLOAD_TO_ARTIFACTS_INGEST_API": "true"}

    ran = await run(write_project(FILES), "parse", environ=environ)

    assert ran.warnings == [
        "the variable 'DBT_UPLOAD_TO_ARTIFACTS_INGEST_API' has no effect: this version of headrace "
        "doesn't have it yet."
    ]
