"""Forms of old still work, and are warned of with the place where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import PROJECT, Ran, rows, run, warnings_of
from ..commands.support import headrace
from .support import names

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "select 1 as id"}
SCHEMA = "models/schema.yml"


def places(ran: Ran) -> list[tuple[str, str]]:
    """Each warning's name and place."""
    return [(warning.name, str(warning.location)) for warning in warnings_of(ran.events)]


@pytest.mark.parametrize(
    ("line", "name", "made"),
    [
        ("log-path: told", "ConfigLogPathDeprecation", "told/dbt.log"),
        ("target-path: made", "ConfigTargetPathDeprecation", "made/manifest.json"),
    ],
)
async def test_path_that_is_a_flag_today_counts_with_a_warning(
    write_project: WriteProject, line: str, name: str, made: str
) -> None:
    root = write_project({**ORDERS, "dbt_project.yml": f"{PROJECT}{line}\n"})

    ran = await run(root)

    assert places(ran) == [(name, "dbt_project.yml:5:1")]
    assert (root / made).exists()


async def test_path_of_old_that_is_the_default_is_no_reason_for_a_word(
    write_project: WriteProject,
) -> None:
    paths = "log-path: logs\ntarget-path: target\n"
    root = write_project({**ORDERS, "dbt_project.yml": PROJECT + paths})

    ran = await run(root)

    assert (ran.exit_code, names(ran)) == (0, [])


async def test_adapter_macro_calls_and_is_warned_of_once_for_each_macro(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/one.sql": (
                "{# adapter_macro('nobody') #}\n"
                "{% macro default__one() %}1{% endmacro %}\n"
                "{% macro one() %}\n  {{ adapter_macro('one') }}\n{% endmacro %}\n"
            ),
            "models/orders.sql": "select\n  {{ one() }} as id,\n  {{ adapter_macro('one') }} as n",
        }
    )

    ran = await run(root)

    assert rows(root, "select * from orders") == [(1, 1)]
    assert places(ran) == [
        ("AdapterMacroDeprecation", "models/orders.sql:3"),
        ("AdapterMacroDeprecation", "macros/one.sql:4"),
    ]


async def test_methods_of_old_answer_and_are_warned_of(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/names.sql": (
                "{% macro default__one() %}one{% endmacro %}\n"
                "{% macro one() %}\n"
                "  {{ return(adapter.dispatch('one', packages=['shop'])()) }}\n{% endmacro %}"
            ),
            "models/orders.sql": "{{ config(materialized='table') }}select 1 as id",
            "models/seen.sql": (
                "-- depends_on: {{ ref('orders') }}\n"
                "select '{{ adapter.already_exists(schema, 'orders') }} {{ one() }}\n"
                "{{ adapter.get_columns_in_table(schema, 'orders') | map(attribute='name') "
                "| join }}' as found"
            ),
        }
    )

    ran = await run(root)

    assert rows(root, "select * from seen") == [("True one\nid",)]
    assert places(ran) == [
        ("AdapterDeprecationWarning", "models/seen.sql:3"),
        ("AdapterDeprecationWarning", "models/seen.sql:2"),
        ("AdapterDeprecationWarning", "macros/names.sql:3"),
    ]


async def test_arguments_of_tests_count_beside_and_below_arguments(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            **ORDERS,
            SCHEMA: (
                "models:\n  - name: orders\n    columns:\n      - name: id\n"
                "        tests:\n"
                "          - not_null: {config: {severity: warn}}\n"
                "          - accepted_values: {arguments: {values: [1], quote: false}}\n"
                "          - accepted_values: {values: [2]}\n"
                "          - accepted_values: {values: [3], name: three}\n"
            ),
        }
    )

    ran = await run(root, "build")

    assert {name: status.name for name, status in ran.statuses.items()} == {
        "orders": "SUCCESS",
        "not_null_orders_id": "PASS",
        "accepted_values_orders_id__False__1": "PASS",
        "accepted_values_orders_id__2": "FAIL",
        "three": "FAIL",
    }
    assert places(ran) == [
        ("MissingArgumentsPropertyInGenericTestDeprecation", "models/schema.yml:8:13")
    ]


