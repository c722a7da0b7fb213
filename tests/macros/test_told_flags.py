"""The flags that templates are told of, as dbt tells them, though most make no difference here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ..building.support import run
from ..conftest import WriteProject

ASKED = (
    "use_colors use_colors_file defer populate_cache log_level log_level_file log_format_file "
    "log_file_max_bytes quiet macro_debugging partial_parse_file_diff show_all_deprecations "
    "source_freshness_run_project_hooks skip_nodes_if_on_run_start_fails"
)
MACRO = """\
{% macro tell() %}
  {% for name in 'NAMES'.split()
      if name not in invocation_args_dict or flags[name | upper] is none %}
    {% do log('lacking ' ~ name, info=true) %}
  {% endfor %}
  {% do log('colours ' ~ invocation_args_dict.use_colors ~ flags.USE_COLORS, info=true) %}
{% endmacro %}
""".replace("NAMES", ASKED)


async def test_templates_are_told_of_dbts_flags(write_project: WriteProject) -> None:
    root = write_project({"macros/tell.sql": MACRO})

    ran = await run(root, "run-operation", macro="tell")
    plain = await run(root, "run-operation", macro="tell", use_colors=False)

    assert (ran.messages, plain.messages) == (["colours TrueTrue"], ["colours FalseFalse"])


BEHAVIOUR = (
    "require_resource_names_without_spaces state_modified_compare_vars validate_macro_args "
    "require_generic_test_arguments_property strict_mode favor_state"
)


async def test_templates_are_told_what_the_project_keeps_of_older_behaviour(
    write_project: WriteProject,
) -> None:
    macro = (
        "{% macro tell() %}{% set told = [] %}"
        f"{{% for name in '{BEHAVIOUR}'.split() %}}"
        "{% do told.append((invocation_args_dict[name], flags[name | upper])) %}{% endfor %}"
        "{% do log(told, info=true) %}"
        "{% do log(invocation_args_dict.warn_error_options, info=true) %}"
        "{% do log(invocation_args_dict.profiles_dir == flags.PROFILES_DIR, info=true) %}"
        "{% do log(flags.FULL_REFRESH ~ ('full_refresh' in invocation_args_dict), info=true) %}"
        "{% endmacro %}"
    )
    root = write_project({"macros/tell.sql": macro})
    project = root / "dbt_project.yml"
    project.write_text(project.read_text() + "\nflags: {state_modified_compare_vars: true}\n")

    ran = await run(root, "run-operation", macro="tell")

    off, on = (False, False), (True, True)
    assert ran.messages == [
        str([on, on, off, on, off, off]),
        str({"error": [], "warn": [], "silence": []}),
        "True",
        "FalseFalse",
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, (False, False)),
        ({"defer": True, "state": Path("earlier")}, (True, True)),
        ({"favor_state": True}, (False, True)),
        ({"favor_state": False}, (False, False)),
    ],
)
async def test_templates_hear_of_favouring_only_where_it_counts_or_is_asked_for(
    write_project: WriteProject, asked: dict[str, Any], told: tuple[bool, bool]
) -> None:
    names = "['defer', 'favor_state']"
    root = write_project(
        {
            "models/plain.sql": "select 1 as id",
            "macros/tell.sql": "{% macro tell() %}{% if execute %}"
            f"{{% for name in {names} %}}{{% do log("
            "[invocation_args_dict[name], flags[name | upper]], info=true) %}{% endfor %}"
            "{% endif %}{% endmacro %}",
        }
    )
    project = root / "dbt_project.yml"
    project.write_text(project.read_text() + "\non-run-end: ['{{ tell() }}']\n")
    await run(root, "parse")
    (root / "earlier").mkdir()
    shutil.copy(root / "target" / "manifest.json", root / "earlier")

    ran = await run(root, "run", **asked)

    assert ran.messages == [str([each, each]) for each in told]
