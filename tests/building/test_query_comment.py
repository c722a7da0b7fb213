"""`query-comment`: what every statement carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from headrace.adapters.comment import StatementComment
from headrace.adapters.sqlite.batch import Batch

from .support import PROJECT, relations, rows, run


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement as SQLite gets it."""
    statements: list[str] = []
    run_batch = Batch.run

    def run_traced(batch: Batch, database: Any, known: Any) -> None:
        database.set_trace_callback(statements.append)
        try:
            run_batch(batch, database, known)
        finally:
            database.set_trace_callback(None)

    monkeypatch.setattr(Batch, "run", run_traced)
    return statements


def shop(root: Path, comment: object = None) -> Path:
    """A project with one model, and this query comment unless it is None."""
    (root / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev: {type: sqlite, path: shop.db}\n"
    )
    text = "" if comment is None else f"query-comment: {json.dumps(comment)}\n"
    (root / "dbt_project.yml").write_text(PROJECT + text)
    (root / "models").mkdir()
    (root / "models" / "orders.sql").write_text("select 1 as id;")
    return root


def of_the_model(sent: list[str]) -> str:
    (found,) = (sql for sql in sent if "create view" in sql)
    return found


async def test_the_standard_comment_names_program_profile_target_and_node(
    tmp_path: Path, sent: list[str]
) -> None:
    await run(shop(tmp_path))

    comment, _, _ = of_the_model(sent).partition("\n")
    data = json.loads(comment.removeprefix("/* ").removesuffix(" */"))
    assert data.pop("dbt_version")
    assert data == {
        "app": "headrace",
        "profile_name": "shop",
        "target_name": "dev",
        "node_id": "model.shop.orders",
    }


async def test_the_comment_is_no_part_of_what_is_built(tmp_path: Path) -> None:
    await run(shop(tmp_path, {"comment": "appended", "append": True}))

    ((sql,),) = rows(tmp_path, "select sql from sqlite_master")
    assert "appended" not in sql


async def test_a_text_stands_in_its_place(tmp_path: Path, sent: list[str]) -> None:
    await run(shop(tmp_path, "nightly load"))

    assert of_the_model(sent).startswith("/* nightly load */\n")


async def test_it_can_stand_behind(tmp_path: Path, sent: list[str]) -> None:
    root = shop(tmp_path, {"comment": "nightly load", "append": True})
    (root / "models" / "orders.sql").write_text(
        "{{ config(post_hook='select 42;') }} select 1 as id"
    )

    await run(root)

    assert "select 42\n/* nightly load */;" in sent
    assert relations(tmp_path) == {"orders": "view"}


@pytest.mark.parametrize("comment", ["", {"comment": ""}, "{{ '' }}"])
async def test_an_empty_one_is_none(tmp_path: Path, sent: list[str], comment: object) -> None:
    await run(shop(tmp_path, comment))

    assert "/*" not in of_the_model(sent)


async def test_a_macro_can_write_it(tmp_path: Path, sent: list[str]) -> None:
    root = shop(tmp_path, "{{ whose(node, connection_name) }}")
    (root / "macros").mkdir()
    (root / "macros" / "whose.sql").write_text(
        "{% macro whose(node, name) %}{% if node %}"
        "{{ return(tojson({'name': node.name, 'x': node.nothing,"
        " 'on': target.name, 'connection': name})) }}{% endif %}{% endmacro %}"
    )

    ran = await run(root)

    assert ran.exit_code == 0, ran.outcome.results
    assert of_the_model(sent).startswith(
        '/* {"name": "orders", "x": "", "on": "dev", "connection": "model.shop.orders"} */'
    )


async def test_without_a_node_it_names_the_connection(tmp_path: Path, sent: list[str]) -> None:
    root = shop(tmp_path)
    (root / "macros").mkdir()
    (root / "macros" / "ask.sql").write_text(
        "{% macro ask() %}{% do run_query('select 42') %}{% endmacro %}"
    )

    await run(root, "run-operation", macro="ask")

    (asked,) = (sql for sql in sent if "select 42" in sql)
    assert '"connection_name": "macro_ask"' in asked


async def test_one_that_would_end_the_comment_is_refused(tmp_path: Path) -> None:
    ran = await run(shop(tmp_path, "done */ drop table orders"))

    assert 'query comment contains illegal value "*/"' in str(ran.outcome.error)
    assert ran.exit_code == 2


@pytest.mark.parametrize("command", ["run", "parse", "ls", "compile"])
async def test_a_template_that_fails_without_a_node_ends_each_command(
    tmp_path: Path, command: str
) -> None:
    ran = await run(shop(tmp_path, "{{ nobody() }}"), command)

    assert "'nobody' is undefined" in str(ran.outcome.error)
    assert (ran.exit_code, ran.outcome.results) == (2, ())


async def test_a_template_that_fails_for_a_node_is_the_nodes_error(tmp_path: Path) -> None:
    ran = await run(shop(tmp_path, "{% if node %}{{ nobody() }}{% endif %}"))

    assert "'nobody' is undefined" in ran.error("orders")
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    ("sql", "whole"),
    [
        ("select 1", "select 1\n/* c */"),
        ("select 1;\n", "select 1\n/* c */;"),
        ("select 1 -- one", "select 1 -- one\n/* c */"),
    ],
)
def test_a_comment_behind_stands_before_the_last_semicolon(sql: str, whole: str) -> None:
    assert StatementComment("c", is_appended=True).on(sql) == whole
