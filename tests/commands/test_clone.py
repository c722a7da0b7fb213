"""`clone`: the state's relations in the target's schema, without building them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..building.support import rows, run
from ..conftest import WriteProject
from .test_deferral import MORE, STATE, with_production


@pytest.fixture
async def shop(write_project: WriteProject) -> Path:
    return await with_production(write_project(MORE))


def developer_relations(root: Path) -> dict[str, str]:
    return dict(
        rows(root, "select name, type from sqlite_master where name not like 'sqlite%'", "dev.db")
    )


async def test_models_seeds_and_snapshots_are_cloned(shop: Path) -> None:
    (shop / "models/model_1.sql").write_text("select nothing")

    ran = await run(shop, "clone", state=STATE)

    assert ran.exit_code == 0, ran.outcome
    names = {"countries", "model_1", "model_2", "model_3", "seen"}
    assert ran.statuses.keys() == names
    # Each schema of SQLite is a file of its own, into which no view reaches.
    assert developer_relations(shop) == dict.fromkeys(names, "table")
    assert rows(shop, "select id from model_1", "dev.db") == [(1,)]


async def test_what_is_there_stays_but_for_a_full_refresh(shop: Path) -> None:
    (shop / "models/model_1.sql").write_text("select 7 as id")
    await run(shop, select=("model_1",))

    kept = await run(shop, "clone", select=("model_1",), state=STATE)
    kept_rows = rows(shop, "select id from model_1", "dev.db")
    await run(shop, "clone", select=("model_1",), state=STATE, full_refresh=True)

    assert kept.result("model_1").message == "No-op"
    assert kept_rows == [(7,)]
    assert rows(shop, "select id from model_1", "dev.db") == [(1,)]


async def test_selection_and_types_narrow_it(shop: Path) -> None:
    ran = await run(shop, "clone", select=("+model_3",), resource_types=("model",), state=STATE)

    assert ran.statuses.keys() == {"model_1", "model_3"}


async def test_node_that_the_state_does_not_have_is_told(shop: Path) -> None:
    (shop / "models/model_4.sql").write_text("select 4 as id")

    ran = await run(shop, "clone", select=("model_4",), state=STATE)

    assert ran.exit_code == 0
    assert ran.result("model_4").message == "No relation found in state manifest"
    assert developer_relations(shop) == {}


async def test_relation_that_is_gone_fails_alone(shop: Path) -> None:
    rows(shop, "drop table model_1", "prod.db")

    ran = await run(shop, "clone", state=STATE)

    assert ran.exit_code == 1
    assert [name for name, status in ran.statuses.items() if status == "error"] == ["model_1"]
    assert "model_2" in developer_relations(shop)


async def test_clone_into_its_own_schema_changes_nothing(shop: Path) -> None:
    before = rows(shop, "select name, sql from sqlite_master", "prod.db")

    ran = await run(shop, "clone", state=STATE, target="prod", full_refresh=True)

    assert {result.message for result in ran.outcome.results} == {"No-op"}
    assert rows(shop, "select name, sql from sqlite_master", "prod.db") == before


async def test_what_is_to_be_its_own_clone_must_be_there(shop: Path) -> None:
    rows(shop, "drop table model_1", "prod.db")

    ran = await run(shop, "clone", state=STATE, target="prod")

    assert ran.exit_code == 1
    assert [name for name, status in ran.statuses.items() if status == "error"] == ["model_1"]
    assert "isn't there, and the state has it under this very name" in ran.error("model_1")


async def test_hooks_and_contracts_are_left_to_the_build(shop: Path) -> None:
    (shop / "models/model_1.sql").write_text(
        "{{ config(pre_hook='nonsense', contract={'enforced': true}) }} select 'a' as other"
    )
    (shop / "models/more.yml").write_text(
        "models: [{name: model_1, columns: [{name: other, data_type: text}]}]"
    )

    ran = await run(shop, "clone", select=("model_1",), state=STATE)

    assert ran.exit_code == 0, ran.outcome
    assert rows(shop, "select id from model_1", "dev.db") == [(1,)]


async def test_clone_needs_a_state(shop: Path) -> None:
    ran = await run(shop, "clone")

    assert ran.exit_code == 2
    assert "--state or --defer-state are required" in str(ran.outcome.error)


async def test_clone_that_failed_is_retried(shop: Path) -> None:
    rows(shop, "alter table model_1 rename to away", "prod.db")
    await run(shop, "clone", state=STATE)
    rows(shop, "alter table away rename to model_1", "prod.db")

    ran = await run(shop, "retry")

    assert ran.exit_code == 0
    assert [*ran.statuses] == ["model_1"]
    assert rows(shop, "select id from model_1", "dev.db") == [(1,)]
