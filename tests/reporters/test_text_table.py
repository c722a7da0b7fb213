"""Rows as text in columns."""

from __future__ import annotations

from headrace.engine.core.text_table import padded, text_table


def test_cells_are_as_wide_as_the_widest_of_their_column_and_numbers_stand_right() -> None:
    table = text_table(["name", "n"], [["orders", "7"], ["", "1200"]], numeric={1})

    assert table.split("\n") == [
        "| name   |    n |",
        "| ------ | ---- |",
        "| orders |    7 |",
        "|        | 1200 |",
    ]


def test_table_without_rows_has_its_headings() -> None:
    assert text_table(["id"], []) == "| id |\n| -- |"


def test_lines_without_bars_are_padded_alike() -> None:
    assert list(padded([["@@", "id"], ["+++", "1"]])) == [("@@ ", "id"), ("+++", "1 ")]
