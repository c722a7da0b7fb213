"""What is read off a statement's text."""

from __future__ import annotations

import time

import pytest
from headrace.adapters.sqlite.statements import is_blank, is_reading, read_heading, split_script


@pytest.mark.parametrize(
    ("sql", "created"),
    [
        ('create table "main"."a b" as select 1', '"main"."a b"'),
        ('/* {"app": "x"} */ create table "a""b" as\nselect 1', '"a""b"'),
        ("CREATE TABLE main . [odd name] AS select 1", "main . [odd name]"),
        ("-- note\n create view v (a, b) as select 1, 2", "v"),
        ("create table`t`as select 1", "`t`"),
        ("create temp view é as select 1", "é"),
        ("create view if not exists v as select 1", "v"),
        ("create index i on t (a)", None),
        ("select 'create table t as'", None),
    ],
)
def test_created_name_is_found(sql: str, created: str | None) -> None:
    assert read_heading(sql).created == created


@pytest.mark.parametrize(
    ("sql", "is_filled"),
    [
        ("create table t as select 1", True),
        ("create table t(a, b)", False),
        ("create table if not exists t as select 1", False),
        ("create view t as select 1", False),
    ],
)
def test_only_a_table_that_is_new_and_made_of_a_query_counts_as_filled(
    sql: str, is_filled: bool
) -> None:
    assert read_heading(sql).is_filled is is_filled


@pytest.mark.parametrize(
    ("sql", "is_temporary"),
    [
        ("create temporary table t as select 1", True),
        ("create temp view t as select 1", True),
        ("create table temporary as select 1", False),
    ],
)
def test_temporary_things_are_told(sql: str, is_temporary: bool) -> None:
    assert read_heading(sql).is_temporary is is_temporary


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "  -- c\n/* c */ SELECT 1;",
        "with a as (select replace(b, 'x', '') from c) select * from a",
        "values (1)",
        "explain query plan select 1",
        "pragma table_info(t)",
    ],
)
def test_reading_statement_need_not_queue(sql: str) -> None:
    assert is_reading(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "insert into t values (1)",
        "with a as (select 1) insert into t select * from a",
        "with a as (select 1) delete from t",
        "select 1; drop table t",
        "create table t (a)",
        "vacuum",
        "",
    ],
)
def test_statement_that_may_write_queues(sql: str) -> None:
    assert not is_reading(sql)


def test_script_is_split_as_sqlite_would() -> None:
    trigger = (
        "create trigger g after insert on t begin "
        "update t set a = case when a > ';' then 1 else 2 end; delete from u; end;"
    )
    script = f"insert into t values ('a;b'); /* c; */ {trigger} -- end;\n select \";\" "

    statements = list(split_script(script))

    assert statements == [
        "insert into t values ('a;b');",
        f" /* c; */ {trigger}",
        ' -- end;\n select ";" ',
    ]


@pytest.mark.parametrize("script", ["", " ;; ", "-- only a comment", "/* ; */;"])
def test_script_of_nothing_has_no_statements(script: str) -> None:
    assert list(split_script(script)) == []
    assert is_blank(script)


def test_long_leading_white_space_costs_no_backtracking() -> None:
    started = time.thread_time()

    heading = read_heading(" \n" * 50_000 + "/* never closed")

    assert heading.verb == ""
    assert time.thread_time() - started < 0.5
