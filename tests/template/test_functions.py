"""The functions and values that every template has: JSON, sets, tables, modules, filters."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from headrace.adapters.base import Rows
from headrace.engine.core.errors import CompilationError
from headrace.engine.sandbox.plain_functions import MODULES
from headrace.engine.template.dbt.result_table import ResultTable
from headrace.engine.template.template_environment import LenientUndefined, drive

from .support import render_text, scope


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("fromjson('[1, {\"a\": null}]')", "[1, {'a': None}]"),
        ("fromjson('no json', 'default')", "default"),
        ("fromjson(none)", "None"),
        ("tojson({'b': 1, 'a': [true]}, sort_keys=true)", '{"a": [true], "b": 1}'),
        ("fromyaml('a: 2024-01-01')['a'].year", "2024"),
        ("fromyaml('a: [', 'default')", "default"),
        ("toyaml({'b': [1], 'a': none}, sort_keys=true)", "a: null\nb:\n- 1\n"),
        ("set([1, 1]) | length", "1"),
        ("set(5)", "None"),
        ("set(5, [])", "[]"),
        ("zip([1, 2], 'ab') | list", "[(1, 'a'), (2, 'b')]"),
        ("zip(1, [2], default='x')", "x"),
        ("local_md5('abc')", "900150983cd24fb0d6963f7d28e17f72"),
        (
            "diff_of_two_dicts({'a': ['x', 'y'], 'b': ['z']}, {'A': ['Y']})",
            "{'a': ['x'], 'b': ['z']}",
        ),
        ("'1' | as_number ~ ('a' | as_text) ~ ('x' | as_bool) ~ ('y' | as_native)", "1axy"),
    ],
)
async def test_function_gives_what_dbts_does(expression: str, expected: str) -> None:
    assert await render_text("{{ " + expression + " }}", scope({})) == expected


async def test_strict_forms_fail_where_the_others_give_the_default() -> None:
    for expression in ("set_strict(5)", "zip_strict(5)"):
        with pytest.raises(TypeError):
            await render_text("{{ " + expression + " }}", scope({}))


async def test_modules_give_their_functions_and_nothing_behind_them() -> None:
    names = {"modules": MODULES}
    text = "{{ modules.re.sub('a+', 'b', 'caat') }} {{ modules.datetime.date(2024, 2, 1) }}"

    assert await render_text(text, scope({}, names)) == "cbt 2024-02-01"
    assert await render_text("{{ modules.re.sys is defined }}", scope({}, names)) == "False"
    assert await render_text("{{ modules.os is defined }}", scope({}, names)) == "False"


def test_row_gives_its_values_by_position_and_by_name() -> None:
    table = ResultTable(Rows(("id", "name"), [(1, "a"), (2, "b")]))

    assert [row["name"] for row in table.rows] == ["a", "b"]
    assert table.rows[1][0] == 2
    assert table.rows[0].dict() == {"id": 1, "name": "a"}
    assert table.rows[0].get("absent", 0) == 0
    with pytest.raises(KeyError, match="absent"):
        table.rows[0]["absent"]


def test_columns_of_a_table_are_found_by_position_and_by_name() -> None:
    table = ResultTable(Rows(("id", "kind"), [(1, "a"), (2, "a")]))

    assert table.column_names == ("id", "kind")
    assert table.columns[0].values() == (1, 2)
    assert table.columns["kind"].name == "kind"
    assert table.columns["kind"].values_distinct() == ("a",)
    assert table.columns.keys() == ("id", "kind")
    assert [list(column) for column in table.columns] == [[1, 2], ["a", "a"]]
    assert len(table) == len(table.rows) == 2


def test_empty_table_is_false_in_a_condition_only_by_its_length() -> None:
    table = ResultTable(Rows((), ()))

    assert len(table.rows) == len(table.columns) == 0
    assert list(table) == []


def test_printed_table_lines_its_columns_up() -> None:
    table = ResultTable(Rows(("id", "name"), [(1, "one"), (20, None)]))

    assert table.text() == ("| id | name |\n| -- | ---- |\n|  1 | one  |\n| 20 |      |")


def test_columns_of_a_table_have_types_that_make_values_fit_for_json() -> None:
    moment = datetime(2024, 1, 2, 3, 4)
    values = (Decimal("1.5"), moment.date(), moment, None, True, "x")
    table = ResultTable(Rows(tuple("abcdef"), [values, (2, None, None, None, None, 3)]))

    assert [kind.name for kind in table.column_types] == [
        *("Number", "Date", "DateTime", "Text", "Boolean", "Text")
    ]
    row = [kind.jsonify(value) for kind, value in zip(table.column_types, values, strict=True)]
    assert row == [1.5, "2024-01-02", "2024-01-02T03:04:00", None, True, "x"]
    assert table.columns["b"].data_type.name == "Date"
    assert str(table.select("b")).endswith("| b      | Date      |")


def test_rows_of_a_table_are_grouped_by_a_column() -> None:
    table = ResultTable(Rows(("k", "v"), [("a", 1), ("b", 2), ("a", 3)]))

    groups = table.group_by("k")

    assert {key: group.columns["v"].values() for key, group in groups.items()} == {
        "a": (1, 3),
        "b": (2,),
    }


def test_values_that_a_table_has_no_type_for_are_texts() -> None:
    key = UUID(int=7)
    row = (key, [1, "b"], timedelta(days=1), time(3, 4), {"a": None}, 1)

    table = ResultTable(Rows(tuple("aaabbc"), [row]))

    assert table.column_names == ("a", "a_2", "a_3", "b", "b_2", "c")
    assert table.rows[0].values() == (
        str(key),
        '[1, "b"]',
        "1 day, 0:00:00",
        "03:04:00",
        '{"a": null}',
        1,
    )


def test_table_is_printed_as_csv_and_as_json_too() -> None:
    said: list[str] = []
    table = ResultTable(Rows(("id", "name"), [(1, 'o"ne'), (20, None)]), said.append)

    assert (table.print_csv(), table.print_json(indent=2)) == ("", "")
    assert said == [
        'id,name\n1,"o""ne"\n20,',
        '[{"id": 1, "name": "o\\"ne"}, {"id": 20, "name": null}]',
    ]


def test_numbers_and_moments_of_printed_json_are_those_of_json() -> None:
    said: list[str] = []
    row = (Decimal("1.50"), Decimal("NaN"), datetime(2024, 1, 2, 3, 4), 7)

    ResultTable(Rows(tuple("abcd"), [row]), said.append).print_json()

    assert said == ['[{"a": 1.5, "b": "NaN", "c": "2024-01-02T03:04:00", "d": 7}]']


async def test_unknown_name_may_be_looked_into_and_called_while_parsing() -> None:
    unknown: Any = LenientUndefined(name="unknown")

    assert str(unknown.member["key"](1).other) == ""
    assert not unknown.member


def test_template_that_waits_while_parsing_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="waited for something while parsing"):
        drive(asyncio.sleep(0))


async def test_syntax_error_says_the_line_and_shows_it() -> None:
    with pytest.raises(CompilationError) as raised:
        await render_text("select 1\n{% if true %}\n{{ 1 + }}\n", scope({}))

    assert str(raised.value.location) == "models/m.sql:3"
    assert "line 3\n    {{ 1 + }}" in raised.value.problem