async def test_project_may_say_that_arguments_stay_where_they_are(
    write_project: WriteProject,
) -> None:
    flags = "flags: {require_generic_test_arguments_property: false}\n"
    entry = "models: [{name: orders, data_tests: [{unique: {column_name: id, where: id > 0}}]}]"
    root = write_project({**ORDERS, "dbt_project.yml": PROJECT + flags, SCHEMA: entry})

    ran = await run(root, "build")

    assert (ran.exit_code, names(ran)) == (0, [])


async def test_arguments_are_an_argument_where_the_project_keeps_them_where_they_are(
    write_project: WriteProject,
) -> None:
    flags = "flags: {require_generic_test_arguments_property: false}\n"
    macro = (
        "{% test over(model, column_name, arguments) %}"
        "select * from {{ model }} where {{ column_name }} > {{ arguments['most'] }}{% endtest %}"
    )
    entry = (
        "models: [{name: orders, columns: [{name: id, data_tests: ["
        "{over: {arguments: {most: 0}}}, {over: {name: mine, arguments: {most: 3}}}, "
        "{not_null: {arguments: {}}}]}]}]"
    )
    project = {**ORDERS, "macros/over.sql": macro, SCHEMA: entry}
    root = write_project({**project, "dbt_project.yml": PROJECT + flags})

    ran = await run(root, "build")

    assert {name: status.name for name, status in ran.statuses.items()} == {
        "orders": "SUCCESS",
        "over_orders_0__id": "FAIL",
        "mine": "PASS",
        "not_null_orders_id": "ERROR",
    }
    assert "has no argument 'arguments'" in ran.result("not_null_orders_id").message


@pytest.mark.parametrize("flag", ["--models", "--model", "-m"])
def test_old_names_of_select_select(write_project: WriteProject, flag: str) -> None:
    root = write_project({f"models/{name}.sql": "select 1 as id" for name in "abc"})

    old = headrace(root, "ls", flag, "a", "b", "--select", "c")
    new = headrace(root, "ls", "--select", "a", "b")
    strict = headrace(root, "--warn-error", "run", flag, "a")

    assert old.stdout.splitlines() == ["shop.a", "shop.b", "shop.c"]
    assert old.stderr.count("[ModelParamUsageDeprecation]") == 1
    assert new.stdout.splitlines() == ["shop.a", "shop.b"]
    assert "Deprecation" not in new.output
    assert strict.exit_code == 2
    assert "[ModelParamUsageDeprecation]" in strict.output


async def test_path_of_sources_json_counts_with_a_warning(write_project: WriteProject) -> None:
    root = write_project(
        {
            SCHEMA: "sources: [{name: shop, schema: main, tables: [{name: sqlite_master, "
            "loaded_at_field: \"datetime('now')\", "
            "freshness: {warn_after: {count: 9, period: day}}}]}]",
        }
    )

    ran = await run(root, "freshness", output_path=Path("sources/now.json"))

    assert ran.exit_code == 0
    assert names(ran) == ["CustomOutputPathInSourceFreshnessDeprecation"]
    assert (root / "sources" / "now.json").exists()


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (
            {"models/orders.sql": "\n{{ config(materalized='table') }} select 1"},
            "models/orders.sql:2",
        ),
        ({**ORDERS, SCHEMA: "models: [{name: orders, config: {materalized: table}}]"}, SCHEMA),
        (
            {**ORDERS, "dbt_project.yml": f"{PROJECT}models:\n  shop:\n    +materalized: table\n"},
            "dbt_project.yml:7:5",
        ),
    ],
)
async def test_configuration_that_is_nearly_one_is_warned_of_where_it_stands(
    write_project: WriteProject, files: Mapping[str, str], place: str
) -> None:
    root = write_project(files)

    ran = await run(root, "parse")

    assert places(ran) == [("CustomKeyInConfigDeprecation", place)]
    assert "Did you mean 'materialized'?" in ran.warnings[0]


async def test_one_misspelling_of_many_models_is_one_warning(write_project: WriteProject) -> None:
    models = {f"models/{name}.sql": "select 1 as id" for name in "abc"}
    tree = f"{PROJECT}models: {{+owner: me, +persist_doc: {{relation: true}}}}\n"
    root = write_project({**models, "dbt_project.yml": tree})

    ran = await run(root, "parse")

    assert ran.warnings == [
        "'persist_doc' of 'a' and 2 more is no configuration that has a meaning of its own. Did "
        "you mean 'persist_docs'? What is yours alone belongs under `meta`."
    ]
