"""Deprecations: told once or each time, counted, and summed up at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.events import InvocationFailed, InvocationFinished, WarningRaised

from ..building.support import PROJECT, Ran, run, warnings_of
from ..commands.support import headrace
from .support import names

WriteProject = Callable[[Mapping[str, str]], Path]

ARGUMENTS = "MissingArgumentsPropertyInGenericTestDeprecation"
SUMMARY = "DeprecationsSummary"
PLAIN = {"models/orders.sql": "select 1 as id"}
OLD_TESTS = {
    **PLAIN,
    "models/schema.yml": (
        "models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n"
        "          - accepted_values: {values: [1]}\n"
        "          - accepted_values: {values: [1, 2]}\n"
        "          - accepted_values: {arguments: {values: [1, 2, 3]}}\n"
        "          - {name: four, test_name: accepted_values, values: [4]}\n"
    ),
    "seeds/s.yml": "seeds: [{name: gone}]",
}
"""Three tests with arguments of old, and an entry that is about nothing."""


def summary(ran: Ran) -> WarningRaised | None:
    found = [each for each in ran.events if isinstance(each, WarningRaised)]
    return next((each for each in found if each.name == SUMMARY), None)


def counts(ran: Ran) -> list[tuple[str, str, int]]:
    """What the summary says, as its data have it."""
    found = summary(ran)
    facts: Any = [] if found is None else found.data["summaries"]
    return [(each["event_name"], each["event_code"], each["occurrences"]) for each in facts]


async def test_deprecation_is_told_once_and_counted(write_project: WriteProject) -> None:
    root = write_project(OLD_TESTS)

    ran = await run(root, "parse")

    assert names(ran) == ["NoNodeForYamlKey", ARGUMENTS]
    assert [str(each.location) for each in warnings_of(ran.events)] == [
        "seeds/s.yml:1:10",
        "models/schema.yml:6:13",
    ]
    assert counts(ran) == [(ARGUMENTS, "D039", 3)]
    said = summary(ran)
    assert said is not None
    assert said.data["show_all_hint"] is True
    assert said.message.splitlines()[:2] == [
        "Summary of encountered deprecations:",
        f"- {ARGUMENTS}: 3 occurrences",
    ]
    assert "--show-all-deprecations" in said.message


async def test_each_is_told_with_its_place_where_that_is_asked_for(
    write_project: WriteProject,
) -> None:
    root = write_project(OLD_TESTS)

    ran = await run(root, "parse", show_all_deprecations=True)

    told = [each for each in warnings_of(ran.events) if each.name == ARGUMENTS]
    assert [str(each.location) for each in told] == [
        "models/schema.yml:6:13",
        "models/schema.yml:7:13",
        "models/schema.yml:9:13",
    ]
    assert {each.data["test_name"] for each in told} == {"accepted_values"}
    assert counts(ran) == [(ARGUMENTS, "D039", 3)]
    said = summary(ran)
    assert said is not None
    assert said.data["show_all_hint"] is False
    assert "--show-all-deprecations" not in said.message


async def test_what_is_silenced_is_counted_as_in_dbt(write_project: WriteProject) -> None:
    root = write_project(OLD_TESTS)

    ran = await run(root, "parse", warn_error_options={"silence": [ARGUMENTS]})
    silent = await run(root, "parse", warn_error_options={"silence": ["Deprecations"]})

    assert (names(ran), counts(ran)) == (["NoNodeForYamlKey"], [(ARGUMENTS, "D039", 3)])
    assert (names(silent), counts(silent)) == (["NoNodeForYamlKey"], [])


async def test_nothing_is_summed_up_where_there_is_no_deprecation(
    write_project: WriteProject,
) -> None:
    root = write_project(PLAIN)

    ran = await run(root, "run")

    assert (ran.exit_code, summary(ran)) == (0, None)


async def test_summary_stands_at_the_end_also_of_what_fails(write_project: WriteProject) -> None:
    root = write_project({**OLD_TESTS, "models/bad.sql": "select * from {{ ref('nobody') }}"})

    ran = await run(root, "run")

    kinds = [type(event) for event in ran.events]
    assert ran.exit_code == 2
    assert kinds.index(InvocationFailed) < len(kinds) - 2
    assert isinstance(ran.events[-1], InvocationFinished)
    assert ran.events[-2] == summary(ran)


@pytest.mark.parametrize("options", [{"error": [SUMMARY]}, {"error": "all", "warn": [ARGUMENTS]}])
async def test_summary_may_be_an_error_once_all_is_built(
    write_project: WriteProject, options: Mapping[str, Any]
) -> None:
    files = {name: text for name, text in OLD_TESTS.items() if name != "seeds/s.yml"}
    root = write_project(files)

    ran = await run(root, "run", warn_error_options=options)

    assert (ran.exit_code, names(ran), summary(ran)) == (2, [ARGUMENTS], None)
    assert f"[{SUMMARY}]" in str(ran.outcome.error)
    finished = ran.events[-1]
    assert isinstance(finished, InvocationFinished)
    assert finished.exit_code == 2
    assert (root / "shop.db").exists()


async def test_only_the_first_of_a_kind_is_the_error(write_project: WriteProject) -> None:
    root = write_project(OLD_TESTS)

    ran = await run(root, "parse", warn_error_options={"error": [ARGUMENTS]})

    assert ran.exit_code == 2
    assert str(ran.outcome.error).count(ARGUMENTS) == 1
    assert "models/schema.yml:6:13" in str(ran.outcome.error)


async def test_renamed_variables_are_each_a_kind_by_themselves(
    write_project: WriteProject,
) -> None:
    environ = {"DBT_NO_PRINT": "1", "DBT_FAVOR_STATE_MODE": "false"}

    ran = await run(write_project(PLAIN), "parse", environ=environ)

    assert names(ran) == ["EnvironmentVariableRenamed"] * 2
    assert counts(ran) == [("EnvironmentVariableRenamed", "D009", 1)] * 2


async def test_arguments_that_are_one_argument_are_warned_of_each_by_name(
    write_project: WriteProject,
) -> None:
    flags = "flags: {require_generic_test_arguments_property: false}\n"
    macro = (
        "{% test accepted_values(model, column_name, values=none, arguments=none) %}"
        "select 1 as id where false{% endtest %}"
    )
    project = {**OLD_TESTS, "macros/accepted_values.sql": macro}
    root = write_project({**project, "dbt_project.yml": PROJECT + flags})

    ran = await run(root, "parse", show_all_deprecations=True)

    (told,) = (each for each in warnings_of(ran.events) if each.name != "NoNodeForYamlKey")
    assert told.name == "ArgumentsPropertyInGenericTestDeprecation"
    assert told.data == {"test_name": "`accepted_values` ({'values': [1, 2, 3]})"}


def test_flag_stands_on_the_command_line_alone(write_project: WriteProject) -> None:
    root = write_project(OLD_TESTS)

    once = headrace(root, "parse", environ={"DBT_SHOW_ALL_DEPRECATIONS": "1"})
    each = headrace(root, "parse", "--show-all-deprecations")
    before = headrace(root, "--show-all-deprecations", "parse")

    told = [ran.output.count(f"[{ARGUMENTS}]") for ran in (once, each, before)]
    assert told == [1, 3, 3]
    assert each.output.count(f"- {ARGUMENTS}: 3 occurrences") == 1
