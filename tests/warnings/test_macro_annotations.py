"""What properties files say of the arguments of macros, checked where the project wants that."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ..building.support import PROJECT, Ran, run, warnings_of
from .support import names

WriteProject = Callable[[Mapping[str, str]], Path]

FLAG = {"dbt_project.yml": f"{PROJECT}flags: {{validate_macro_args: true}}\n"}
MACRO = {"macros/one.sql": "{% macro one(a, b=1, c=none) %}{% endmacro %}"}


def said(arguments: str) -> dict[str, str]:
    return {"macros/one.yml": f"macros:\n- name: one\n  arguments: {arguments}\n"}


def told(ran: Ran) -> list[str]:
    return [warning.message for warning in warnings_of(ran.events)]


async def test_other_names_and_numbers_are_warned_of(write_project: WriteProject) -> None:
    root = write_project({**FLAG, **MACRO, **said("[{name: a}, {name: bb}]")})

    ran = await run(root, "parse")

    first, second = warnings_of(ran.events)
    assert first.name == second.name == "InvalidMacroAnnotation"
    assert first.message == (
        "Argument bb in yaml for macro one does not match the jinja definition."
    )
    assert second.message == (
        "The number of arguments in the yaml for macro one does not match the jinja definition."
    )
    assert (str(first.location), str(second.location)) == (
        "macros/one.yml:3:26",
        "macros/one.yml:3:3",
    )
    assert first.data == {
        "macro_unique_id": "macro.shop.one",
        "macro_file_path": "macros/one.sql",
    }


@pytest.mark.parametrize(
    ("text", "is_type"),
    [
        ("str", True),
        (" list [ any ] ", True),
        ("dict[str, optional[list[int]]]", True),
        ("optional[relation]", True),
        ("''", True),
        ("dict[str]", False),
        ("list", False),
        ("list[int]]", False),
        ("list[int", False),
        ("int[int]", False),
        ("String", False),
        ("strint", False),
        ("dict[str,]", False),
    ],
)
async def test_types_are_those_of_dbt(
    write_project: WriteProject, text: str, is_type: bool
) -> None:
    value = text if text == "''" else f'"{text}"'
    arguments = f"[{{name: a, type: {value}}}, {{name: b}}, {{name: c}}]"
    root = write_project({**FLAG, **MACRO, **said(arguments)})

    ran = await run(root, "parse")

    problem = "Argument a in the yaml for macro one has an invalid type."
    assert told(ran) == ([] if is_type else [problem])


async def test_nothing_is_checked_without_the_flag(write_project: WriteProject) -> None:
    root = write_project({**MACRO, **said("[{name: z, type: whatever}]")})

    ran = await run(root, "parse")

    assert (ran.exit_code, names(ran)) == (0, [])
    assert arguments(root, "one") == ["z"]
    assert arguments(root, "get_where_subquery", package="dbt") == []


async def test_manifest_has_the_arguments_of_the_macros_themselves(
    write_project: WriteProject,
) -> None:
    more = {
        "macros/more.sql": "{% macro two(x, y) %}{% endmacro %}{% macro bare() %}{% endmacro %}",
        "macros/made.sql": "{% materialization mine, default %}{% endmaterialization %}",
        "tests/generic/odd.sql": "{% test odd(model, column_name) %}select 1{% endtest %}",
        "macros/two.yml": "macros: [{name: two, description: of two}]",
    }
    root = write_project({**FLAG, **MACRO, **more, **said("[{name: a}, {name: b}, {name: c}]")})

    ran = await run(root, "parse")

    assert (ran.exit_code, names(ran)) == (0, [])
    of = {
        name: arguments(root, name)
        for name in ("one", "two", "bare", "materialization_mine_default", "test_odd")
    }
    assert of == {
        "one": ["a", "b", "c"],
        "two": ["x", "y"],
        "bare": [],
        "materialization_mine_default": ["supported_languages"],
        "test_odd": [],
    }
    assert arguments(root, "get_where_subquery", package="dbt") == ["relation"]


def arguments(root: Path, name: str, *, package: str = "shop") -> list[str]:
    """The names of a macro's arguments in the manifest."""
    manifest: Any = json.loads((root / "target" / "manifest.json").read_text())
    macro = manifest["macros"][f"macro.{package}.{name}"]
    return [argument["name"] for argument in macro["arguments"]]
