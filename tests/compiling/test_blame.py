"""Which line of a model a database's complaint is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.running.node_error import blamed_location

from ..manifest.support import parse

WriteProject = Callable[[Mapping[str, str]], Path]

MODEL = """\
select
  a.id,
  {{ 'b' }}.idd as other,
  count(*) as n
from {{ source_table }} as a
"""


@pytest.mark.parametrize(
    ("message", "sql_line", "line"),
    [
        ("no such column", "  count(*) as n", 4),
        ("no such column", "  b.idd as other,", 3),
        ('column "idd" does not exist', None, 3),
        ('column b.x does not exist\nHINT:  Perhaps you meant "a.id".', None, None),
        ("disk is full", "create table x as (", None),
    ],
)
def test_line_is_the_one_that_the_database_names(
    write_project: WriteProject, message: str, sql_line: str | None, line: int | None
) -> None:
    model = "{% set source_table = 'nothing' %}" + MODEL
    node = parse(write_project({"models/orders.sql": model})).node("orders")

    found = blamed_location(message, node, sql_line)

    assert (found.path, found.line) == ("models/orders.sql", line)
