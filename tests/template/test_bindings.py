"""The values of `adapter.add_query(…, bindings=[…])`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from headrace.engine.core.errors import CompilationError
from headrace.engine.template.bindings import bound


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (-0.5, "-0.5"),
        (float("nan"), "'nan'"),
        (float("inf"), "'inf'"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "'2026-01-02'"),
        (datetime(2026, 1, 2, 3, 4), "'2026-01-02 03:04:00'"),
        ("it's %s", "'it''s %s'"),
    ],
)
def test_value_is_written_as_a_literal(value: object, literal: str) -> None:
    assert bound("values (%s)", [value]) == f"values ({literal})"


def test_values_take_the_places_in_order() -> None:
    assert bound("select %s, '%%', %s", [1, "b"]) == "select 1, '%', 'b'"


@pytest.mark.parametrize("values", [[], [1], [1, 2, 3]])
def test_as_many_values_as_places_are_needed(values: list[int]) -> None:
    with pytest.raises(CompilationError, match=rf"2 places for values .* {len(values)} bindings"):
        bound("values (%s, %s)", values)


def test_other_percent_signs_are_told_how_to_be_written() -> None:
    with pytest.raises(CompilationError, match="'%d' is neither"):
        bound("values (%d)", [1])
