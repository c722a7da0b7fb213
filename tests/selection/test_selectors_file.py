"""selectors.yml: which selection counts, and what is said of one that can't be."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from headrace import Status

from ..building.support import Ran, run
from ..commands.support import headrace
from ..conftest import WriteProject

MODELS = {
    "models/orders.sql": "{{ config(tags=['nightly']) }} select 1 as id",
    "models/report.sql": "select * from {{ ref('orders') }}",
    "models/schema.yml": "models: [{name: orders, columns: [{name: id, data_tests: [unique]}]}]",
}
NIGHTLY = "selectors: [{name: nightly, definition: 'tag:nightly', default: DEFAULT}]"


def with_selectors(text: str) -> Mapping[str, str]:
    return {**MODELS, "selectors.yml": text}


def models_of(ran: Ran) -> list[str]:
    assert ran.exit_code == 0, ran.outcome.error
    return sorted(line for line in ran.lines if "unique" not in line)


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ("true", ["shop.orders"]),
        ("false", ["shop.orders", "shop.report"]),
        ("\"{{ target.name == 'dev' }}\"", ["shop.orders"]),
        ("\"{{ target.name == 'prod' }}\"", ["shop.orders", "shop.report"]),
    ],
)
async def test_default_selector_counts_where_nothing_is_selected(
    write_project: WriteProject, default: str, expected: list[str]
) -> None:
    root = write_project(with_selectors(NIGHTLY.replace("DEFAULT", default)))

    assert models_of(await run(root, "ls")) == expected


async def test_what_is_selected_beats_the_default_selector(write_project: WriteProject) -> None:
    root = write_project(with_selectors(NIGHTLY.replace("DEFAULT", "true")))

    assert models_of(await run(root, "ls", select=("report",))) == ["shop.report"]
    assert models_of(await run(root, "ls", exclude=("orders",))) == ["shop.report"]


async def test_selector_is_a_method_too(write_project: WriteProject) -> None:
    root = write_project(with_selectors(NIGHTLY.replace("DEFAULT", "false")))

    assert models_of(await run(root, "ls", select=("selector:nightly+1",))) == [
        "shop.orders",
        "shop.report",
    ]
    assert models_of(await run(root, "ls", select=("fqn:*",), exclude=("selector:nightly",))) == [
        "shop.report"
    ]


async def test_variables_and_environment_are_rendered(write_project: WriteProject) -> None:
    text = "selectors: [{name: mine, definition: {tag: \"{{ var('when') }}\"}}]"
    root = write_project(with_selectors(text))

    ran = await run(root, "ls", selector="mine", vars={"when": "nightly"})

    assert models_of(ran) == ["shop.orders"]


async def test_manifest_has_the_selectors_as_dbt_writes_them(write_project: WriteProject) -> None:
    text = (
        "selectors:\n"
        "  - {name: one, definition: '+orders+2'}\n"
        "  - name: two\n"
        "    definition:\n"
        "      union: [{tag: nightly}, {method: selector, value: one}, {exclude: ['@report']}]\n"
    )
    root = write_project(with_selectors(text))

    await run(root, "parse")

    written = json.loads((root / "target/manifest.json").read_text())["selectors"]
    one = {
        "parents": True,
        "method": "fqn",
        "value": "orders",
        "children": True,
        "children_depth": "2",
    }
    assert written == {
        "one": {"name": "one", "definition": one},
        "two": {
            "name": "two",
            "definition": {
                "union": [
                    {"method": "tag", "value": "nightly"},
                    one,
                    {"exclude": [{"childrens_parents": True, "method": "fqn", "value": "report"}]},
                ]
            },
        },
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- nightly", "selectors.yml:1:1: selectors.yml must be a mapping with the key"),
        ("selectors: {name: x}", "selectors.yml:1:1"),
        ("selectors: [nightly]", "selectors.yml:1:13: a selector is a mapping, and this is a text"),
        ("selectors: [{definition: x}]", "there is no 'name'"),
        ("selectors: [{name: x}]", "there is no 'definition'"),
        ("selectors: [{name: x, definition: [a]}]", "selectors.yml:1:23"),
        ("selectors: [{name: x, definition: a, defualt: true}]", "Did you mean 'default'?"),
        (
            "selectors: [{name: x, definition: a}, {name: x, definition: b}]",
            "there are two selectors 'x'",
        ),
        (
            "selectors: [{name: x, definition: a, default: true}, "
            "{name: y, definition: b, default: true}]",
            "both 'x' and 'y' say `default: true`",
        ),
        ("selectors: [{name: x, definition: 'tga:nightly'}]", "Did you mean 'tag'?"),
        ("selectors: [{name: x, definition: {tga: nightly}}]", "Did you mean 'tag'?"),
        ("selectors: [{name: x, definition: {tag: [a]}}]", "must be a text, but it is a list"),
        ("selectors: [{name: x, definition: {tag: a, path: b}}]", "expected either one key"),
        (
            "selectors: [{name: x, definition: {union: [a], intersection: [b]}}]",
            "beside 'union' there can be no 'intersection'",
        ),
        ("selectors: [{name: x, definition: {union: a}}]", "'union' must be a list"),
        (
            "selectors: [{name: x, definition: {union: [{exclude: [a]}, {exclude: [b]}]}}]",
            "has two items 'exclude'",
        ),
        (
            "selectors: [{name: x, definition: {method: selector, value: y}}, "
            "{name: y, definition: a}]",
            "selectors.yml:1:54: Existing selector definition for y not found",
        ),
        (
            "selectors: [{name: x, definition: {method: tag, value: a, children: 1}}]",
            "'children' must be true or false",
        ),
        (
            "selectors: [{name: x, definition: {method: tag, value: a, indirect_selection: shy}}]",
            "must be one of eager, cautious, buildable, empty",
        ),
        (
            "selectors: [{name: x, definition: "
            "{method: tag, value: a, childrens_parents: true, children: true}}]",
            '"@" prefix and "+" suffix are incompatible',
        ),
        ("selectors: [", "A quote or a bracket isn't closed."),
    ],
)
async def test_file_that_can_not_be_is_refused_with_its_place(
    write_project: WriteProject, text: str, said: str
) -> None:
    root = write_project(with_selectors(text))

    ran = await run(root, "run")

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith("selectors.yml")
    assert said in str(ran.outcome.error)


async def test_empty_file_has_no_selectors(write_project: WriteProject) -> None:
    root = write_project(with_selectors("# none yet\n"))

    ran = await run(root, "run", selector="nightly")
    without = await run(root, "run")

    assert ran.exit_code == 2
    assert "selector named nightly, expected one of []" in str(ran.outcome.error)
    assert without.exit_code == 0
    assert set(without.statuses.values()) == {Status.SUCCESS}


async def test_selector_that_is_not_there_is_told(write_project: WriteProject) -> None:
    root = write_project(with_selectors(NIGHTLY.replace("DEFAULT", "false")))

    ran = await run(root, "run", selector="nigthly")

    assert ran.exit_code == 2
    assert str(ran.outcome.error) == (
        "Could not find selector named nigthly, expected one of ['nightly']. "
        "Did you mean 'nightly'?"
    )


def test_selector_stands_alone_on_the_command_line(write_project: WriteProject) -> None:
    root = write_project(with_selectors(NIGHTLY.replace("DEFAULT", "false")))

    alone = headrace(root, "ls", "--selector", "nightly", "--indirect-selection", "empty")
    beside = headrace(root, "ls", "--selector", "nightly", "--exclude", "orders")

    assert alone.stdout.split() == ["shop.orders"]
    assert beside.exit_code == 2
    assert "Use --select selector:nightly to combine it." in beside.stderr


@pytest.mark.parametrize(
    ("files", "environ", "flags", "expected"),
    [
        ({}, {}, (), ["shop.orders", "shop.unique_orders_id"]),
        ({}, {"DBT_INDIRECT_SELECTION": "empty"}, (), ["shop.orders"]),
        (
            {},
            {"DBT_INDIRECT_SELECTION": "empty"},
            ("--indirect-selection", "eager"),
            ["shop.orders", "shop.unique_orders_id"],
        ),
        ({"indirect_selection": "empty"}, {}, (), ["shop.orders"]),
        (
            {"indirect_selection": "empty"},
            {"HEADRACE_INDIRECT_SELECTION": "eager"},
            (),
            ["shop.orders", "shop.unique_orders_id"],
        ),
    ],
)
def test_way_of_tests_is_set_by_flag_environment_or_project(
    write_project: WriteProject,
    files: Mapping[str, str],
    environ: Mapping[str, str],
    flags: tuple[str, ...],
    expected: list[str],
) -> None:
    root = write_project(MODELS)
    with (root / "dbt_project.yml").open("a") as file:
        file.write(f"flags: {json.dumps(files)}\n")

    listed = headrace(root, "ls", "-s", "orders", *flags, environ=environ)

    assert listed.stdout.split() == expected


def test_way_of_tests_that_there_is_not_is_refused(write_project: WriteProject) -> None:
    root = write_project(MODELS)

    listed = headrace(root, "ls", "-s", "orders", "--indirect-selection", "cautios")

    assert listed.exit_code == 2
    assert "Did you mean 'cautious'?" in listed.stderr


async def test_selector_may_leave_out_a_part_of_another(write_project: WriteProject) -> None:
    text = (
        "selectors:\n"
        "  - {name: all, definition: 'fqn:*'}\n"
        "  - {name: some, definition: {method: selector, value: all, exclude: [report]}}\n"
    )
    root = write_project(with_selectors(text))

    assert models_of(await run(root, "ls", selector="some")) == ["shop.orders"]


async def test_keys_that_mean_nothing_are_passed_over_with_one_warning(
    write_project: WriteProject,
) -> None:
    text = """selectors:
- name: mine
  definition:
    union:
    - {method: tag, value: nightly, childs: true, note: all of it}
    - union: [report]
      description: and this
"""
    root = write_project(with_selectors(text))

    ran = await run(root, "ls", selector="mine")

    assert models_of(ran) == ["shop.orders", "shop.report"]
    (warning,) = ran.warnings
    assert warning == (
        "'childs' is no key of a definition, and is ignored. Did you mean 'children'? So are "
        "'note' (selectors.yml:5:51), 'description' (selectors.yml:7:7)."
    )
