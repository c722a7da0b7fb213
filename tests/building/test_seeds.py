"""`seed`: a CSV file becomes a table, with types that its values allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status
from headrace.engine.core.errors import CompilationError, Location
from headrace.engine.materializations.csv_file import inspect_csv

from .support import PROJECT, Ran, relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]


async def seed(
    write_project: WriteProject, csv: str, config: str = "", **options: Any
) -> tuple[Path, Ran]:
    """Load `seeds/raw.csv`; `config` is what the project file says of seeds."""
    project = f"{PROJECT}seeds:\n  shop:\n{config}" if config else PROJECT
    root = write_project({"dbt_project.yml": project})
    path = root / "seeds" / "raw.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(csv.encode())  # as it is: line ends are part of what is tested
    return root, await run(root, "seed", **options)


async def test_seed_becomes_a_table(write_project: WriteProject) -> None:
    root, ran = await seed(write_project, "id,name\n1,Ada\n2,Grace\n")

    assert ran.result("raw").message == "INSERT 2"
    assert relations(root) == {"raw": "table"}
    assert rows(root, "select id, name from raw") == [(1, "Ada"), (2, "Grace")]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1", "-2", "+3"], "integer", [1, -2, 3]),
        (["1", "2.5", "1e3"], "double precision", [1.0, 2.5, 1000.0]),
        (["1", "1.7"], "double precision", [1.0, 1.7]),
        (["1", "-1.7"], "double precision", [1.0, -1.7]),
        (["2024-01-31", "2024-02-29"], "date", None),
        (["2024-01-31T10:00", "2024-01-31T1000Z"], "timestamp", ["2024-01-31 10:00:00"] * 2),
        (["true", "False"], "boolean", [1, 0]),
        (["1", "x"], "text", ["1", "x"]),
        (["2024-01-31", "2024-02-30"], "text", None),
        (["1", "", "null", "2"], "integer", [1, None, None, 2]),
        (["1", "  ", " null ", " 2 "], "integer", [1, None, None, 2]),
        (["1.5", "\t", " 2.5"], "double precision", [1.5, None, 2.5]),
        (["true", "  ", " false "], "boolean", [1, None, 0]),
        ([" 2024-01-31 ", "  "], "date", ["2024-01-31", None]),
        (["2024-01-31", "2024-01-31 10:00:00"], "text", None),
        (["a", "", "NULL"], "text", ["a", None, None]),
        (["", ""], "integer", [None, None]),
        (["true", "1"], "text", ["true", "1"]),
        (["007", "8"], "integer", [7, 8]),
        (["9223372036854775807"], "integer", [9223372036854775807]),
        (["-9223372036854775809"], "text", None),
        (["1234567890123456789", "2.5"], "double precision", [1234567890123456768.0, 2.5]),
        (["1.5", "12345678901234567890"], "double precision", [1.5, 12345678901234567890.0]),
        (["9" * 5_000], "text", None),
        (["1e400"], "text", None),
        (["1E3"], "integer", [1000]),
        (["-9223372036854775808.0"], "integer", [-9223372036854775808]),
        (["9223372036854775808.0"], "double precision", [9223372036854775808.0]),
        (["-9223372036854775809.0"], "double precision", [-9223372036854775808.0]),
        (
            ["1.0", "-2.", '"1,000"', "$5", "-€6", "7%", "1_000"],
            "integer",
            [1, -2, 1000, 5, -6, 7, 1000],
        ),
        (['"1,234.50"', "£2"], "double precision", [1234.5, 2.0]),
        (["٣"], "integer", [3]),
        (["inf", "nan"], "text", ["inf", "nan"]),
        ([" 1", "2 "], "integer", [1, 2]),
    ],
    ids=str,
)
async def test_type_is_what_all_values_of_a_column_allow(
    write_project: WriteProject, values: list[str], kind: str, expected: list[object] | None
) -> None:
    csv = "id,value\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values))

    root, ran = await seed(write_project, csv)

    assert ran.exit_code == 0, ran.result("raw")
    ((declared,),) = rows(root, "select lower(type) from pragma_table_info('raw') where cid = 1")
    found = [value for (value,) in rows(root, "select value from raw order by id")]
    assert (declared, found) == (kind, values if expected is None else expected)


async def test_column_types_keep_leading_zeros(write_project: WriteProject) -> None:
    config = "    raw:\n      +column_types: {code: varchar(5)}\n"

    root, _ = await seed(write_project, "id,code\n1,007\n2,\n", config)

    assert rows(root, "select id, code from raw order by id") == [(1, "007"), (2, None)]


async def test_loading_again_replaces_the_rows(write_project: WriteProject) -> None:
    await seed(write_project, "id\n1\n2\n")

    root, ran = await seed(write_project, "id\n3\n")

    assert ran.result("raw").message == "INSERT 1"
    assert rows(root, "select id from raw") == [(3,)]


async def test_changed_columns_ask_for_a_full_refresh(write_project: WriteProject) -> None:
    await seed(write_project, "id\n1\n")

    root, ran = await seed(write_project, "id,name\n2,x\n")

    error = ran.error("raw")
    expected = ("seeds/raw.csv:1", "columns are id, name", "table's are id.", "--full-refresh")
    assert [part for part in expected if part not in error] == []
    assert rows(root, "select * from raw") == [(1,)]


async def test_full_refresh_takes_changed_columns(write_project: WriteProject) -> None:
    await seed(write_project, "id\n1\n")

    root, ran = await seed(write_project, "id,name\n2,x\n", full_refresh=True)

    assert ran.exit_code == 0
    assert rows(root, "select * from raw") == [(2, "x")]


async def test_view_under_the_name_of_a_seed_gives_way(write_project: WriteProject) -> None:
    root = write_project({"models/raw.sql": "select 1 as id"})
    await run(root)
    (root / "models" / "raw.sql").unlink()

    _, ran = await seed(write_project, "id\n5\n")

    assert ran.exit_code == 0
    assert relations(root) == {"raw": "table"}


@pytest.mark.parametrize("delimiter", [";", "|", "\\t"])
async def test_delimiter_is_configurable(write_project: WriteProject, delimiter: str) -> None:
    actual = "\t" if delimiter == "\\t" else delimiter
    csv = 'id,name\n1,"a, b"\n'.replace(",", actual).replace(f"a{actual} b", "a, b")

    root, ran = await seed(write_project, csv, f'    +delimiter: "{delimiter}"\n')

    assert ran.exit_code == 0
    assert rows(root, "select id, name from raw") == [(1, "a, b")]


@pytest.mark.parametrize("delimiter", ["", "||", "\\n", '\\"'])
async def test_delimiter_that_can_not_be_one_is_refused(
    write_project: WriteProject, delimiter: str
) -> None:
    _, ran = await seed(write_project, "id,name\n1,x\n", f'    +delimiter: "{delimiter}"\n')

    assert "must be one character" in ran.error("raw")


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        ("\ufeffid,name\r\n1,Ada\r\n", [(1, "Ada")]),
        (
            'id,name\n1,"two\nlines"\n2,"a ""quoted"" word"\n',
            [(1, "two\nlines"), (2, 'a "quoted" word')],
        ),
        ("id,name\n1,Ada", [(1, "Ada")]),
        ("id,name\n", []),
        ("id,name\n1,Zoë ☕\n", [(1, "Zoë ☕")]),
        ("id,name\n1,'; drop table raw; --\n", [(1, "'; drop table raw; --")]),
    ],
    ids=[
        "byte order mark and CRLF",
        "quoted line end",
        "no line end at the end",
        "no rows",
        "not ASCII",
        "SQL in a value",
    ],
)
async def test_form_of_the_file_does_not_matter(
    write_project: WriteProject, csv: str, expected: list[tuple[object, ...]]
) -> None:
    root, ran = await seed(write_project, csv)

    assert ran.exit_code == 0
    assert rows(root, "select id, name from raw order by id") == expected


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_blank_line_is_a_row_of_nulls(write_project: WriteProject, end: str) -> None:
    lines = ["id,name", "", "1,Ada", "", "", ""]

    root, ran = await seed(write_project, end.join(lines))

    assert ran.exit_code == 0
    assert ran.result("raw").adapter_response["rows_affected"] == 4
    nothing = (None, None)
    assert rows(root, "select id, name from raw order by id") == [nothing] * 3 + [(1, "Ada")]


async def test_column_names_are_kept_as_they_are(write_project: WriteProject) -> None:
    root, ran = await seed(write_project, "Order ID,select,größe\n1,2,3\n")

    assert ran.exit_code == 0
    assert rows(root, 'select "Order ID", "select", "größe" from raw') == [(1, 2, 3)]


async def test_column_without_a_name_has_the_letter_of_its_place(
    write_project: WriteProject,
) -> None:
    header = ["", "first", *[""] * 25, "b", "b"]
    values = ["1"] * len(header)

    root, ran = await seed(write_project, f"{','.join(header)}\n{','.join(values)}\n")

    assert ran.exit_code == 0
    found = [name for _, name, *_ in rows(root, "pragma table_info(raw)")]
    assert found == ["a", "first", *"cdefghijklmnopqrstuvwxyz", "aa", "b", "b_2"]


def test_file_that_went_meanwhile_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompilationError, match="can't be read") as raised:
        inspect_csv(tmp_path / "raw.csv", "seeds/raw.csv", ",", {})

    assert raised.value.location == Location("seeds/raw.csv")


async def test_column_name_may_hold_a_quote(write_project: WriteProject) -> None:
    root, ran = await seed(write_project, 'id,"5"" disk"\n1,2\n')

    assert ran.exit_code == 0
    assert rows(root, 'select "5"" disk" from raw') == [(2,)]


@pytest.mark.parametrize(
    ("csv", "parts"),
    [
        ("id,name\n1,Ada,Byron\n", ("seeds/raw.csv:2", "has 3 values", "quotes")),
        ("", ("seeds/raw.csv", "empty")),
        (f"id\n1\n{'x' * 140_000}\n", ("seeds/raw.csv:3", "field larger than")),
    ],
    ids=[
        "long row",
        "empty file",
        "huge value",
    ],
)
async def test_file_that_is_no_table_is_refused_with_its_line(
    write_project: WriteProject, csv: str, parts: tuple[str, ...]
) -> None:
    await seed(write_project, "id\n1\n")

    root, ran = await seed(write_project, csv, full_refresh=True)

    error = ran.error("raw")
    assert [part for part in parts if part not in error] == []
    assert rows(root, "select * from raw") == [(1,)]


async def test_columns_that_differ_only_in_case_are_refused(write_project: WriteProject) -> None:
    _, ran = await seed(write_project, "id,ID\n1,2\n")

    error = ran.error("raw")
    assert "seeds/raw.csv" in error
    assert "duplicate column name: ID" in error


async def test_ragged_row_after_many_leaves_the_old_table(write_project: WriteProject) -> None:
    await seed(write_project, "id\n1\n")
    many = "".join(f"{n}\n" for n in range(5_000))

    root, ran = await seed(write_project, f"id\n{many}1,2\n", full_refresh=True)

    assert ran.statuses == {"raw": Status.ERROR}
    assert rows(root, "select * from raw") == [(1,)]


async def test_large_file_is_loaded_whole(write_project: WriteProject) -> None:
    many = "".join(f"{n},name {n}\n" for n in range(5_001))

    root, ran = await seed(write_project, f"id,name\n{many}")

    assert ran.result("raw").message == "INSERT 5001"
    assert rows(root, "select count(*), sum(id), max(name) from raw") == [
        (5001, 12_502_500, "name 999")
    ]


async def test_quote_that_is_not_closed_is_refused_with_its_line(
    write_project: WriteProject,
) -> None:
    root = write_project({"seeds/raw.csv": 'id,name\n1,a\n2,"b' + "\n3,c" * 40_000})

    ran = await run(root, "seed")

    assert ran.exit_code == 1
    assert "seeds/raw.csv:" in ran.error("raw")
    assert "a value is longer than 131,072 characters" in ran.error("raw")
    assert "Look for a quote that isn't closed." in ran.error("raw")
    assert "raw" not in relations(root)


async def test_file_that_is_not_utf_8_is_refused_with_its_line(write_project: WriteProject) -> None:
    root = write_project({"seeds/raw.csv": ""})
    (root / "seeds" / "raw.csv").write_bytes("id,name\n1,Zoë\n".encode("latin-1"))

    ran = await run(root, "seed")

    assert ran.exit_code == 2
    assert "seeds/raw.csv:2:5: byte 12 is 0xeb, which isn't UTF-8." in str(ran.outcome.error)


async def test_sample_of_a_seed_is_shown(write_project: WriteProject) -> None:
    _, ran = await seed(write_project, "id,name\n1,Ada\n,Grace\n", show=True)

    heading, line, names, _, *shown = ran.lines[0].splitlines()
    assert (heading, line) == ("Random sample of table: main.raw", "-" * len(heading))
    assert names == "| id | name  |"
    assert sorted(shown) == ["|    | Grace |", "|  1 | Ada   |"]


async def test_sample_of_a_large_seed_is_ten_of_its_rows(write_project: WriteProject) -> None:
    _, ran = await seed(write_project, "id\n" + "".join(f"{n}\n" for n in range(5_000)), show=True)

    shown = {int(row.strip("| ")) for row in ran.lines[0].splitlines()[4:]}
    assert len(shown) == 10
    assert shown <= set(range(5_000))


async def test_seed_that_failed_has_no_sample(write_project: WriteProject) -> None:
    _, ran = await seed(write_project, "id\n1,2\n", show=True)

    assert ran.statuses == {"raw": Status.ERROR}
    assert ran.lines == []


async def test_moment_with_an_offset_is_loaded_as_in_utc(write_project: WriteProject) -> None:
    root, _ = await seed(write_project, "at\n2024-01-05T10:00:00+02:00\n2024-01-05T10:00:00\n")

    assert rows(root, "select at from raw") == [("2024-01-05 08:00:00",), ("2024-01-05 10:00:00",)]


async def test_what_a_row_lacks_is_null(write_project: WriteProject) -> None:
    root, _ = await seed(write_project, "id,name\n1,Ada\n2\n")

    assert rows(root, "select id, name from raw") == [(1, "Ada"), (2, None)]


async def test_changed_order_of_the_columns_needs_no_full_refresh(
    write_project: WriteProject,
) -> None:
    await seed(write_project, "id,name,note\n1,Ada,x\n")

    root, ran = await seed(write_project, "name,id\nGrace,2\n")

    assert ran.exit_code == 0
    assert rows(root, "select id, name, note from raw") == [(2, "Grace", None)]


async def test_types_of_a_seed_are_told_to_a_macro_that_asks(write_project: WriteProject) -> None:
    macro = (
        "{% macro create_csv_table(model, agate_table) %}{% set types = [] %}"
        "{% for name in agate_table.column_names %}"
        "{% do types.append(adapter.convert_type(agate_table, loop.index0)) %}{% endfor %}"
        "{% set told = types | join(', ') %}"
        "{% do run_query('create table ' ~ this ~ \" as select '\" ~ told ~ \"' as t\") %}"
        "{% do run_query('alter table ' ~ this ~ ' add column day') %}"
        "{% endmacro %}"
        "{% macro load_csv_rows(model, agate_table) %}{% for row in agate_table.rows %}"
        "{% do run_query('update ' ~ this ~ \" set day = '\" ~ row['day'] ~ \"'\") %}{% endfor %}"
        "{% endmacro %}"
    )
    write_project({"macros/own.sql": macro})

    root, ran = await seed(
        write_project, "n,x,day,at,b,t\n3000000000,1.5,2024-1-5,2024-01-05T10:00,true,x\n"
    )

    assert ran.exit_code == 0, ran.result("raw")
    (found,) = rows(root, "select t, day from raw")
    assert found == ("integer, double precision, date, timestamp, boolean, text", "2024-01-05")
