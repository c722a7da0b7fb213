"""`print_table()` shows a query's rows as the tables do that dbt gives to macros."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from headrace.adapters.base import Rows
from headrace.engine.template.dbt.result_table import ResultTable

NAMES = ("id", "a_rather_long_name_of_i", "share", "amount", "ok", "day", "whole", "more")
ROWS = [
    (1, "x" * 23, Decimal("0.50"), Decimal("1234567.5"), True, date(2024, 1, 2), Decimal(3), 2.25),
    (22222, None, Decimal(1), Decimal("-0.12345"), None, date(2024, 1, 3), Decimal(40), None),
    (3, "y", None, Decimal(7), False, None, Decimal("1E+2"), 1.0),
]
USUAL = """\
|    id | a_rather_long_nam... | share |         amount |    ok |        day | ... |
| ----- | -------------------- | ----- | -------------- | ----- | ---------- | --- |
|     1 | xxxxxxxxxxxxxxxxx... |   0.5 | 1,234,567.500… |  True | 2024-01-02 | ... |
| 22222 |                      |   1.0 |        -0.123… |       | 2024-01-03 | ... |
|     3 | y                    |       |         7.000… | False |            | ... |"""
UNLIMITED = """\
|    id | a_rather_long_name_of_i | share |          amount |    ok |        day | whole | more |
| ----- | ----------------------- | ----- | --------------- | ----- | ---------- | ----- | ---- |
|     1 | xxxxxxxxxxxxxxxxxxxxxxx |   0.5 | 1,234,567.50000 |  True | 2024-01-02 |     3 | 2.25 |
| 22222 |                         |   1.0 |        -0.12345 |       | 2024-01-03 |    40 |      |
|     3 | y                       |       |         7.00000 | False |            |   100 | 1.00 |"""
FEW = """\
| id | a_rather_long_nam... | ... |
| -- | -------------------- | --- |
|  1 | xxxxxxxxxxxxxxxxx... | ... |
| ... | ...                  | ... |"""
WHOLE = """\
|    id | a_rather_long_nam... | share |     amount | ... |
| ----- | -------------------- | ----- | ---------- | --- |
|     1 | xxxxxxxxxxxxxxxxx... |    0… | 1,234,568… | ... |
| 22222 |                      |    1… |        -0… | ... |
|     3 | y                    |       |         7… | ... |"""
NO_LIMIT = dict.fromkeys(("max_rows", "max_columns", "max_column_width", "max_precision"))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, USUAL),
        (NO_LIMIT, UNLIMITED),
        ({"max_rows": 1, "max_columns": 2}, FEW),
        ({"max_columns": 4, "max_precision": 0}, WHOLE),
    ],
    ids=["usual", "unlimited", "few", "whole"],
)
def test_rows_are_printed_within_limits_as_by_dbt(limits: dict[str, Any], expected: str) -> None:
    printed: list[str] = []

    rendered = ResultTable(Rows(NAMES, ROWS), printed.append).print_table(**limits)

    assert rendered == ""
    assert printed == [expected]
