"""What dbt has and this version hasn't is said, wherever it was asked for: nothing pretends."""

from __future__ import annotations

import pytest

from ..building.support import relations, run
from ..conftest import WriteProject

MODEL = {"models/m.sql": "select 1 as id"}
SELECTORS = "selectors:\n- name: nightly\n  default: {}\n  definition: {{method: tag, value: n}}\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DBT_DEFER", "1"),
        ("HEADRACE_FAVOR_STATE", "true"),
        ("DBT_STATE", "prod"),
        ("DBT_DEFER_STATE", "prod"),
        ("DBT_INDIRECT_SELECTION", "cautious"),
        ("DBT_INTROSPECT", "false"),
    ],
)
async def test_variable_without_an_effect_is_warned_of(
    write_project: WriteProject, variable: str, value: str
) -> None:
    ran = await run(write_project(MODEL), "parse", environ={variable: value})

    assert ran.warnings == [
        f"the variable '{variable}' has no effect: this version of headrace doesn't have it yet."
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DBT_DEFER", "False"),
        ("DBT_STATE", ""),
        ("DBT_INDIRECT_SELECTION", "eager"),
        ("DBT_INTROSPECT", "1"),
    ],
)
async def test_variable_that_asks_for_what_is_so_anyway_is_not(
    write_project: WriteProject, variable: str, value: str
) -> None:
    ran = await run(write_project(MODEL), "parse", environ={variable: value})

    assert ran.warnings == []


@pytest.mark.parametrize("default", ["true", "'{{ true }}'"])
async def test_default_selector_is_not_passed_over(
    write_project: WriteProject, default: str
) -> None:
    root = write_project({**MODEL, "selectors.yml": SELECTORS.format(default)})

    ran = await run(root, "run")

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith(
        "selectors.yml:3:3: the selector 'nightly' is the default, and this version of headrace"
    )
    assert not (root / "shop.db").exists()


async def test_selector_that_is_not_asked_for_is_in_nobodys_way(
    write_project: WriteProject,
) -> None:
    root = write_project({**MODEL, "selectors.yml": SELECTORS.format("true")})
    ran = await run(root, "run", select=["fqn:*"])
    (root / "selectors.yml").write_text(SELECTORS.format("false"))
    again = await run(root, "run")
    parsed = await run(root, "parse")

    assert [ran.exit_code, again.exit_code, parsed.exit_code] == [0, 0, 0]
    assert relations(root) == {"m": "view"}
