"""Which columns of texts an incremental model makes wider."""

from __future__ import annotations

import math

import pytest
from headrace.adapters.column import Column
from headrace.engine.materializations.schema_changes import text_length, wider


@pytest.mark.parametrize(
    ("data_type", "length"),
    [
        ("varchar(5)", 5),
        ("character varying(30)", 30),
        (" VARCHAR(5) ", 5),
        ("text", math.inf),
        ("character varying", math.inf),
        ("integer", None),
        ("numeric(5)", None),
    ],
)
def test_length_of_a_type(data_type: str, length: float | None) -> None:
    assert text_length(data_type) == length


@pytest.mark.parametrize(
    ("now", "arriving", "is_wider"),
    [
        ("varchar(5)", "varchar(6)", True),
        ("varchar(5)", "text", True),
        ("varchar(5)", "varchar(5)", False),
        ("varchar(5)", "varchar(4)", False),
        ("text", "varchar(6)", False),
        ("text", "text", False),
        ("integer", "varchar(6)", False),
        ("varchar(5)", "integer", False),
    ],
)
def test_only_a_text_that_is_too_short_is_made_wider(
    now: str, arriving: str, is_wider: bool
) -> None:
    found = wider([Column("said", arriving), Column("new", arriving)], [Column("said", now)])

    assert [column.name for column in found] == (["said"] if is_wider else [])
