"""`flags:` of dbt_project.yml: each is heeded, or refused, or warned of; none is passed over."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.project.project_flags import KNOWN_FLAGS

from ..building.support import PROJECT, rows, run, warnings_of
from ..commands.support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "{{ log('in a file', info=False) }} select 1 as id"}
PROFILE = "{type: sqlite, path: shop.db, schema: main}"


def flagged(flags: str) -> dict[str, str]:
    return {**ORDERS, "dbt_project.yml": f"{PROJECT}flags: {flags}\n"}


@pytest.mark.parametrize(
    ("flags", "files"),
    [
        ("{}", {"logs/dbt.log", "target/manifest.json"}),
        ("{write_json: false}", {"logs/dbt.log"}),
        ("{log_level_file: none}", {"target/manifest.json"}),
        ("{log_level: none}", {"target/manifest.json"}),
        ("{log_path: told, target_path: made}", {"logs/dbt.log", "target/manifest.json"}),
        ("""{write_json: "{{ var('json', false) }}"}""", {"logs/dbt.log"}),
    ],
)
async def test_project_says_what_is_written_and_where(
    write_project: WriteProject, flags: str, files: set[str]
) -> None:
    root = write_project(flagged(flags))

    ran = await run(root)

    assert ran.exit_code == 0
    found = (*root.rglob("dbt.log"), *root.rglob("manifest.json"))
    assert {path.relative_to(root).as_posix() for path in found} == files


@pytest.mark.parametrize(
    ("flags", "arguments", "environ", "is_json", "is_empty"),
    [
        ("{log_format: json}", (), {}, True, False),
        ("{log_format: json}", (), {"DBT_LOG_FORMAT": "text"}, False, False),
        ("{log_format: json}", ("--log-format", "text"), {"DBT_LOG_FORMAT": "json"}, False, False),
        ("{quiet: true}", (), {}, False, False),
        ("{log_level: error}", ("--log-level", "info"), {}, False, False),
        ("{log_level: error}", (), {}, False, True),
    ],
)
def test_flag_beats_the_environment_and_that_beats_the_project(
    write_project: WriteProject,
    flags: str,
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    is_json: bool,
    is_empty: bool,
) -> None:
    root = write_project(flagged(flags))

    finished = headrace(root, "run", *arguments, environ=environ)

    assert finished.exit_code == 0, finished.output
    assert finished.output.startswith("{") is is_json
    assert (finished.output == "") is is_empty


def test_project_says_whether_there_are_colours(write_project: WriteProject) -> None:
    root = write_project(flagged("{use_colors: true}"))

    coloured = headrace(root, "run")
    plain = headrace(root, "run", "--no-use-colors")

    assert "\x1b[" in coloured.output
    assert "\x1b[" not in plain.output


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("fail_fast: maybe", "'flags.fail_fast' must be true or false, but it is 'maybe'."),
        ("warn_error: 1", "'flags.warn_error' must be true or false, but it is a number."),
        ("validate_macro_args: [x]", "'flags.validate_macro_args' must be true or false"),
        ("log_level: wran", "but it is 'wran'. Did you mean 'warn'?"),
        ("log_format: {json: true}", "must be one of default, text, debug, json, but it is a map"),
        (
            "printer_width: 0",
            "'flags.printer_width' must be a whole number from 1 to 10,000, but it",
        ),
    ],
)
async def test_flag_that_is_what_it_can_not_be_is_refused_with_its_place(
    write_project: WriteProject, flag: str, said: str
) -> None:
    root = write_project(flagged(f"\n  {flag}"))

    ran = await run(root)

    assert ran.exit_code == 2
    assert said in str(ran.outcome.error)
    assert str(ran.outcome.error).startswith("dbt_project.yml:6:")
    assert not (root / "shop.db").exists()


async def test_flag_of_old_that_is_what_it_can_not_be_is_refused_without_its_value(
    write_project: WriteProject,
) -> None:
    profiles = f"config:\n  fail_fast: hunter2\nshop: {{outputs: {{default: {PROFILE}}}}}\n"
    root = write_project({**ORDERS, "profiles.yml": profiles})

    ran = await run(root)

    assert ran.exit_code == 2
    assert "profiles.yml:2:" in str(ran.outcome.error)
    assert "'config.fail_fast' must be true or false." in str(ran.outcome.error)
    assert "hunter2" not in str(ran.outcome.error)


@pytest.mark.parametrize(
    "flag",
    ["quiet: true", "print: false", "target_path: a", "log_path: a", "single_threaded: true"],
)
async def test_flag_that_dbt_does_not_read_from_a_project_has_no_effect_and_is_warned_of(
    write_project: WriteProject, flag: str
) -> None:
    root = write_project(flagged(f"{{{flag}}}"))

    ran = await run(root, threads=2)

    (warning,) = [each for each in warnings_of(ran.events) if each.name == "UnknownFlag"]
    document = json.loads((root / "target" / "run_results.json").read_bytes())
    assert "isn't read from here, so it has no effect: say it with --" in warning.message
    assert (ran.exit_code, document["args"]["threads"]) == (0, 2)
    assert (document["args"]["quiet"], document["args"]["print"]) == (False, True)


def test_every_flag_of_dbt_is_known() -> None:
    # Those of the class ProjectFlags in dbt 1.10.23.
    flags = (
        "cache_selected_only debug fail_fast indirect_selection log_format log_format_file "
        "log_level log_level_file partial_parse populate_cache printer_width "
        "send_anonymous_usage_stats static_parser use_colors use_colors_file "
        "use_experimental_parser version_check warn_error warn_error_options write_json "
        "require_all_warnings_handled_by_warn_error require_generic_test_arguments_property "
        "skip_nodes_if_on_run_start_fails state_modified_compare_vars"
    )

    assert set(flags.split()) <= KNOWN_FLAGS


@pytest.mark.parametrize(
    ("key", "ways"),
    [
        ("empty", "--empty or DBT_EMPTY"),
        ("full_refresh", "--full-refresh or DBT_FULL_REFRESH"),
        ("store_failures", "--store-failures or DBT_STORE_FAILURES"),
    ],
)
async def test_what_is_built_is_never_said_there_as_in_dbt(
    write_project: WriteProject, key: str, ways: str
) -> None:
    root = write_project(
        {
            **flagged(f"{{{key}: true}}"),
            "models/base.sql": "{{ config(materialized='table') }} select 1 as id",
            "models/grows.sql": "{{ config(materialized='incremental') }} "
            "select id from {{ ref('base') }}",
            "tests/some.sql": "select * from {{ ref('base') }} where id > 1",
        }
    )
    await run(root, "build")

    ran = await run(root, "build")

    said = f"'{key}' isn't read from here, so it has no effect: say it with {ways}."
    assert ran.exit_code == 0, ran.outcome
    assert said in ran.warnings
    assert rows(root, "select count(*) from grows") == [(2,)]
    assert not [*root.glob("*dbt_test__audit*")]
