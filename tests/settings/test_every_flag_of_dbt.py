"""dbt's commands, flags and variables, each with each: dbt_flags.tsv has them from dbt itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from headrace.cli_flags import make_app
from headrace.engine.commands.all_commands import COMMANDS
from headrace.engine.commands.command_line import what_is_to_come
from headrace.engine.core.events import WarningRaised
from headrace.engine.project.invocation_settings import settings_of
from headrace.engine.settings.flag import BEFORE, Effect, Flag
from headrace.engine.settings.flags import FLAGS, flags_of
from headrace.engine.settings.options import Options
from headrace.engine.settings.unheeded import warnings_of, with_both_names

from . import dbt_facts

FACTS = Path(__file__).parent / "dbt_flags.tsv"
GROUPS = ("docs", "source")


class Fact(NamedTuple):
    """One flag of dbt: its names, a value that it may have, its variable, who takes it."""

    on: Sequence[str]
    off: Sequence[str]
    value: str
    variable: str
    commands: Sequence[str]


def read_facts() -> list[Fact]:
    _, *rows, last = FACTS.read_text("utf-8").splitlines()
    everywhere = last.strip().strip("()").split(",")
    commands = [name for name in everywhere if name not in (dbt_facts.BEFORE, *GROUPS)]
    places = {dbt_facts.EVERYWHERE: everywhere, dbt_facts.COMMANDS: commands}
    facts = []
    for row in rows:
        on, off, value, variable, taken_by = row.split("\t")
        facts.append(
            Fact(
                on.split(), off.split(), value, variable, places.get(taken_by, taken_by.split(","))
            )
        )
    return facts


ENTRIES = read_facts()
TAKEN = [fact for fact in ENTRIES if fact.on and "--version" not in fact.on]
BY_VARIABLE = [fact for fact in ENTRIES if fact.variable]


def name_of(fact: Fact) -> str:
    return (fact.on or (fact.variable,))[0]


def our_name(command: str) -> str | None:
    """What the table of commands calls one of dbt's; None where it isn't there yet."""
    if command in (dbt_facts.BEFORE, *GROUPS):
        return BEFORE
    last = command.split()[-1]
    found = [each.name for each in COMMANDS.values() if last in (each.name, *each.aliases)]
    return found[0] if found else None


@cache
def parser(command: str) -> Any:
    """The command line of one command, which runs nothing, and gives what it was given."""

    def give(_command: str, given: dict[str, Any]) -> int:
        seen.append({key: value for key, value in given.items() if value is not None})
        return 0

    seen: list[dict[str, Any]] = []
    made = typer.main.get_command(make_app(command.split(), give))

    def parse(arguments: Sequence[str]) -> dict[str, Any]:
        seen.clear()
        made.main([*arguments], "headrace", standalone_mode=False)
        (given,) = seen
        return given

    return parse


def line_of(command: str, flag: Sequence[str]) -> tuple[str, list[str]]:
    """A command to run, and the command line with the flag where dbt takes it."""
    match command:
        case dbt_facts.BEFORE:
            return "run", [*flag, "run"]
        case "docs":
            return "docs generate", ["docs", *flag, "generate"]
        case "source":
            return "source freshness", ["source", *flag, "freshness"]
        case "run-operation":
            return command, [command, "grant_all", *flag]
        case _:
            return command, [*command.split(), *flag]


def flag_of(spelling: str, command: str) -> Flag:
    (flag,) = (
        flag
        for flag in flags_of(command)
        if spelling in [name for text in flag.spellings for name in text.split("/")]
    )
    return flag


@pytest.mark.parametrize("fact", TAKEN, ids=name_of)
def test_flag_is_taken_wherever_dbt_takes_it(fact: Fact) -> None:
    for command in fact.commands:
        name = our_name(command)
        if name is None:
            assert what_is_to_come(command.split()), command
            continue
        for spelling in (*fact.on, *fact.off):
            value = [fact.value] if fact.value else []
            made, line = line_of(command, [spelling, *value])

            given = parser(made)(line)

            found = given[flag_of(spelling, name).name]
            expected = fact.value or spelling not in fact.off
            assert str(found) in (str(expected), str([expected])), line


@pytest.mark.parametrize("fact", BY_VARIABLE, ids=lambda fact: str(fact.variable))
def test_variable_is_heeded_or_warned_of_or_makes_no_difference(fact: Fact) -> None:
    for command in fact.commands:
        name = our_name(command)
        if name:
            values = [fact.value] if fact.value else ["true", "false"]
            answers = {answer for value in values for answer in answer_to(fact, value, name)}
            assert answers, f"{fact.variable} of {command} is passed over"


def answer_to(fact: Fact, value: str, command: str) -> Iterator[str]:
    environ = {fact.variable: value}
    options = Options(command=command)
    if settings_of(options, environ) != settings_of(options, {}):
        yield "heeded"
    if any(fact.variable in warning.message for warning in warnings_of(options, environ)):
        yield "warned of"
    for flag in FLAGS.values():
        if flag.effect is Effect.NONE and fact.variable in flag.all_variables and flag.help:
            yield "without a difference"


def messages(environ: Mapping[str, str], command: str = "run") -> list[str]:
    warnings: list[WarningRaised] = list(warnings_of(Options(command=command), environ))
    return [warning.message for warning in warnings]


@pytest.mark.parametrize(
    "variable",
    [
        "DBT_ENV_SECRET_TOKEN",
        "DBT_ENV_CUSTOM_ENV_TEAM",
        "DBT_OF_MY_OWN",
        "DBT_PACKAGE_HUB_URL",
        "DBT_HOST",  # of `docs serve` alone, and many a profile has one of this name
        "MACRO_DEBUGGING",
    ],
)
def test_variable_that_dbt_does_not_know_either_is_not_warned_of(variable: str) -> None:
    assert messages({variable: "true"}) == []


def test_variable_by_an_old_name_is_told_its_new_one() -> None:
    old = {"DBT_DEFER_TO_STATE": "0", "DBT_ARTIFACT_STATE_PATH": "state", "DBT_NO_PRINT": ""}

    warnings = list(warnings_of(Options(command="run"), {**old, "DBT_STATE": "state"}))

    assert [warning.name for warning in warnings] == ["EnvironmentVariableRenamed"] * 2
    assert "`DBT_DEFER_TO_STATE` has been renamed as `DBT_DEFER`" in warnings[1].message


def test_variables_that_are_set_to_what_is_so_anyway_are_not_warned_of() -> None:
    assert messages({"DBT_MACRO_DEBUGGING": "false", "DBT_INTROSPECT": "1"}, "compile") == []


def test_variable_of_the_reserved_prefix_must_be_one_of_dbts() -> None:
    (message,) = messages({"DBT_ENGINE_TARGET": "prod", "DBT_ENGINE_OF_MINE": "x"})

    assert message.startswith("'DBT_ENGINE_OF_MINE' is no variable of dbt's")


def test_each_variable_has_two_names_and_the_newer_counts() -> None:
    both = with_both_names({"DBT_ENGINE_TARGET": "prod", "DBT_TARGET": "dev", "DBT_THREADS": "2"})

    assert (both["DBT_TARGET"], both["DBT_ENGINE_THREADS"]) == ("prod", "2")
    assert with_both_names({"DBT_OF_MINE": "x"}) == {"DBT_OF_MINE": "x"}
