"""Warnings as errors: where it is said, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status
from headrace.engine.core.events import NothingToDo

from ..building.support import PROJECT, relations, run, warnings_of
from ..commands.support import headrace
from .support import JINJA_WARNING, WARNED_TEST, names

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "select 1 as id"}
MISSPELT = {**ORDERS, "models/schema.yml": "models: [{name: order}, {name: oders}]"}


async def test_warning_in_a_template_fails_its_node_and_skips_its_children(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/orders.sql": JINJA_WARNING,
            "models/recent.sql": "select * from {{ ref('orders') }}",
            "models/other.sql": "select 1 as id",
        }
    )

    ran = await run(root, warn_error=True)

    assert (ran.exit_code, names(ran)) == (1, [])
    assert ran.statuses == {
        "orders": Status.ERROR,
        "recent": Status.SKIPPED,
        "other": Status.SUCCESS,
    }
    assert ran.error("orders") == (
        "Compilation Error in model orders (models/orders.sql)\n"
        "models/orders.sql:1: look here [JinjaLogWarning]\n\n"
        "> in model orders (models/orders.sql)"
    )
    assert list(relations(root)) == ["other"]


NAMES = "{% macro generate_schema_name(custom, node) %}"
WHILE_PARSING = {
    "models/orders.sql": (
        "{{ config(tags=[noisy()]) }}{% do exceptions.warn('one') %}"
        "{{ exceptions.warn('two') }}{% if execute %}{{ exceptions.warn('late') }}{% endif %}"
        "select 1 as id"
    ),
    "models/quiet.sql": "select 1 as id",
    "models/schema.yml": "models: [{name: quiet, columns: [{name: id, data_tests: [odd]}]}]",
    "macros/noisy.sql": (
        "{% macro noisy() %}{% do exceptions.warn('noisy') %}{{ return('t') }}{% endmacro %}"
        f"{NAMES}{{% do exceptions.warn('names ' ~ node.name) %}}"
        "{{ return(target.schema) }}{% endmacro %}"
        "{% test odd(model, column_name) %}{% do exceptions.warn('tests') %}"
        "select * from {{ model }} where 1 = 0{% endtest %}"
    ),
}


async def test_warning_in_a_template_that_parsing_renders_is_shown_once_then(
    write_project: WriteProject,
) -> None:
    root = write_project(WHILE_PARSING)

    parsed = await run(root, "parse")
    again = await run(root, "parse")
    ran = await run(root, select=("orders",))

    while_parsing = [
        *["names odd_quiet_id", "names orders", "names quiet", "noisy", "one", "tests", "two"]
    ]
    assert sorted(parsed.warnings) == sorted(again.warnings) == while_parsing
    assert sorted(ran.warnings) == sorted([*while_parsing, "noisy", "one", "two", "late"])
    places = {each.message: str(each.location) for each in warnings_of(parsed.events)}
    assert places["noisy"] == places["names orders"] == "models/orders.sql"
    assert places["tests"].startswith("models/schema.yml")


async def test_warning_that_parsing_meets_is_an_error_or_nothing_as_its_name_says(
    write_project: WriteProject,
) -> None:
    root = write_project(WHILE_PARSING)

    strict = await run(root, "run", warn_error=True)
    is_built = (root / "shop.db").exists()
    silent = await run(root, "run", warn_error_options={"silence": ["JinjaLogWarning"]})

    assert (strict.exit_code, strict.statuses) == (2, {})
    assert "models/orders.sql: one [JinjaLogWarning]" in str(strict.outcome.error)
    assert not is_built
    assert (silent.exit_code, silent.warnings) == (0, [])


async def test_warning_in_a_template_is_shown_or_not_as_its_name_says(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/orders.sql": JINJA_WARNING})

    plain = await run(root)
    kept = await run(root, warn_error_options={"error": "all", "warn": ["JinjaLogWarning"]})
    silent = await run(root, warn_error_options={"silence": ["JinjaLogWarning"]})

    assert [ran.exit_code for ran in (plain, kept, silent)] == [0, 0, 0]
    assert names(plain) == names(kept) == ["JinjaLogWarning"]
    assert names(silent) == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, Status.WARN),
        ({"warn_error": True}, Status.FAIL),
        ({"warn_error_options": {"error": ["LogTestResult"]}}, Status.FAIL),
        ({"warn_error_options": {"error": "all", "warn": ["LogTestResult"]}}, Status.WARN),
    ],
)
async def test_test_that_would_warn_fails(
    write_project: WriteProject, options: Mapping[str, Any], status: Status
) -> None:
    root = write_project(WARNED_TEST)

    ran = await run(root, "build", **options)

    assert ran.statuses["not_null_orders_id"] is status
    word = "warn" if status is Status.WARN else "fail"
    assert ran.result("not_null_orders_id").message == f"Got 1 result, configured to {word} if != 0"
    assert ran.exit_code == (0 if status is Status.WARN else 1)


@pytest.mark.parametrize(("command", "name"), [("run", "NothingToDo"), ("ls", "NoNodesSelected")])
async def test_selection_that_leaves_nothing_is_an_error_by_its_own_name(
    write_project: WriteProject, command: str, name: str
) -> None:
    root = write_project(ORDERS)
    selecting: dict[str, Any] = {"exclude": ("orders",)}

    plain = await run(root, command, **selecting)
    failed = await run(root, command, warn_error_options={"error": [name]}, **selecting)
    silent = await run(root, command, warn_error_options={"silence": [name]}, **selecting)

    assert [ran.exit_code for ran in (plain, failed, silent)] == [0, 2, 0]
    said = [any(isinstance(event, NothingToDo) for event in ran.events) for ran in (plain, silent)]
    assert said == [True, False]
    assert f"[{name}]" in str(failed.outcome.error)


async def test_all_warnings_of_a_parse_that_are_errors_are_told_together(
    write_project: WriteProject,
) -> None:
    root = write_project({**MISSPELT, "dbt_project.yml": f"{PROJECT}data-paths: [data]\n"})

    ran = await run(root, warn_error_options={"error": ["NoNodeForYamlKey"]})

    assert (ran.exit_code, names(ran)) == (2, ["ConfigDataPathDeprecation"])
    lines = str(ran.outcome.error).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "models/schema.yml:1:26",
        "models/schema.yml:1:11",
    ]
    assert not (root / "shop.db").exists()


async def test_warning_that_comes_with_an_error_stays_a_warning(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {**MISSPELT, "models/orders.sql": "select * from {{ ref('nobody') }}"},
    )

    ran = await run(root, warn_error=True)

    assert ran.exit_code == 2
    assert "ref('nobody')" in str(ran.outcome.error)
    assert names(ran) == ["NoNodeForYamlKey", "NoNodeForYamlKey"]


async def test_project_says_it_under_flags_and_its_own_mistakes_count(
    write_project: WriteProject,
) -> None:
    root = write_project({**ORDERS, "dbt_project.yml": f"{PROJECT}flags: {{warn_error: true}}\n"})

    clean = await run(root)
    (root / "dbt_project.yml").write_text(
        f"{PROJECT}data-paths: [data]\nflags: {{warn_error: true}}\n"
    )
    failed = await run(root)
    allowed = await run(root, warn_error=False)

    assert [ran.exit_code for ran in (clean, failed, allowed)] == [0, 2, 0]
    assert "`data-paths` config has been renamed" in str(failed.outcome.error)


async def test_clean_deletes_nothing_where_a_warning_of_the_project_is_an_error(
    write_project: WriteProject,
) -> None:
    root = write_project({**ORDERS, "dbt_project.yml": f"{PROJECT}data-paths: [data]\n"})
    (root / "target").mkdir()

    failed = await run(root, "clean", warn_error=True)
    kept = (root / "target").exists()
    done = await run(root, "clean")

    assert (failed.exit_code, kept) == (2, True)
    assert (done.exit_code, (root / "target").exists()) == (0, False)


async def test_old_names_of_the_options_are_a_warning_themselves(
    write_project: WriteProject,
) -> None:
    root = write_project(ORDERS)

    shown = await run(root, warn_error_options={"include": ["NodeRetried"]})
    failed = await run(root, warn_error_options={"include": "all"})

    assert (shown.exit_code, names(shown)) == (0, ["WEOIncludeExcludeDeprecation"])
    assert failed.exit_code == 2
    assert "`include` is now `error`" in str(failed.outcome.error)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--warn-error", "parse"),
        ("parse", "--warn-error"),
        ("--warn-error-options", '{"error": "all"}', "parse"),
        ("parse", "--warn-error-options", "{error: [NoNodeForYamlKey]}"),
    ],
)
def test_flags_stand_before_the_command_and_after_it(
    write_project: WriteProject, arguments: tuple[str, ...]
) -> None:
    root = write_project(MISSPELT)

    done = headrace(root, *arguments)

    assert done.exit_code == 2
    assert "Compilation Error\n" in done.output
    assert "[NoNodeForYamlKey]" in done.output


def test_variables_of_the_environment_say_it_too(write_project: WriteProject) -> None:
    root = write_project(MISSPELT)

    by_name = headrace(root, "parse", environ={"DBT_WARN_ERROR_OPTIONS": "{error: all}"})
    allowed = headrace(root, "parse", "--no-warn-error", environ={"DBT_WARN_ERROR": "true"})
    both = headrace(root, "--warn-error", "run", "--warn-error-options", "{error: all}")
    unknown = headrace(root, "run", "--warn-error-options", "{error: [NodeRetries]}")

    assert [done.exit_code for done in (by_name, allowed, both, unknown)] == [2, 0, 2, 2]
    assert "not allowed with argument warn_error" in both.output
    assert "Did you mean 'NodeRetried'?" in unknown.output
    assert not (root / "shop.db").exists()
