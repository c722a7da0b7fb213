"""--defer: what isn't selected is read from where an earlier run has built it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.events import ReferencesDeferred

from ..building.support import PROJECT, Ran, relations, rows, run
from ..conftest import WriteProject
from .support import headrace

PROFILES = """\
shop:
  target: dev
  outputs:
    dev: &sqlite
      type: sqlite
      database: main
      schema: dev
      schemas_and_paths: {main: shop.db, dev: dev.db, prod: prod.db}
      schema_directory: .
      threads: 4
    prod: {<<: *sqlite, schema: prod}
"""
FILES = {
    "profiles.yml": PROFILES,
    # A view of SQLite can't reach into another file.
    "dbt_project.yml": PROJECT + "models: {+materialized: table}\n",
    "models/model_1.sql": "select 1 as id",
    "models/model_2.sql": "select * from {{ ref('model_1') }}",
}
STATE = Path("prod-run-artifacts")
DEFERRED = 'from "prod"."model_1"'
OWN = 'from "dev"."model_1"'


async def with_production(root: Path) -> Path:
    """The project after a production run whose artifacts were put aside."""
    ran = await run(root, "build", target="prod")
    assert ran.exit_code == 0, ran.outcome
    (root / "target").rename(root / STATE)
    return root


@pytest.fixture
async def shop(write_project: WriteProject) -> Path:
    return await with_production(write_project(FILES))


def compiled(root: Path, name: str = "model_2") -> str:
    return (root / f"target/compiled/shop/models/{name}.sql").read_text()


def deferred(ran: Ran) -> Mapping[str, tuple[str, str]]:
    """What was deferred, by name: the relation and the reason."""
    return {
        reference.name: (reference.relation_name, reference.reason)
        for event in ran.events
        if isinstance(event, ReferencesDeferred)
        for reference in event.references
    }


def test_worked_example_of_the_documentation(write_project: WriteProject) -> None:
    root = write_project(FILES)
    headrace(root, "run", "--target", "prod")
    shutil.copytree(root / "target", root / "prod-run-artifacts")

    done = headrace(root, "run", "--models", "model_2", "--defer", "--state", "prod-run-artifacts")

    assert done.exit_code == 0, done.output
    assert DEFERRED in compiled(root)
    lines = [line[11:] for line in done.stdout.splitlines()]
    assert "1 reference is deferred to the state in prod-run-artifacts:" in lines
    assert '  model_1 -> "prod"."model_1" (it isn\'t selected)' in lines


@pytest.mark.parametrize(
    "environ",
    [
        {"DEFER_MODE": "true", "ARTIFACT_STATE_PATH": "prod-run-artifacts"},
        {"DBT_DEFER_TO_STATE": "1", "DBT_ARTIFACT_STATE_PATH": "prod-run-artifacts"},
        {"DBT_DEFER": "t", "DBT_STATE": "prod-run-artifacts"},
        {"DBT_DEFER": "yes", "DBT_STATE": "nowhere", "DBT_DEFER_STATE": "prod-run-artifacts"},
        {"HEADRACE_DEFER": "1", "HEADRACE_STATE": "prod-run-artifacts", "DBT_STATE": "nowhere"},
        {"HEADRACE_DEFER": "1", "DBT_DEFER": "0", "ARTIFACT_STATE_PATH": "prod-run-artifacts"},
        {"DBT_DEFER": "1", "DBT_STATE": "", "ARTIFACT_STATE_PATH": "prod-run-artifacts"},
    ],
)
async def test_variables_defer(shop: Path, environ: Mapping[str, str]) -> None:
    ran = await run(shop, select=("model_2",), environ=environ)

    assert ran.exit_code == 0, ran.outcome
    assert DEFERRED in compiled(shop)


@pytest.mark.parametrize("false", ["", "0", "false", "f", "False"])
async def test_variable_may_say_no(shop: Path, false: str) -> None:
    await run(shop)

    await run(shop, select=("model_2",), environ={"DEFER_MODE": false, "ARTIFACT_STATE_PATH": "x"})

    assert OWN in compiled(shop)


async def test_flag_beats_the_variable(shop: Path) -> None:
    await run(shop)
    asking = {"DEFER_MODE": "1", "ARTIFACT_STATE_PATH": "prod-run-artifacts"}

    refused = await run(shop, select=("model_2",), defer=False, environ=asking)
    own = compiled(shop)
    asked = await run(
        shop,
        select=("model_2",),
        defer=True,
        state=STATE,
        environ={"DEFER_MODE": "0", "ARTIFACT_STATE_PATH": "nowhere"},
    )

    assert (refused.exit_code, asked.exit_code) == (0, 0)
    assert OWN in own
    assert DEFERRED in compiled(shop)


async def test_unselected_node_is_deferred_whatever_the_target_has(shop: Path) -> None:
    await run(shop)

    favoring = await run(shop, select=("model_2",), defer=True, state=STATE)
    favored = compiled(shop)
    not_favoring = await run(shop, select=("model_2",), defer=True, state=STATE, favor_state=False)

    assert DEFERRED in favored
    assert deferred(favoring) == {"model_1": ('"prod"."model_1"', "it isn't selected")}
    assert OWN in compiled(shop)
    assert deferred(not_favoring) == {}


@pytest.mark.parametrize("environ", [{"DBT_FAVOR_STATE": "false"}, {"DBT_FAVOR_STATE_MODE": "0"}])
async def test_target_comes_first_where_a_variable_says_so(
    shop: Path, environ: Mapping[str, str]
) -> None:
    absent = await run(shop, select=("model_2",), defer=True, state=STATE, environ=environ)
    without = compiled(shop)
    await run(shop)

    there = await run(shop, select=("model_2",), defer=True, state=STATE, environ=environ)

    assert DEFERRED in without
    assert deferred(absent) == {
        "model_1": ('"prod"."model_1"', "it isn't selected, and the target has none")
    }
    assert OWN in compiled(shop)
    assert deferred(there) == {}


async def test_run_of_everything_is_the_same_as_without(shop: Path) -> None:
    ran = await run(shop, defer=True, state=STATE)

    assert ran.exit_code == 0
    assert OWN in compiled(shop)
    assert deferred(ran) == {}


async def test_test_of_everything_defers_all_that_it_refers_to(
    write_project: WriteProject,
) -> None:
    tested = "models: [{name: model_1, columns: [{name: id, data_tests: [unique]}]}]"
    root = await with_production(write_project({**FILES, "models/schema.yml": tested}))

    absent = await run(root, "test", defer=True, state=STATE)
    await run(root, "run")
    there = await run(root, "test", defer=True, state=STATE)
    not_favored = await run(root, "test", defer=True, state=STATE, favor_state=False)
    without = await run(root, "test", state=STATE)

    told = {"model_1": ('"prod"."model_1"', "this command doesn't build it")}
    assert [ran.exit_code for ran in (absent, there, not_favored, without)] == [0] * 4
    assert deferred(absent) == deferred(there) == told
    assert deferred(not_favored) == deferred(without) == {}


async def test_snapshot_of_everything_defers_all_that_it_refers_to(
    write_project: WriteProject,
) -> None:
    kept = (
        "{% snapshot kept %}{{ config(strategy='check', unique_key='id', check_cols='all') }}"
        "select * from {{ ref('model_1') }}{% endsnapshot %}"
    )
    root = await with_production(write_project({**FILES, "snapshots/kept.sql": kept}))

    ran = await run(root, "snapshot", defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"model_1"}


async def test_selected_nodes_are_not_deferred(shop: Path) -> None:
    ran = await run(shop, select=("model_1", "model_2"), defer=True, state=STATE)

    assert OWN in compiled(shop)
    assert deferred(ran) == {}


async def test_selector_of_the_project_is_a_selection(shop: Path) -> None:
    (shop / "selectors.yml").write_text(
        "selectors: [{name: second, definition: model_2, default: true}]"
    )

    ran = await run(shop, defer=True, state=STATE)

    assert ran.statuses.keys() == {"model_2"}
    assert DEFERRED in compiled(shop)


async def test_ephemeral_model_is_compiled_and_reads_what_is_deferred(
    write_project: WriteProject,
) -> None:
    files = {
        **FILES,
        "models/between.sql": "{{ config(materialized='ephemeral') }}"
        "select id from {{ ref('model_1') }}",
        "models/model_2.sql": "select * from {{ ref('between') }}",
    }
    root = await with_production(write_project(files))

    ran = await run(root, select=("model_2",), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"model_1"}
    assert f"select id {DEFERRED}" in compiled(root)
    assert "__dbt__cte__between" in compiled(root)


async def test_model_that_was_ephemeral_in_production_is_not_deferred(
    write_project: WriteProject,
) -> None:
    ephemeral = "{{ config(materialized='ephemeral') }} select 1 as id"
    root = await with_production(write_project({**FILES, "models/model_1.sql": ephemeral}))
    (root / "models/model_1.sql").write_text("select 1 as id")
    await run(root, select=("model_1",))

    ran = await run(root, select=("model_2",), defer=True, state=STATE)

    assert ran.exit_code == 0
    assert OWN in compiled(root)


async def test_new_model_is_read_from_the_target(shop: Path) -> None:
    (shop / "models/model_3.sql").write_text("select 3 as id")
    (shop / "models/model_2.sql").write_text("select * from {{ ref('model_3') }}")
    await run(shop, select=("model_3",))

    ran = await run(shop, select=("model_2",), defer=True, state=STATE)

    assert ran.exit_code == 0
    assert 'from "dev"."model_3"' in compiled(shop)


MORE = {
    **FILES,
    "seeds/countries.csv": "id\n1\n",
    "snapshots/seen.sql": "{% snapshot seen %}{{ config(unique_key='id', strategy='check', "
    "check_cols='all') }}select * from {{ ref('model_1') }}{% endsnapshot %}",
    "models/model_3.sql": "select c.id from {{ ref('countries') }} c join {{ ref('seen') }} s "
    "on s.id = c.id",
    "models/schema.yml": "models: [{name: model_3, columns: [{name: id, data_tests: [unique, "
    "{relationships: {arguments: {to: ref('model_1'), field: id}, name: fits}}]}]}]",
}


async def test_seeds_and_snapshots_are_deferred_like_models(write_project: WriteProject) -> None:
    root = await with_production(write_project(MORE))

    ran = await run(root, select=("model_3",), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"countries", "seen"}
    assert 'from "prod"."countries" c join "prod"."seen" s' in compiled(root, "model_3")


async def test_snapshot_reads_a_deferred_model(write_project: WriteProject) -> None:
    root = await with_production(write_project(MORE))

    ran = await run(root, "snapshot", select=("seen",), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"model_1"}


async def test_test_looks_at_the_selected_model_and_defers_the_other(
    write_project: WriteProject,
) -> None:
    root = await with_production(write_project(MORE))
    await run(root, "build", select=("model_3",), defer=True, state=STATE)

    ran = await run(root, "test", select=("model_3",), defer=True, state=STATE)

    assert ran.exit_code == 0
    assert deferred(ran).keys() == {"model_1"}
    path = "target/compiled/shop/models/schema.yml/fits.sql"
    assert 'from "dev"."model_3"' in (root / path).read_text()
    assert 'from "prod"."model_1"' in (root / path).read_text()


async def test_what_the_command_does_not_build_is_deferred_where_it_is_missing(
    write_project: WriteProject,
) -> None:
    root = await with_production(write_project(MORE))

    without = await run(root, select=("+model_3",), defer=True, state=STATE)
    await run(root, "seed")
    with_seed = await run(root, select=("+model_3",), defer=True, state=STATE)

    reason = "this command doesn't build it, and the target has none"
    assert deferred(without) == {
        "countries": ('"prod"."countries"', reason),
        "seen": ('"prod"."seen"', reason),
    }
    assert deferred(with_seed).keys() == {"seen"}


async def test_hooks_read_what_is_deferred(shop: Path) -> None:
    with (shop / "dbt_project.yml").open("a") as file:
        file.write("on-run-end: \"create table dev.told as select * from {{ ref('model_1') }}\"\n")

    ran = await run(shop, select=("model_2",), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"model_1"}


async def test_hooks_read_what_is_deferred_though_no_selected_node_does(shop: Path) -> None:
    with (shop / "dbt_project.yml").open("a") as file:
        file.write("on-run-end: \"create table dev.told as select * from {{ ref('model_1') }}\"\n")
    (shop / "models/alone.sql").write_text("select 9 as id")

    ran = await run(shop, select=("alone",), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"model_1"}
    assert rows(shop, "select id from told", "dev.db") == [(1,)]


UNIT_TEST = (
    "unit_tests: [{name: same, model: model_2, given: [{input: ref('model_1'), "
    "rows: [{id: 7}]}], expect: {rows: [{id: 7}]}}]"
)


async def test_unit_test_alone_takes_its_types_from_what_is_deferred(
    write_project: WriteProject,
) -> None:
    root = await with_production(write_project({**FILES, "models/unit.yml": UNIT_TEST}))

    ran = await run(root, "test", select=("model_2",), defer=True, state=STATE)

    assert {name: str(status) for name, status in ran.statuses.items()} == {"same": "pass"}
    assert deferred(ran).keys() == {"model_1", "model_2"}


async def test_unit_test_takes_its_types_from_what_is_deferred(
    write_project: WriteProject,
) -> None:
    root = await with_production(write_project({**FILES, "models/unit.yml": UNIT_TEST}))

    ran = await run(root, "build", select=("model_2",), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert ran.statuses.keys() == {"model_2", "same"}


@pytest.mark.parametrize("select", [("model_2",), ()])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "--state or --defer-state are required for deferral, but neither was provided"),
        ({"state": Path("nowhere")}, "Could not find manifest in --state path: "),
        ({"state": STATE, "defer_state": Path("models")}, "Could not find manifest in --state"),
    ],
)
async def test_state_that_is_missing_is_refused_before_any_sql(
    write_project: WriteProject, select: tuple[str, ...], options: dict[str, Any], said: str
) -> None:
    root = write_project(FILES)

    ran = await run(root, select=select, defer=True, **options)

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith(said)
    assert not list(root.glob("*.db"))


async def test_state_to_compare_with_may_be_another(shop: Path) -> None:
    await run(shop, "parse", target="prod")
    (shop / "target").rename(shop / "main")
    (shop / "models/model_2.sql").write_text("select id from {{ ref('model_1') }}")

    ran = await run(
        shop,
        select=("state:modified",),
        defer=True,
        state=Path("main"),
        defer_state=STATE,
    )

    assert ran.exit_code == 0
    assert ran.statuses.keys() == {"model_2"}
    assert DEFERRED in compiled(shop)


def test_directory_counts_from_the_project_too(shop: Path, tmp_path: Path) -> None:
    done = headrace(
        tmp_path,
        *("run", "--project-dir", str(shop), "--profiles-dir", str(shop), "-s", "model_2"),
        *("--defer", "--state", "prod-run-artifacts"),
    )

    assert done.exit_code == 0, done.output
    assert DEFERRED in compiled(shop)


def test_log_lines_as_json_list_what_is_deferred(shop: Path) -> None:
    done = headrace(
        shop,
        *("run", "-s", "model_2", "--defer", "--state", "prod-run-artifacts"),
        *("--log-format", "json"),
    )

    records = [json.loads(line) for line in done.stdout.splitlines()]
    told = [record for record in records if record["info"]["name"] == "ReferencesDeferred"]
    assert told[0]["data"]["references"] == [
        {
            "unique_id": "model.shop.model_1",
            "name": "model_1",
            "relation_name": '"prod"."model_1"',
            "reason": "it isn't selected",
        }
    ]


def test_console_leaves_the_rest_of_very_many_to_the_log(write_project: WriteProject) -> None:
    names = [f"base_{number}" for number in range(60)]
    models = {f"models/{name}.sql": "select 1 as id" for name in names}
    union = " union all ".join(f"select * from {{{{ ref('{name}') }}}}" for name in names)
    root = write_project({**FILES, **models, "models/model_2.sql": union})
    headrace(root, "run", "--target", "prod")
    (root / "target").rename(root / STATE)

    done = headrace(root, "run", "-s", "model_2", "--defer", "--state", str(STATE))

    assert "  and 10 more, which the log file lists\n" in done.stdout
    assert "base_59 -> " not in done.stdout
    assert 'base_59 -> "prod"."base_59"' in (root / "logs/dbt.log").read_text()


IN_MAIN = PROFILES.replace("schema: dev\n", "schema: main\n")
VIEW = "{{ config(materialized='view') }} select * from {{ ref('READ') }}"
BETWEEN = "{{ config(materialized='ephemeral') }} select id from {{ ref('model_1') }}"


async def with_view(write_project: WriteProject, read: str) -> Path:
    """A project whose second model is a view since it was built in production."""
    files = {**FILES, "profiles.yml": IN_MAIN, "models/between.sql": BETWEEN}
    root = await with_production(write_project(files))
    (root / "models/model_2.sql").write_text(VIEW.replace("READ", read))
    return root


@pytest.mark.parametrize("read", ["model_1", "between"])
async def test_view_that_can_not_read_another_file_is_a_table(
    write_project: WriteProject, read: str
) -> None:
    root = await with_view(write_project, read)

    deferring = await run(root, select=("model_2",), defer=True, state=STATE)
    built = relations(root)
    again = await run(root)

    assert (deferring.exit_code, again.exit_code) == (0, 0), deferring.outcome
    assert deferring.warnings == [
        "model_2 reads what is deferred from another schema, which a view can't in this database: "
        "it is built as a table."
    ]
    assert built == {"model_2": "table"}
    assert relations(root)["model_2"] == "view"


async def test_table_for_a_view_may_count_as_an_error(write_project: WriteProject) -> None:
    root = await with_view(write_project, "model_1")

    ran = await run(
        root,
        select=("model_2",),
        defer=True,
        state=STATE,
        warn_error_options={"error": ["DeferredViewIsTable"]},
    )

    assert ran.exit_code == 1
    assert "which a view can't in this database" in ran.error("model_2")


async def test_reference_that_leads_to_the_target_itself_is_not_deferred(shop: Path) -> None:
    await run(shop)

    ran = await run(shop, select=("model_2",), defer=True, state=Path("target"))

    assert ran.exit_code == 0
    assert deferred(ran) == {}


async def test_each_reference_is_deferred_whatever_stands_before_it(
    write_project: WriteProject,
) -> None:
    root = await with_production(
        write_project(
            {
                **FILES,
                "models/sources.yml": (
                    "sources: [{name: raw, schema: prod, tables: [{name: given}]}]"
                ),
                "models/given.sql": "select 3 as id",
                "models/model_3.sql": "select 2 as id",
                "models/first.sql": "select * from {{ ref('model_1') }}",
                "models/second.sql": (
                    "-- {{ source('raw', 'given') }}\n"
                    "select * from {{ ref('model_1') }} "
                    "union all select * from {{ ref('model_3') }}"
                ),
            }
        )
    )

    ran = await run(root, select=("first", "second"), defer=True, state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert deferred(ran).keys() == {"model_1", "model_3"}
    assert rows(root, "select id from second order by id", "dev.db") == [(1,), (2,)]


async def test_relation_of_the_state_is_quoted_as_it_was_there(write_project: WriteProject) -> None:
    quoting = "{{ config(quoting={'identifier': false}) }} select 1 as id"
    root = await with_production(write_project({**FILES, "models/model_1.sql": quoting}))

    await run(root, select=("model_2",), defer=True, state=STATE)

    assert 'from "prod".model_1' in compiled(root)
