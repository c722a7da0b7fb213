"""The table of flags: what is made of it agrees with it, and the precedence is the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.project.invocation_settings import settings_of, sources_of
from headrace.engine.settings.flag import Effect, Flag, Kind, Known
from headrace.engine.settings.flags import FLAGS, GROUPS
from headrace.engine.settings.options import Options
from headrace.engine.settings.precedence import Origin
from msgspec import structs

from .reference_page import PAGE, page

HEEDED = [flag for flag in FLAGS.values() if flag.effect is Effect.HEEDED]
OLD_NAME = "models"
NO_FLAGS = {"command", "invocation_command", "uses_models_flag", "without_effect"}


def test_reference_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_options_have_a_field_for_each_flag_of_the_command_line() -> None:
    spelled = {flag.name for flag in HEEDED if flag.spellings or flag.kind is Kind.ARGUMENT}

    fields = {*Options.__struct_fields__} - NO_FLAGS

    assert fields == spelled - {OLD_NAME}


def test_settings_have_a_value_for_each_flag() -> None:
    named = settings_of(Options(), {}).named()

    assert named.keys() | {"warn_error_options", OLD_NAME} == FLAGS.keys()


def test_each_flag_says_something_and_stands_under_a_heading() -> None:
    assert [flag.name for flag in FLAGS.values() if not flag.help.endswith((".", "default."))] == []
    assert {flag.group for flag in FLAGS.values()} == {*GROUPS}


def test_no_two_flags_of_a_command_share_a_name() -> None:
    for command in {name for flag in FLAGS.values() for name in flag.commands}:
        names = [
            name
            for flag in FLAGS.values()
            if command in flag.commands
            for text in flag.spellings
            for name in text.split("/")
        ]
        assert len(names) == len({*names}), command


def two_values(flag: Flag) -> tuple[tuple[Any, str], ...]:
    """Two values that a flag may have besides its default, each with the text of a variable."""
    match flag.kind:
        case Kind.SWITCH | Kind.MARK:
            return (True, "true"), (False, "false")
        case Kind.NUMBER:
            return (3, "3"), (4, "4")
        case Kind.PATH:
            return (Path("one"), "one"), (Path("two"), "two")
        case Kind.WORDS:
            return (("model", "test"), "model test"), (("seed",), "seed")
        case Kind.MAPPING:
            return ({"silence": ["NodeRetried"]}, "silence: [NodeRetried]"), ({"warn": []}, "{}")
        case _:
            one, two = [each for each in flag.choices if each != flag.default][:2] or ("a", "b")
            return (one, one), (two, two)


def command_of(flag: Flag) -> str:
    return min(flag.variables_for or flag.commands - {""})


@pytest.mark.parametrize(
    "flag", [flag for flag in HEEDED if flag.all_variables], ids=lambda flag: flag.name
)
def test_the_stronger_of_two_decides(flag: Flag) -> None:
    (one, one_text), (two, two_text) = two_values(flag)
    project = {flag.name: two}
    strong, weak = flag.all_variables[:2]
    command = command_of(flag)

    def found(given: Mapping[str, Any], environ: Mapping[str, str], **flags: Any) -> object:
        options = structs.replace(Options(command=command), **given)
        return sources_of(options, environ, flags).find(flag.name).value

    if flag.spellings:
        assert found({flag.name: one}, {strong: two_text}, **project) == one
    assert found({}, {strong: one_text, weak: two_text}, **project) == one
    assert found({}, {strong: "", weak: one_text}, **project) == one
    assert found({}, {}, **project) == (two if Known.PROJECT in flag.known else flag.default)
    assert found({}, {}) == flag.default


def test_older_variable_that_says_the_opposite() -> None:
    def prints(**environ: str) -> object:
        return sources_of(Options(), environ).find("print").value

    assert prints(DBT_NO_PRINT="1") is False
    assert prints(DBT_NO_PRINT="0") is True
    assert prints(DBT_NO_PRINT="1", DBT_PRINT="1") is True
    with pytest.raises(Exception, match="DBT_NO_PRINT is 'x', and must be true or false"):
        prints(DBT_NO_PRINT="x")


def test_level_and_form_of_the_log_file_follow_those_of_the_console() -> None:
    sources = sources_of(Options(log_format="json"), {"DBT_LOG_LEVEL": "warn"})
    of_its_own = sources_of(Options(log_level_file="none"), {"DBT_LOG_LEVEL": "warn"})
    usual = sources_of(Options(), {})

    assert sources.find("log_format_file").value == "json"
    assert sources.find("log_level_file").value == "warn"
    assert of_its_own.find("log_level_file").value == "none"
    assert usual.find("log_level_file").value == "debug"
    assert usual.find("log_level").origin is Origin.NOBODY


def test_choice_is_taken_in_any_case_as_in_dbt() -> None:
    sources = sources_of(Options(log_level="WARN"), {"DBT_LOG_FORMAT": "JSON"})

    assert sources.find("log_level").value == "warn"
    assert sources.find("log_format").value == "json"


@pytest.mark.parametrize("command", ["run", "snapshot", "seed"])
def test_types_of_the_environment_count_for_the_commands_of_dbt_that_take_them(
    command: str,
) -> None:
    environ = {"DBT_RESOURCE_TYPES": "test"}

    assert settings_of(Options(command=command), environ).selection.resource_types == ()
    assert settings_of(Options(command="build"), environ).selection.resource_types == ("test",)


@pytest.mark.parametrize("text", [" Yes ", "TRUE", "t", "1", "on", "y"])
def test_yes_of_a_variable_is_read_in_any_case_and_without_the_space_around_it(text: str) -> None:
    assert sources_of(Options(), {"DBT_FAIL_FAST": text}).find("fail_fast").value is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fail_fast", "maybe"),
        ("printer_width", 0),
        ("log_level", "wran"),
        ("target_path", 3),
    ],
)
def test_what_the_project_says_amiss_decides_nothing(name: str, value: object) -> None:
    # Whoever reads the project says so, with the place.
    found = sources_of(Options(), {}, {name: value}).find(name)

    assert found.origin is Origin.NOBODY
    assert found.value == FLAGS[name].default
