"""Where statements end, what an answer says, and what COPY reads."""

from __future__ import annotations

import asyncpg
import pytest
from headrace.adapters.base import Deferred, Response
from headrace.adapters.errors import DatabaseError
from headrace.adapters.postgres.message import Message, response_of
from headrace.adapters.postgres.statements import alters_session, names_session, split, split_last
from headrace.adapters.postgres.text_copy import csv_chunks
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        ("a; b ;c", ["a", "b", "c"]),
        ("select ';'; select \"a;b\"", ["select ';'", 'select "a;b"']),
        ("select 'it''s;'; b", ["select 'it''s;'", "b"]),
        (r"select E'\';'; b", [r"select E'\';'", "b"]),
        ("a -- ; not here\n; b", ["a -- ; not here", "b"]),
        ("/* ; /* ; */ ; */ a; b", ["/* ; /* ; */ ; */ a", "b"]),
        ("do $$ begin; end $$; b", ["do $$ begin; end $$", "b"]),
        ("do $x$ ; $$ ; $x$; b", ["do $x$ ; $$ ; $x$", "b"]),
        ("select $1; b", ["select $1", "b"]),
        (";;  ; -- nothing\n", []),
    ],
)
def test_statements_end_at_their_semicolons_alone(sql: str, statements: list[str]) -> None:
    assert split(sql) == statements


def test_last_statement_is_told_from_what_stands_before() -> None:
    assert split_last("select 1;") == ("", "select 1")
    assert split_last("a; b; select ';' ;") == ("a;\nb", "select ';'")


@given(st.text(alphabet=";'\"$-/*\n aeE\\1", max_size=30))
def test_nothing_of_a_script_is_lost(sql: str) -> None:
    kept = "".join("".join(split(sql)).split()).replace(";", "")
    meant = "".join(sql.split()).replace(";", "")

    assert kept == meant or "--" in sql or "/*" in sql


@pytest.mark.parametrize(
    ("tag", "response"),
    [
        ("SELECT 4", Response("SELECT 4", "SELECT", 4)),
        ("INSERT 0 5", Response("INSERT 0 5", "INSERT", 5)),
        ("CREATE TABLE", Response("CREATE TABLE", "CREATE TABLE", None)),
        ("", Response("", None, None)),
    ],
)
def test_command_tags_are_read(tag: str, response: Response) -> None:
    assert response_of(tag) == response


def test_definition_whose_answer_is_not_told_answers_in_its_own_words() -> None:
    parts = [
        Deferred("/* a */ create or replace view x as select 1"),
        Deferred("drop materialized view if exists x"),
        Deferred("delete from y"),
    ]

    Message(parts, begins=True, commits=False).note_answers("DELETE 3")

    assert [part.response.message for part in parts if part.response] == [
        "CREATE VIEW",
        "DROP MATERIALIZED VIEW",
        "DELETE 3",
    ]


def test_error_behind_a_statement_is_that_statements() -> None:
    message = Message([Deferred("select (1"), Deferred("drop view x")], begins=True, commits=True)
    place = message.sql.index("(1") + len("(1") + 2
    error = asyncpg.PostgresError.new(
        {"C": "42601", "S": "ERROR", "M": 'syntax error at or near ";"', "P": str(place)}
    )

    explained = message.error(error)

    assert explained.sql == "select (1"
    assert str(explained).endswith("LINE 1: select (1\n                 ^")


@pytest.mark.parametrize(
    ("sql", "alters"),
    [
        ("set search_path = x", True),
        ("create temp table t (id int)", True),
        ("select set_config('a', 'b', false)", True),
        ("create table settings as select offset_id from temporary_events", False),
        ("create table a as (\nselect 'load' as label, set, lock from b\n);", False),
        ("/* a */ update a set b = 1", False),
        (
            "with a as (select 1) insert into b select * from a on conflict do update set c = 1",
            False,
        ),
        ("select 1; set search_path = x", True),
        ("create table a as select run('set search_path = x')", True),
        ("create table a as select run($$ SET search_path = x$$)", True),
        ("do $$ begin set search_path = x; end $$", True),
        ("create table pg_temp.a as select 1", True),
        ("select pg_advisory_lock(1)", True),
        ("create or replace unlogged table a as select 'lock' as b", False),
        ("create function a() returns void set search_path = x as 'select 1' language sql", True),
    ],
)
def test_what_a_later_user_would_notice_is_seen(sql: str, alters: bool) -> None:
    assert alters_session(sql) is alters
    assert names_session(sql) or not alters


async def test_rows_become_csv_in_which_null_is_nothing() -> None:
    chunks = [chunk async for chunk in csv_chunks([[(1, None, ""), (2.5, 'a"b', "c,\n")]])]

    assert chunks == [b'1,,""\n2.5,"a""b","c,\n"\n']


async def test_character_that_postgresql_cannot_keep_is_an_error() -> None:
    with pytest.raises(DatabaseError, match="NUL"):
        [chunk async for chunk in csv_chunks([[("a\0b",)]])]
