"""What the values of a seed's column are read as: the types and values that dbt gives them."""

from __future__ import annotations

import csv
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from headrace.adapters.value_kinds import ValueKind
from headrace.engine.materializations.csv_column import (
    AS_LOADED,
    AS_PYTHON,
    CsvColumn,
    is_null,
    read_cells,
)
from headrace.engine.materializations.csv_file import CsvFile, inspect_csv
from hypothesis import given
from hypothesis import strategies as st

# Seen on dbt 1.10 with PostgreSQL: the values of a column, its type, and what was loaded where
# that isn't the texts themselves. A column's type is the first that takes all of its values.
SEEN: list[tuple[list[str], ValueKind, list[object] | None]] = [
    (["1", "-2", "+3"], ValueKind.INTEGER, [1, -2, 3]),
    (["1", "2.5", "1e3"], ValueKind.NUMBER, [1.0, 2.5, 1000.0]),
    (["1.0", "2.00"], ValueKind.INTEGER, [1, 2]),
    (["1e3"], ValueKind.INTEGER, [1000]),
    (["1E-2"], ValueKind.NUMBER, [0.01]),
    (["007", "8"], ValueKind.INTEGER, [7, 8]),
    (["1", "", "null", "2"], ValueKind.INTEGER, [1, None, None, 2]),
    (["1", "  ", " NULL "], ValueKind.INTEGER, [1, None, None]),
    (["", ""], ValueKind.INTEGER, [None, None]),
    (["null"], ValueKind.INTEGER, [None]),
    (["1_000"], ValueKind.INTEGER, [1000]),
    (["1,000", "$5", "-€6", "7%"], ValueKind.INTEGER, [1000, 5, -6, 7]),
    (["%5%"], ValueKind.INTEGER, [5]),
    (["--5"], ValueKind.INTEGER, [5]),
    (["-+5"], ValueKind.INTEGER, [-5]),
    (["- 5"], ValueKind.INTEGER, [-5]),
    (["5 %"], ValueKind.INTEGER, [5]),
    (["$ 5"], ValueKind.INTEGER, [5]),
    (["5$"], ValueKind.INTEGER, [5]),
    (["$-5"], ValueKind.INTEGER, [-5]),
    (["-$5"], ValueKind.INTEGER, [-5]),
    (["٣"], ValueKind.INTEGER, [3]),
    (["１２"], ValueKind.INTEGER, [12]),
    (["1."], ValueKind.INTEGER, [1]),
    ([".5"], ValueKind.NUMBER, [0.5]),
    (["5e"], ValueKind.TEXT, None),
    (["0x10"], ValueKind.TEXT, None),
    (["2020-01-01"], ValueKind.DATE, ["2020-01-01"]),
    (["2020-1-5"], ValueKind.DATE, ["2020-01-05"]),
    (["2020-1-5", "2020-01-05"], ValueKind.DATE, ["2020-01-05", "2020-01-05"]),
    ([" 2020-01-05 "], ValueKind.DATE, ["2020-01-05"]),
    (["2020-01- 5"], ValueKind.DATE, ["2020-01-05"]),
    (["20-01-05"], ValueKind.TEXT, None),
    (["2020-02-30"], ValueKind.TEXT, None),
    (["2020/01/05"], ValueKind.TEXT, None),
    (["20200101"], ValueKind.INTEGER, [20200101]),
    (["2020-01"], ValueKind.TEXT, None),
    (["01-02-2020"], ValueKind.TEXT, None),
    (["0001-01-01"], ValueKind.DATE, ["0001-01-01"]),
    (["0000-01-01"], ValueKind.TEXT, None),
    (["9999-12-31"], ValueKind.DATE, ["9999-12-31"]),
    (["2020-01-01 10:00:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-1-5 1:2:3"], ValueKind.TIMESTAMP, ["2020-01-05 01:02:03"]),
    (["2020-01-01  10:00:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01\t10:00:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01 10:00"], ValueKind.TEXT, None),
    (["2020-01-01 10:00:00.5"], ValueKind.TEXT, None),
    (["2020-01-01 24:00:00"], ValueKind.TEXT, None),
    (["2020-01-01 10:00:60"], ValueKind.TEXT, None),
    (["2020-01-01 10:00:00+02:00"], ValueKind.TEXT, None),
    (["2020-01-01 10:00:00Z"], ValueKind.TEXT, None),
    (["2020-01-01 10"], ValueKind.TEXT, None),
    (["2020-01-01T10:00:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01T10:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01T10"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01T10.5"], ValueKind.TIMESTAMP, ["2020-01-01 10:30:00"]),
    (["2020-01-01T10:30.5"], ValueKind.TIMESTAMP, ["2020-01-01 10:30:30"]),
    (["2020-01-01T10:00:00.5"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00.500000"]),
    (["2020-01-01T10:00:00,25"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00.250000"]),
    (["2020-01-01T10:00:00.1234567"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00.123456"]),
    (["2020-01-01T10:00:00.123456789Z"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00.123456"]),
    (["2020-01-01T10:00:00Z"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01T10:00:00z"], ValueKind.TEXT, None),
    (["2020-01-01t10:00:00"], ValueKind.TEXT, None),
    (["2020-01-01T10:00:00+02:00"], ValueKind.TIMESTAMP, ["2020-01-01 08:00:00"]),
    (["2020-01-01T10:00:00+0230"], ValueKind.TIMESTAMP, ["2020-01-01 07:30:00"]),
    (["2020-01-01T10:00:00-05"], ValueKind.TIMESTAMP, ["2020-01-01 15:00:00"]),
    (["2020-01-01T10:00:00 +02:00"], ValueKind.TEXT, None),
    (["20200101T100000"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["20200101T100000Z"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["20200101T1000"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["20200101T10"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01T100000"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["20200101T10:00:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-W05-3T10:00"], ValueKind.TIMESTAMP, ["2020-01-29 10:00:00"]),
    (["2020W053T10:00"], ValueKind.TIMESTAMP, ["2020-01-29 10:00:00"]),
    (["2020-W05T10:00"], ValueKind.TIMESTAMP, ["2020-01-27 10:00:00"]),
    (["2021-W01-1T00:00"], ValueKind.TIMESTAMP, ["2021-01-04 00:00:00"]),
    (["2020-060T10:00"], ValueKind.TIMESTAMP, ["2020-02-29 10:00:00"]),
    (["2020060T10:00"], ValueKind.TIMESTAMP, ["2020-02-29 10:00:00"]),
    (["2020-05T10:00"], ValueKind.TIMESTAMP, ["2020-05-01 10:00:00"]),
    (["202005T10:00"], ValueKind.TIMESTAMP, ["2020-05-01 10:00:00"]),
    (["2020T10:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["20T10:00"], ValueKind.TIMESTAMP, ["2001-01-01 10:00:00"]),
    (["2020-1-5T10:00"], ValueKind.TEXT, None),
    (["2020-01-05T1:00"], ValueKind.TEXT, None),
    (["2020-01-01T24:00:00"], ValueKind.TEXT, None),
    (["2020-00-01T10:00"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00"]),
    (["2020-01-01T10:00:00.999999999"], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00.999999"]),
    (
        ["2020-01-01T00:00:00", "2020-01-02T00:00:00+01:00"],
        ValueKind.TIMESTAMP,
        ["2020-01-01 00:00:00", "2020-01-01 23:00:00"],
    ),
    (["2020-01-01T10:00T"], ValueKind.TEXT, None),
    (["2020-01-01TT10:00"], ValueKind.TEXT, None),
    (["2020-01-01", "2020-01-01 00:00:00"], ValueKind.TEXT, None),
    (["2020-01-01 10:00:00", "2020-01-01"], ValueKind.TEXT, None),
    (["2020-01-01", "2020-01-01T00:00:00"], ValueKind.TEXT, None),
    (["2020-01-01T00:00:00", "2020-01-01 00:00:00"], ValueKind.TEXT, None),
    (["2020-01-01T00:00:00", "", "null"], ValueKind.TIMESTAMP, ["2020-01-01 00:00:00", None, None]),
    (["2020-01-01 10:00:00", ""], ValueKind.TIMESTAMP, ["2020-01-01 10:00:00", None]),
    (["2020-01-01", "x"], ValueKind.TEXT, None),
    (["2020-01-01", "1"], ValueKind.TEXT, None),
    (["2020-01-01T00:00:00", "x"], ValueKind.TEXT, None),
    (["true", "False"], ValueKind.BOOLEAN, [True, False]),
    (["TRUE", ""], ValueKind.BOOLEAN, [True, None]),
    (["true", "1"], ValueKind.TEXT, None),
    (["t", "f"], ValueKind.TEXT, None),
    (["yes", "no"], ValueKind.TEXT, None),
    (["tr,ue"], ValueKind.BOOLEAN, [True]),
    ([",", "true"], ValueKind.BOOLEAN, [None, True]),
    (["true", "null"], ValueKind.BOOLEAN, [True, None]),
    (["on"], ValueKind.TEXT, None),
    (["0", "1"], ValueKind.INTEGER, [0, 1]),
    (["a", "", "NULL"], ValueKind.TEXT, ["a", None, None]),
    ([" a ", "  "], ValueKind.TEXT, [" a ", None]),
    (["1", "x"], ValueKind.TEXT, None),
    (["12345678901234567890123", "0.5"], ValueKind.NUMBER, [1.2345678901234568e22, 0.5]),
    (["9223372036854775808.0", "0.5"], ValueKind.NUMBER, [9.223372036854776e18, 0.5]),
    (["0.1", "1.10"], ValueKind.NUMBER, [0.1, 1.1]),
    (["3.14159265358979323846"], ValueKind.NUMBER, [3.141592653589793]),
    (["2147483647"], ValueKind.INTEGER, [2147483647]),
    (["-2147483648"], ValueKind.INTEGER, [-2147483648]),
    (["none"], ValueKind.TEXT, None),
    (["na"], ValueKind.TEXT, None),
    (["n/a"], ValueKind.TEXT, None),
    (["."], ValueKind.TEXT, None),
    (["-"], ValueKind.TEXT, None),
    (["%"], ValueKind.TEXT, None),
    (["$"], ValueKind.TEXT, None),
    (["10:00:00"], ValueKind.TEXT, None),
    (["10:00"], ValueKind.TEXT, None),
    (["1 2"], ValueKind.TEXT, None),
    (["1,2"], ValueKind.INTEGER, [12]),
    (["(5)"], ValueKind.TEXT, None),
    (["5-"], ValueKind.TEXT, None),
    (["+$5"], ValueKind.TEXT, None),
    (["１.5"], ValueKind.NUMBER, [1.5]),
    (["1e5", "1.5"], ValueKind.NUMBER, [100000.0, 1.5]),
    (["1d"], ValueKind.TEXT, None),
    (['say "hi"'], ValueKind.TEXT, None),
    (["back\\slash"], ValueKind.TEXT, None),
    (["tab\there"], ValueKind.TEXT, None),
    (["a\\nb"], ValueKind.TEXT, None),
    (["\\N"], ValueKind.TEXT, None),
    (["'q'"], ValueKind.TEXT, None),
    (["100%"], ValueKind.INTEGER, [100]),
    (["%s"], ValueKind.TEXT, None),
    (["{{ x }}"], ValueKind.TEXT, None),
    (["é☕"], ValueKind.TEXT, None),
]

# dbt fails at these, or loads another value.
BETTER: list[tuple[list[str], ValueKind, list[object] | None]] = [
    (["2147483648"], ValueKind.BIG_INTEGER, [2**31]),
    (["-2147483649", "1"], ValueKind.BIG_INTEGER, [-(2**31) - 1, 1]),
    (["10000000000000001", "9223372036854775807"], ValueKind.BIG_INTEGER, [10**16 + 1, 2**63 - 1]),
    (["1e10"], ValueKind.BIG_INTEGER, [10**10]),
    (["9223372036854775808"], ValueKind.TEXT, None),
    (["nan"], ValueKind.TEXT, None),
    (["inf", "-Infinity"], ValueKind.TEXT, None),
    (["inf", "0.5"], ValueKind.NUMBER, [float("inf"), 0.5]),
    (["1e400", "0.5"], ValueKind.TEXT, None),
]


def read(path: Path, values: list[str]) -> tuple[CsvFile, list[object]]:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "value"), *enumerate(values)])
    found = inspect_csv(path, "seeds/raw.csv", ",", {})
    rows = chain.from_iterable(found.batches(frozenset()))
    return found, [row[1] for row in rows]


@pytest.mark.parametrize(("values", "kind", "loaded"), [*SEEN, *BETTER], ids=str)
def test_type_and_values_are_those_that_dbt_finds(
    tmp_path: Path, values: list[str], kind: ValueKind, loaded: list[object] | None
) -> None:
    file, found = read(tmp_path / "raw.csv", values)

    assert file.kinds == (ValueKind.INTEGER, kind)
    assert found == (values if loaded is None else loaded)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("id,name,x\n1\n2,b\n", ("id", "name", "x"), [(1, None, None), (2, "b", None)]),
        ("id,id,a,id\n1,2,3,4\n", ("id", "id_2", "a", "id_3"), [(1, 2, 3, 4)]),
        ("id,,b\n1,2,3\n", ("id", "b", "b_2"), [(1, 2, 3)]),
        (" id , name \n1, a \n", (" id ", " name "), [(1, " a ")]),
        ('id,name\n1,"two\r\nlines"\r\n', ("id", "name"), [(1, "two\nlines")]),
        ("id,name\r1,a\r", ("id", "name"), [(1, "a")]),
    ],
    ids=str,
)
def test_rows_and_names_are_those_that_dbt_finds(
    tmp_path: Path, text: str, names: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    path = tmp_path / "raw.csv"
    path.write_bytes(text.encode())

    file = inspect_csv(path, "seeds/raw.csv", ",", {})

    assert file.column_names == names
    assert list(chain.from_iterable(file.batches(frozenset()))) == rows


CELLS = st.sampled_from(
    (
        *("1", "007", "-4", "+3", "1_0", "٣", "2.50", "3.0", "$7", "12345678901", "9" * 25),
        *("nan", "5%", "1,000", " 8 ", "", " ", "null", "NULL", "true", "False", ",", "a"),
        *("2024-01-31", "2024-1-3", "2024-01-31 10:00:00", "2024-01-31T10:00"),
    )
)


@given(st.lists(CELLS, min_size=1), st.randoms())
def test_column_seen_at_once_is_of_the_kind_that_its_cells_have_one_by_one(
    cells: list[str], shuffled: Random
) -> None:
    at_once, one_by_one = CsvColumn(), CsvColumn()
    at_once.see(cells)

    shuffled.shuffle(cells)
    for cell in cells:
        one_by_one.see([cell])

    assert at_once.kind == one_by_one.kind


@given(st.lists(CELLS, min_size=1))
def test_column_read_at_once_is_what_its_cells_are_one_by_one(cells: list[str]) -> None:
    column = CsvColumn()
    column.see(cells)
    for readers in (AS_LOADED, AS_PYTHON):
        read = readers[column.kind]

        at_once = read_cells(cells, read)

        expected = [None if is_null(cell) else read(cell) for cell in cells]
        assert list(map(repr, at_once)) == list(map(repr, expected))
