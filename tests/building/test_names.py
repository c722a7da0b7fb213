"""Names that are long, alike or hostile: each relation is the one that was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .support import relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }}"


@pytest.mark.parametrize("length", [1, 2, 40, 62, 63, 64, 70, 200])
async def test_many_names_of_one_long_beginning_are_as_many_tables(
    write_project: WriteProject, length: int
) -> None:
    names = {"p" * (length - 1) + letter: number for number, letter in enumerate("abcdefghij")}
    root = write_project(
        {f"models/{name}.sql": f"{TABLE} select {number} as n" for name, number in names.items()}
    )

    first = await run(root)
    second = await run(root)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert relations(root) == dict.fromkeys(names, "table")
    assert {name: rows(root, f'select n from "{name}"') for name in names} == {
        name: [(number,)] for name, number in names.items()
    }


@pytest.mark.parametrize(
    "alias",
    [
        'a"; drop table orders; --',
        "it's",
        "../../up",
        "a.b",
        "select",
        " spaced out ",
        "a\nb",
        "[x]",
        "`x`",
        "%s",
        "ärger",
        "😀",
        ";",
    ],
)
async def test_hostile_alias_is_a_name_and_nothing_else(
    write_project: WriteProject, alias: str
) -> None:
    root = write_project(
        {
            "models/orders.sql": f"{TABLE} select 1 as id",
            "models/hostile.sql": (
                f"{{{{ config(materialized='table', alias={alias!r}) }}}} "
                "select id from {{ ref('orders') }}"
            ),
            "models/child.sql": "select id from {{ ref('hostile') }}",
        }
    )

    first = await run(root)
    second = await run(root)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert relations(root) == {"orders": "table", alias: "table", "child": "view"}
    assert rows(root, "select id from child") == [(1,)]
