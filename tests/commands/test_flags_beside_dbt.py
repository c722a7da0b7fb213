"""What a flag does where dbt's does it, found by running both on one project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..building.support import relations, run
from ..conftest import WriteProject
from .support import headrace

TWO = {"models/first.sql": "select 1 as id", "models/second.sql": "select 2 as id"}


def arguments(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "target/run_results.json").read_bytes())["args"]
    return content


@pytest.mark.parametrize("flag", ["--selector", "--target", "--profile"])
async def test_empty_text_of_a_flag_that_names_something_is_none(
    write_project: WriteProject, flag: str
) -> None:
    root = write_project(TWO)

    done = headrace(root, "run", flag, "")

    assert done.exit_code == 0, done.output
    assert relations(root).keys() == {"first", "second"}


async def test_empty_query_is_none(write_project: WriteProject) -> None:
    root = write_project(TWO)

    compiled = headrace(root, "compile", "--inline", "")
    shown = headrace(root, "show", "--inline", "")

    assert compiled.exit_code == 0
    assert (root / "target/compiled/shop/models/first.sql").exists()
    assert shown.exit_code == 2
    assert "Either --select or --inline must be passed to show" in shown.output


async def test_source_of_packages_is_one_of_three(write_project: WriteProject) -> None:
    done = headrace(write_project(TWO), "deps", "--source", "hob")

    assert done.exit_code == 2
    assert "--source is 'hob', and must be one of hub, git, local. Did you mean 'hub'?" in (
        done.output
    )


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", {"select": ("state:modified",)}),
        ("compile", {"selector": "missing"}),
        ("test", {"select": ("nonsense:x",)}),
        ("build", {"select": ("first",), "defer": True}),
    ],
)
async def test_project_that_was_read_has_its_manifest_though_nothing_was_run(
    write_project: WriteProject, command: str, options: dict[str, Any]
) -> None:
    root = write_project(TWO)

    ran = await run(root, command, **options)

    manifest = json.loads((root / "target/manifest.json").read_bytes())
    assert ran.exit_code == 2
    assert manifest["nodes"].keys() == {"model.shop.first", "model.shop.second"}
    assert manifest["metadata"]["invocation_id"] is not None


async def test_results_of_nothing_tell_their_settings_too(write_project: WriteProject) -> None:
    root = write_project(TWO)
    await run(root, threads=3)
    before = arguments(root)

    await run(root, threads=3, select=("missing",))

    after = arguments(root)
    assert after == {**before, "select": ["missing"]}
    assert after["threads"] == 3


@pytest.mark.parametrize(
    ("command", "options"), [("run", {}), ("run", {"select": ("missing",)}), ("run-operation", {})]
)
async def test_results_tell_what_was_settled_and_not_only_what_was_given(
    write_project: WriteProject, command: str, options: dict[str, Any]
) -> None:
    root = write_project({**TWO, "macros/nothing.sql": "{% macro nothing() %}{% endmacro %}"})
    if command == "run-operation":
        options = {"macro": "nothing"}

    ran = await run(root, command, environ={"DBT_PRINT": "false", "DBT_TARGET": "dev"}, **options)

    found = arguments(root)
    assert ran.exit_code == 0, ran.outcome
    assert {key: found[key] for key in ("print", "target", "partial_parse", "introspect")} == {
        "print": False,
        "target": "dev",
        "partial_parse": True,
        "introspect": True,
    }


async def test_operation_is_retried_in_the_target_of_the_first(write_project: WriteProject) -> None:
    macro = "{{% macro fails() %}}{{% do run_query('{}') %}}{{% endmacro %}}"
    root = write_project({"macros/fails.sql": macro.format("select nothing")})
    profile = (root / "profiles.yml").read_text()
    other = "    other: {type: sqlite, path: other.db, schema: main}\n"
    (root / "profiles.yml").write_text(profile.rstrip("\n") + "\n" + other)
    await run(root, "run-operation", macro="fails", environ={"DBT_TARGET": "other"})
    (root / "macros/fails.sql").write_text(macro.format("create table made (id int)"))

    ran = await run(root, "retry")

    assert ran.exit_code == 0, ran.outcome
    assert relations(root, "other.db") == {"made": "table"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["seed", "--empty"],
        ["clone", "--empty"],
        ["seed", "--sample", "1 day"],
        ["compile", "--sample", "1 day"],
        ["clone", "--event-time-start", "2024-01-01"],
        ["seed", "--event-time-end", "2024-01-01"],
    ],
)
async def test_flag_about_rows_is_not_taken_where_it_would_do_nothing(
    write_project: WriteProject, arguments: list[str]
) -> None:
    root = write_project({**TWO, "seeds/people.csv": "id\n1\n"})

    done = headrace(root, *arguments)

    assert done.exit_code == 2
    assert f"No such option: {arguments[1]}" in done.output
    assert not (root / "shop.db").exists()


async def test_results_have_each_word_of_a_selection_and_the_line_it_was_called_by(
    write_project: WriteProject,
) -> None:
    root = write_project({**TWO, "models/third.sql": "select 3 as id"})

    done = headrace(root, "run", "--select", "first", "second", "--exclude", "third", "second")

    found = arguments(root)
    assert done.exit_code == 0, done.output
    assert relations(root).keys() == {"first"}
    assert (found["select"], found["exclude"]) == (["first", "second"], ["third", "second"])
    assert found["invocation_command"].startswith("headrace run --select first second --exclude")


LEFT_OUT_WHERE_OFF = {
    *("debug", "full_refresh", "fail_fast", "warn_error", "single_threaded", "store_failures"),
    *("log_cache_events", "use_experimental_parser"),
}


async def test_results_have_the_arguments_of_the_command_as_dbt_names_them(
    write_project: WriteProject,
) -> None:
    root = write_project(TWO)

    await run(root, "run", warn_error_options={"error": ["NothingToDo"]})
    of_run = arguments(root)
    await run(root, "build", fail_fast=True)
    of_build = arguments(root)

    assert of_run["warn_error_options"] == {"error": ["NothingToDo"], "warn": [], "silence": []}
    assert of_run["profiles_dir"] == of_run["project_dir"] == str(root)
    assert of_run["log_format_file"] == "debug"
    assert (of_run["strict_mode"], of_run["validate_macro_args"]) == (False, False)
    assert of_run["require_generic_test_arguments_property"] is True
    assert of_run["empty"] is False
    assert of_run.keys().isdisjoint(LEFT_OUT_WHERE_OFF | {"export_saved_queries", "show"})
    assert (of_build["fail_fast"], of_build["show"], of_build["resource_types"]) == (
        True,
        False,
        [],
    )


async def test_flag_of_the_project_that_was_taken_back_stays_so_in_a_retry(
    write_project: WriteProject,
) -> None:
    flags = "name: shop\nprofile: shop\nflags: {fail_fast: true, validate_macro_args: true}\n"
    root = write_project({**TWO, "dbt_project.yml": flags, "models/a.sql": "select nothing"})

    await run(root, "run", fail_fast=False)

    found = arguments(root)
    assert (found["fail_fast"], found["validate_macro_args"]) == (False, True)
