"""What becomes of a warning, by its name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from headrace.engine.core.errors import UsageError
from headrace.engine.core.events import WarningRaised
from headrace.engine.project.invocation_settings import parse_policy_text, sources_of
from headrace.engine.settings.options import Options
from headrace.engine.settings.warning_policy import (
    RaisedWarningsError,
    Verdict,
    WarningPolicy,
    policy_of,
)

SHOW, RAISE, DROP = Verdict.SHOW, Verdict.RAISE, Verdict.DROP
DEPRECATION = "ConfigSourcePathDeprecation"


def policy(named: Mapping[str, object]) -> WarningPolicy:
    return policy_of(sources_of(Options(warn_error_options=named), {}))


@pytest.mark.parametrize(
    ("named", "name", "verdict"),
    [
        ({}, "JinjaLogWarning", SHOW),
        ({"error": "all"}, "JinjaLogWarning", RAISE),
        ({"error": "*"}, "JinjaLogWarning", RAISE),
        ({"error": ["JinjaLogWarning"]}, "JinjaLogWarning", RAISE),
        ({"error": ["JinjaLogWarning"]}, "NodeRetried", SHOW),
        ({"error": "all", "warn": ["JinjaLogWarning"]}, "JinjaLogWarning", SHOW),
        ({"error": "all", "silence": ["JinjaLogWarning"]}, "JinjaLogWarning", DROP),
        ({"error": ["NodeRetried"], "warn": ["NodeRetried"]}, "NodeRetried", SHOW),
        ({"warn": ["NodeRetried"], "silence": ["NodeRetried"]}, "NodeRetried", DROP),
        ({"error": ["Deprecations"]}, DEPRECATION, RAISE),
        ({"error": ["Deprecations"]}, "JinjaLogWarning", SHOW),
        ({"error": "all", "warn": ["Deprecations"]}, DEPRECATION, SHOW),
        ({"silence": ["Deprecations"]}, DEPRECATION, DROP),
        ({"silence": ["Deprecations"], "error": [DEPRECATION]}, DEPRECATION, RAISE),
        ({"error": ["Deprecations"], "warn": [DEPRECATION]}, DEPRECATION, SHOW),
        ({"error": None, "warn": None, "silence": None}, DEPRECATION, SHOW),
        ({"include": ["NodeRetried"]}, "NodeRetried", RAISE),
        ({"include": "all", "exclude": ["NodeRetried"]}, "NodeRetried", SHOW),
    ],
)
def test_a_name_beats_its_group_and_that_beats_all_and_silence_beats_warn_beats_error(
    named: Mapping[str, object], name: str, verdict: Verdict
) -> None:
    assert policy(named).verdict(name) is verdict


def test_all_errors_are_raised_together_and_the_others_are_kept_to_be_shown() -> None:
    warnings = [
        WarningRaised("NodeRetried", "once more"),
        WarningRaised("JinjaLogWarning", "look"),
        WarningRaised(DEPRECATION, "old"),
        WarningRaised("FileLeftOut", "gone"),
    ]
    chosen = policy({"error": ["NodeRetried", DEPRECATION], "silence": ["FileLeftOut"]})

    with pytest.raises(RaisedWarningsError) as raised:
        chosen.sift(warnings)

    assert str(raised.value) == f"once more [NodeRetried]\nold [{DEPRECATION}]"
    assert [warning.message for warning in raised.value.shown] == ["look"]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"error": ["JinjaLogWarnin"]}, "'error' names 'JinjaLogWarnin', and there is no such"),
        ({"error": ["JinjaLogWarnin"]}, "Did you mean 'JinjaLogWarning'?"),
        ({"silence": ["deprecations"]}, "Did you mean 'Deprecations'?"),
        ({"error": "some"}, "'error' must be 'all' or a list of names, but it is a text"),
        ({"warn": "all"}, "'warn' must be a list of names, but it is a text"),
        ({"warn": [{"a": 1}]}, "'warn' names '{'a': 1}'"),
        ({"silense": []}, "no 'silense'. Did you mean 'silence'?"),
        ({"error": "all", "include": "all"}, "only 'include' or 'error' can be specified"),
    ],
)
def test_options_that_mean_nothing_are_a_usage_error_that_says_what_they_may_be(
    named: Mapping[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        policy(named)

    assert said in str(raised.value)
    assert str(raised.value).startswith("--warn-error-options")


@pytest.mark.parametrize(
    ("text", "said"),
    [("[a]", "this is a list"), ("{a", "isn't YAML"), ("all", "this is a text")],
)
def test_text_that_is_no_mapping_is_a_usage_error(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_policy_text(text)


def test_a_name_that_only_dbt_has_is_taken() -> None:
    assert policy({"error": ["SeedIncreased"]}).raises("SeedIncreased")


@pytest.mark.parametrize(
    ("options", "environ", "flags", "verdict"),
    [
        (Options(), {}, {"warn_error": True}, RAISE),
        (Options(), {"DBT_WARN_ERROR": "1"}, {}, RAISE),
        (Options(), {"DBT_WARN_ERROR": "1", "HEADRACE_WARN_ERROR": "0"}, {}, SHOW),
        (Options(warn_error=False), {"DBT_WARN_ERROR": "1"}, {"warn_error": True}, SHOW),
        (Options(), {}, {"warn_error_options": {"error": "all"}}, RAISE),
        (
            Options(),
            {"DBT_WARN_ERROR_OPTIONS": "{silence: [NodeRetried]}"},
            {"warn_error_options": {"error": "all"}},
            DROP,
        ),
        (
            Options(warn_error_options={"warn": ["NodeRetried"]}),
            {"DBT_WARN_ERROR_OPTIONS": "{silence: [NodeRetried]}"},
            {},
            SHOW,
        ),
        (
            Options(warn_error=False, warn_error_options={"error": "all"}),
            {},
            {"warn_error": True},
            RAISE,
        ),
        (Options(warn_error=True), {}, {"warn_error_options": {"error": [], "warn": []}}, RAISE),
    ],
)
def test_a_flag_beats_the_environment_and_that_beats_the_project(
    options: Options, environ: dict[str, str], flags: dict[str, object], verdict: Verdict
) -> None:
    assert policy_of(sources_of(options, environ, flags)).verdict("NodeRetried") is verdict


@pytest.mark.parametrize(
    ("options", "environ", "flags"),
    [
        (Options(warn_error=True, warn_error_options={"error": "all"}), {}, {}),
        (Options(warn_error=True), {"DBT_WARN_ERROR_OPTIONS": "{error: all}"}, {}),
        (Options(), {"DBT_WARN_ERROR": "1"}, {"warn_error_options": {"error": "all"}}),
    ],
)
def test_both_at_once_is_a_usage_error_wherever_they_stand(
    options: Options, environ: dict[str, str], flags: dict[str, object]
) -> None:
    with pytest.raises(UsageError, match="not allowed with argument warn_error"):
        policy_of(sources_of(options, environ, flags))
