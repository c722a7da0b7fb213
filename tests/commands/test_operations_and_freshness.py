"""`run-operation` and `source freshness` on the command line."""

from __future__ import annotations

import json

from ..conftest import WriteProject
from .support import headrace

GREET = "{% macro greet(name) %}{{ print('hello ' ~ name) }}{% endmacro %}"
SOURCES = """
sources:
  - name: web
    schema: main
    loaded_at_field: at
    freshness: {warn_after: {count: 1, period: day}}
    tables: [{name: visits}]
"""


def test_run_operation_takes_arguments_as_a_mapping(write_project: WriteProject) -> None:
    root = write_project({"macros/greet.sql": GREET})

    done = headrace(root, "run-operation", "greet", "--args", "{name: Ada}", "--quiet")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "hello Ada\n", "")


def test_run_operation_shows_what_went_wrong_and_no_summary(write_project: WriteProject) -> None:
    root = write_project({"macros/greet.sql": "{% macro greet() %}{{ 1 / 0 }}{% endmacro %}"})

    done = headrace(root, "run-operation", "greet")

    assert done.exit_code == 1
    assert "Encountered an error while running operation: Compilation Error" in done.output
    assert "at macros/greet.sql:1" in done.output
    assert "Done." not in done.output


def test_arguments_that_are_no_mapping_are_a_usage_error(write_project: WriteProject) -> None:
    root = write_project({"macros/greet.sql": GREET})

    done = headrace(root, "run-operation", "greet", "--args", "Ada")

    assert done.exit_code == 2
    assert "--args takes a mapping in YAML or JSON" in done.stderr


def test_run_operation_needs_a_macro(write_project: WriteProject) -> None:
    done = headrace(write_project({}), "run-operation")

    assert done.exit_code == 2
    assert "Missing argument" in done.stderr


def test_source_freshness_writes_sources_json(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/sources.yml": SOURCES,
            "models/orders.sql": "select 1 as id",
            "macros/make.sql": "{% macro make() %}"
            "{% do run_query('create table visits as select current_timestamp as at') %}"
            "{% endmacro %}",
        }
    )
    headrace(root, "run-operation", "make")

    for command in ("freshness", "snapshot-freshness"):
        done = headrace(root, "source", command, "-s", "source:web", "-o", f"{command}.json")

        assert done.exit_code == 0, done.output
        assert "1 of 1 PASS freshness of web.visits" in done.output
        (entry,) = json.loads((root / f"{command}.json").read_bytes())["results"]
        assert (entry["unique_id"], entry["status"]) == ("source.shop.web.visits", "pass")


def test_json_lines_have_the_fields_of_dbts_freshness_event(write_project: WriteProject) -> None:
    root = write_project({"models/sources.yml": SOURCES})

    done = headrace(root, "--log-format", "json", "source", "freshness")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    (result,) = (event for event in events if event["info"]["name"] == "LogFreshnessResult")
    assert result["data"]["source_name"] == "web"
    assert result["data"]["table_name"] == "visits"
    assert result["data"]["status"] == "runtime error"
    assert done.exit_code == 1
