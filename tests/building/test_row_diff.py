"""How the rows of a unit test are compared, and what is shown of those that differ."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from headrace.engine.materializations.row_diff import row_diff

Rows = list[tuple[Any, ...]]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ([], []),
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")]),
        ([(None, "a")], [(None, "a")]),
        ([(1, "a"), (1, "a")], [(1, "a"), (1, "a")]),
        ([(Decimal("4.5"), "")], [(Decimal("4.50"), "")]),
        ([(1, "")], [(1.0, "")]),
        ([(0.3, "")], [(0.1 + 0.2, "")]),
        ([("7", "")], [(7, "")]),
        ([(True, "")], [(1, "")]),
        ([(date(2024, 1, 31), "")], [(date(2024, 1, 31), "")]),
    ],
)
def test_rows_that_say_the_same_have_no_difference(expected: Rows, actual: Rows) -> None:
    assert row_diff(["id", "name"], expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ([(1,)], [(1,), (1,)]),
        ([(1,), (1,)], [(1,)]),
        ([(None,)], [("",)]),
        ([("null",)], [(None,)]),
        ([("7",)], [("07",)]),
        ([(float("nan"),)], [(0.0,)]),
        ([(1,)], [(2,)]),
    ],
)
def test_rows_that_differ_are_told_apart(expected: Rows, actual: Rows) -> None:
    assert row_diff(["id"], expected, actual) is not None


def test_rows_are_shown_as_changed_unexpected_or_missing() -> None:
    expected = [(1, "Ada", date(2024, 1, 2)), (2, "Bob", date(2024, 1, 2)), (4, "Dee", None)]
    actual = [(3, "Cy", date(2024, 1, 5)), (2, "Bobby", None), (1, "Ada", date(2024, 1, 2))]

    shown = row_diff(["id", "name", "born"], expected, actual)

    assert shown == (
        "@@ ,id,name     ,born\n"
        "   ,1 ,Ada      ,2024-01-02\n"
        "→  ,2 ,Bob→Bobby,2024-01-02→NULL\n"
        "+++,3 ,Cy       ,2024-01-05\n"
        "---,4 ,Dee      ,NULL"
    )


def test_row_keeps_the_company_of_the_one_that_shares_the_rarest_value() -> None:
    expected = [("berlin", 1, "x"), ("berlin", 2, "y")]
    actual = [("berlin", 2, "z"), ("berlin", 1, "w")]

    shown = row_diff(["city", "id", "name"], expected, actual)

    assert shown == "@@,city  ,id,name\n→ ,berlin,1 ,x→w\n→ ,berlin,2 ,y→z"


def test_rows_far_from_a_difference_are_left_out() -> None:
    expected = [(number,) for number in range(9)]

    shown = row_diff(["id"], expected, expected[:5])

    assert shown is not None
    assert shown.splitlines()[:3] == ["@@ ,id", "...,...", "   ,4"]
    assert shown.splitlines()[3:] == [f"---,{number}" for number in range(5, 9)]


def test_cell_with_a_comma_or_a_line_break_stays_one_cell() -> None:
    shown = row_diff(["text"], [('a,"b"',)], [("c\nd",)])

    assert shown == '@@ ,text\n---,"a,""b"""\n+++,"c\\nd"'


def test_values_of_any_type_are_shown_in_words() -> None:
    moment = datetime(2024, 1, 2, 3, 4, tzinfo=UTC)

    shown = row_diff(["a", "b", "c", "d"], [], [(moment, True, b"\x01", {"k": [1]})])

    assert shown is not None
    assert '+++,2024-01-02 03:04:00+00:00,true,\\x01,"{""k"": [1]}"' in shown


def test_many_rows_that_differ_are_not_compared_pair_by_pair() -> None:
    expected = [(number, "a") for number in range(2000)]
    actual = [(number, "b") for number in range(2000)]

    shown = row_diff(["id", "name"], expected, actual)

    assert shown is not None
    assert "→" not in shown
