"""What comes of flags and variables of dbt that few use, and of flags before the command."""

from __future__ import annotations

import json
import pstats
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import PROJECT, run
from ..commands.support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

SHOP = {
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n"
    "    dev: {type: sqlite, path: shop.db, schema: main}\n"
    "    prod: {type: sqlite, path: prod.db, schema: main}\n",
    "models/orders.sql": "select 1 as id, '{{ flags.EXPORT_SAVED_QUERIES }}' as exported",
    "models/schema.yml": "models: [{name: orders, columns: [{name: id, tests: [unique]}]}]",
}


def results(root: Path) -> dict[str, str]:
    document = json.loads((root / "target" / "run_results.json").read_bytes())
    return {each["unique_id"].split(".")[2]: each["status"] for each in document["results"]}


def arguments(root: Path) -> dict[str, object]:
    document = json.loads((root / "target" / "run_results.json").read_bytes())
    return dict(document["args"])


@pytest.mark.parametrize(
    ("variables", "built"),
    [
        ({"DBT_RESOURCE_TYPES": "model"}, {"orders"}),
        ({"DBT_RESOURCE_TYPES": "test unit_test"}, {"unique_orders_id"}),
        ({"DBT_EXCLUDE_RESOURCE_TYPES": "test"}, {"orders"}),
    ],
)
async def test_variables_narrow_the_types_of_build(
    write_project: WriteProject, variables: Mapping[str, str], built: set[str]
) -> None:
    root = write_project(SHOP)
    await run(root, "run")

    ran = await run(root, "build", environ=variables)

    assert ran.exit_code == 0
    assert results(root).keys() == built


async def test_flag_beats_the_variable_with_types(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    await run(
        root, "build", resource_types=("model",), environ={"DBT_EXCLUDE_RESOURCE_TYPES": "test"}
    )
    await run(root, "test", environ={"DBT_RESOURCE_TYPES": "model"}, resource_types=("test",))

    assert results(root) == {"unique_orders_id": "pass"}


async def test_variable_with_an_unknown_type_is_an_error(write_project: WriteProject) -> None:
    ran = await run(write_project(SHOP), "build", environ={"DBT_RESOURCE_TYPES": "modle"})

    assert ran.exit_code == 2
    assert "'modle' is no type of node. Did you mean 'model'?" in str(ran.outcome.error)


SAVED_QUERY = {
    **SHOP,
    "models/days.sql": "select 1 as date_day",
    "models/metrics.yml": """
models:
- name: days
  time_spine: {standard_granularity_column: date_day}
  columns: [{name: date_day, granularity: day}]
semantic_models:
- name: orders
  model: ref('orders')
  defaults: {agg_time_dimension: day}
  entities: [{name: id, type: primary}]
  dimensions: [{name: day, type: time, expr: id, type_params: {time_granularity: day}}]
  measures: [{name: orders, agg: count, expr: id}]
metrics: [{name: orders, label: Orders, type: simple, type_params: {measure: orders}}]
saved_queries: [{name: daily, query_params: {metrics: [orders]}}]
""",
}


@pytest.mark.parametrize(
    ("variables", "is_there"),
    [
        ({}, True),
        ({"DBT_INCLUDE_SAVED_QUERY": "true"}, True),
        ({"DBT_INCLUDE_SAVED_QUERY": "false"}, False),
    ],
)
async def test_build_takes_saved_queries_along_unless_that_is_not_wanted(
    write_project: WriteProject, variables: Mapping[str, str], is_there: bool
) -> None:
    root = write_project(SAVED_QUERY)

    ran = await run(root, "build", environ=variables)

    assert ran.exit_code == 0
    assert ("daily" in results(root)) is is_there


async def test_templates_and_results_see_whether_saved_queries_are_to_be_exported(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)

    await run(root, "build", environ={"DBT_EXPORT_SAVED_QUERIES": "1"})

    compiled = root / "target" / "compiled" / "shop" / "models" / "orders.sql"
    assert "'True' as exported" in compiled.read_text()
    assert arguments(root)["export_saved_queries"] is True


def test_variable_says_that_nothing_printed_is_shown(write_project: WriteProject) -> None:
    shop = {**SHOP, "models/loud.sql": "{{ print('from a template') }} select 1 as id"}
    root = write_project(shop)

    loud = headrace(root, "run")
    silent = headrace(root, "run", environ={"DBT_NO_PRINT": "1"})

    assert "from a template" in loud.stdout
    assert "from a template" not in silent.stdout


@pytest.mark.parametrize(
    ("flags", "variables", "makes_room"),
    [
        ((), {}, False),
        ((), {"DBT_LOG_FILE_MAX_BYTES": "1000"}, True),
        (("--log-file-max-bytes", "0"), {"DBT_LOG_FILE_MAX_BYTES": "1000"}, False),
    ],
)
def test_log_file_makes_room_when_it_has_grown_as_long_as_it_may(
    write_project: WriteProject,
    flags: tuple[str, ...],
    variables: Mapping[str, str],
    makes_room: bool,
) -> None:
    root = write_project(SHOP)

    for _ in range(3):
        headrace(root, "run", *flags, environ=variables)

    assert (root / "logs" / "dbt.log").exists()
    assert (root / "logs" / "dbt.log.1").exists() is makes_room


def outside(tmp_path: Path) -> Path:
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    (directory / "old.txt").write_text("old")
    return directory


@pytest.mark.parametrize(
    ("flags", "variables", "exit_code"),
    [
        ((), {}, 2),
        ((), {"DBT_CLEAN_PROJECT_FILES_ONLY": "false"}, 0),
        (("--no-clean-project-files-only",), {}, 0),
        (("--clean-project-files-only",), {"DBT_CLEAN_PROJECT_FILES_ONLY": "false"}, 2),
    ],
)
def test_clean_leaves_what_is_outside_of_the_project_unless_it_is_told_to_delete_it(
    write_project: WriteProject,
    tmp_path: Path,
    flags: tuple[str, ...],
    variables: Mapping[str, str],
    exit_code: int,
) -> None:
    directory = outside(tmp_path)
    root = write_project({"dbt_project.yml": f"{PROJECT}clean-targets: ['{directory}']\n"})

    done = headrace(root, "clean", *flags, environ=variables)

    assert done.exit_code == exit_code, done.output
    assert directory.exists() is bool(exit_code)


@pytest.mark.parametrize(
    ("target", "said"),
    [("..", "holds the project's own files"), ("HOME", "holds your home directory")],
)
def test_clean_never_deletes_the_project_or_a_home_directory(
    write_project: WriteProject, tmp_path: Path, target: str, said: str
) -> None:
    home = outside(tmp_path)
    named = target.replace("HOME", str(home))
    root = write_project({"dbt_project.yml": f"{PROJECT}clean-targets: ['{named}']\n"})

    done = headrace(root, "clean", "--no-clean-project-files-only", environ={"HOME": str(home)})

    assert done.exit_code == 2
    assert said in done.stderr
    assert root.exists()
    assert home.exists()


def test_debug_says_how_to_open_the_directory_of_profiles(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project(SHOP)
    (root / "profiles.yml").rename(tmp_path / "profiles.yml")

    done = headrace(root, "debug", "--config-dir", "--profiles-dir", str(tmp_path))

    assert done.exit_code == 0
    assert done.stdout.startswith("To view your profiles.yml file, run:\n\n")
    assert done.stdout.rstrip().endswith(f" {tmp_path}")


async def test_show_takes_sql_as_it_is(write_project: WriteProject) -> None:
    sql = "select '{{ ref(\"orders\") }}' as a, 'it''s \\n €' as b"

    ran = await run(write_project(SHOP), "show", inline_direct=sql, output="json")

    (answer,) = ran.lines
    assert json.loads(answer)["show"] == [{"a": '{{ ref("orders") }}', "b": "it's \\n €"}]


def test_timing_of_functions_is_written_where_it_is_wanted(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "run", "-r", "timing.prof")
    failed = headrace(root, "run", "--record-timing-info", "nowhere/timing.prof")

    assert done.exit_code == 0
    stats = pstats.Stats(str(root / "timing.prof")).get_stats_profile()
    assert stats.total_tt > 0
    assert failed.exit_code == 2
    assert "nowhere/timing.prof can't be written (No such file or directory)" in failed.stderr


@pytest.mark.parametrize(
    ("before", "behind", "database"),
    [
        (("--target", "prod"), (), "prod.db"),
        (("-t", "prod"), ("--target", "dev"), "shop.db"),
        (("--target", "dev"), ("-t", "prod"), "prod.db"),
    ],
)
def test_target_counts_before_the_command_and_more_behind_it(
    write_project: WriteProject, before: tuple[str, ...], behind: tuple[str, ...], database: str
) -> None:
    root = write_project(SHOP)

    done = headrace(root, *before, "run", *behind)

    assert done.exit_code == 0
    assert [path.name for path in root.glob("*.db")] == [database]


def test_flags_of_an_earlier_run_count_before_the_command(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    headrace(root, "parse", "--target-path", "earlier")

    done = headrace(
        *(root, "--state", "earlier", "--indirect-selection", "empty", "--single-threaded", "ls"),
        *("--select", "state:old,resource_type:model", "--output", "name"),
    )

    assert done.exit_code == 0
    assert done.stdout.split() == ["orders"]


def test_flags_count_between_the_two_words_of_a_command(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "--quiet", "docs", "--target", "prod", "generate", "--no-compile")

    assert done.exit_code == 0
    catalog = json.loads((root / "target" / "catalog.json").read_bytes())
    assert catalog["nodes"] == {}
    assert [path.name for path in root.glob("*.db")] == ["prod.db"]
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--macro-debugging", "run"), "the flag '--macro-debugging' has no effect. Templates run"),
        (("compile", "--no-inject-ephemeral-ctes"), "'--inject-ephemeral-ctes' has no effect."),
        (("run", "--upload-to-artifacts-ingest-api"), "Artifacts aren't sent to anybody."),
        (("--show-resource-report", "parse"), "'--show-resource-report' has no effect."),
    ],
)
def test_flag_of_which_there_is_nothing_is_warned_of_with_what_is_so_instead(
    write_project: WriteProject, arguments: tuple[str, ...], said: str
) -> None:
    done = headrace(write_project(SHOP), *arguments)

    assert done.exit_code == 0, done.output
    assert said in " ".join(done.output.split())


@pytest.mark.parametrize("command", ["deps", "clean", "run", "ls"])
def test_variable_of_which_there_is_nothing_is_warned_of(
    write_project: WriteProject, command: str
) -> None:
    root = write_project({**SHOP, "packages.yml": ""})

    done = headrace(root, command, environ={"DBT_DOWNLOADS_DIR": "elsewhere"})

    assert done.exit_code == 0
    assert done.output.count("the variable 'DBT_DOWNLOADS_DIR' has no effect") == 1


def test_flags_without_a_difference_are_taken_in_silence(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    plain = headrace(root, "--no-print", "parse")

    done = headrace(
        *(root, "--use-fast-test-edges", "--no-macro-debugging", "parse"),
        *("--partial-parse-file-path", "elsewhere.msgpack", "--no-static-parser"),
    )

    assert done.exit_code == 0
    assert "[WARNING]" not in done.output
    assert len(done.output.splitlines()) == len(plain.output.splitlines())


@pytest.mark.parametrize("command", [(), ("run",), ("docs",), ("source", "freshness")])
@pytest.mark.parametrize("flag", ["--version", "-V", "-v"])
def test_version_is_said_wherever_it_is_asked_for(
    write_project: WriteProject, command: tuple[str, ...], flag: str
) -> None:
    done = headrace(write_project(SHOP), *command, flag)

    assert done.exit_code == 0
    assert done.stdout.startswith("headrace ")


async def test_retry_keeps_the_types_that_a_variable_asked_for(
    write_project: WriteProject,
) -> None:
    shop = {**SHOP, "models/broken.sql": "select 1 as id from nowhere"}
    root = write_project(shop)
    await run(root, "build", environ={"DBT_RESOURCE_TYPES": "model"})

    (root / "models/broken.sql").write_text("select 1 as id")
    again = await run(root, "retry")

    assert again.exit_code == 0
    assert arguments(root)["resource_types"] == ["model"]
