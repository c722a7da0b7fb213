"""A session of the pool: what it tells of a query, and what of it is gone for the next node."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from headrace.engine.core.events import NodeCommitting

from ..building.support import Ran
from .support import Shop

EVENTS = "{{ config(materialized='incremental'HOOK) }} select 1 as id"


def write_events(shop: Shop, name: str, hook: str = "") -> None:
    """Write a model that adds rows, so that its transaction is asked for its name."""
    shop.write(f"models/{name}.sql", EVENTS.replace("HOOK", f", pre_hook={hook!r}" if hook else ""))


async def test_query_of_a_template_tells_how_many_rows_it_gave(shop: Shop) -> None:
    shop.table(
        "orders",
        "{% call statement('asked', fetch_result=true) %}"
        "select * from generate_series(1, 3){% endcall %}"
        "{% set response = load_result('asked').response %}"
        "select '{{ response }}' as said, '{{ response.rows_affected }}' as count",
    )

    await shop.build()

    assert await shop.fetch("select said, count from {schema}.orders") == [("SELECT 3", "3")]


async def test_what_a_node_has_set_is_gone_for_the_next_one(shop: Shop) -> None:
    """What is kept prepared goes with it, and is prepared again."""
    shop.profile(threads=1)
    hook = "set work_mem = '7MB'; create temporary table mine as select 1 as id"
    write_events(shop, "a", hook)
    write_events(shop, "b", hook)
    seen = "select current_setting('work_mem') as work_mem, to_regclass('mine')::text as mine"
    shop.table("c", f"{seen}, current_setting('application_name') as name")
    await shop.build()

    ran = await shop.build()

    assert [result.adapter_response.get("attempts", 1) for result in ran.outcome.results] == [1] * 3
    ((work_mem, mine, name),) = await shop.fetch("select work_mem, mine, name from {schema}.c")
    assert (work_mem, mine) == ((await shop.fetch("show work_mem"))[0][0], None)
    assert name.startswith("headrace")


async def test_session_of_a_table_whose_sql_only_says_such_words_is_kept_as_it_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To make it new takes two messages, and loses what is prepared."""
    execute = asyncpg.Connection.execute
    sent: list[str] = []

    async def noting(self: asyncpg.Connection, query: str, *arguments: Any, **more: Any) -> str:
        sent.append(query)
        return str(await execute(self, query, *arguments, **more))

    monkeypatch.setattr(asyncpg.Connection, "execute", noting)
    shop.table("orders", "select 'load' as origin, 1 as lock -- set")

    await shop.build()

    assert any("orders" in sql for sql in sent)
    assert not any("DISCARD" in sql for sql in sent)


async def test_session_of_which_the_driver_has_lost_track_is_ended(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.table("orders", "select 1 as id")
    execute = asyncpg.Connection.execute
    sent: list[str] = []

    async def losing_track(
        self: asyncpg.Connection[asyncpg.Record], query: str, *arguments: Any, **options: Any
    ) -> str:
        if "create" in query and not sent:
            sent.append(query)
            raise asyncpg.InternalClientError("cannot switch to state 15")
        return await execute(self, query, *arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", losing_track)
    ran = await shop.build()

    assert ran.result("orders").adapter_response["attempts"] == 2
    assert len(sent) == 1
    await shop.server.assert_nothing_left(shop.schema)


def committing(ran: Ran) -> dict[str, bool]:
    """The nodes whose transactions were named, and whether they were done with them."""
    return {
        event.node.name: event.completes
        for event in ran.events
        if isinstance(event, NodeCommitting)
    }


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "again"])
async def test_transaction_is_named_where_it_may_not_be_done_twice(
    shop: Shop, is_first: bool
) -> None:
    """To ask for a name costs a message, and a table may be built twice."""
    write_events(shop, "added")
    shop.table("plain", "select 1 as id")
    shop.view("seen", "select 1 as id")
    shop.write(
        "models/hooked.sql",
        "{{ config(materialized='table', post_hook='select 1') }} select 1 as id",
    )
    shop.write(
        "snapshots/kept.sql",
        "{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        "select 1 as id{% endsnapshot %}",
    )
    if not is_first:
        await shop.build(command="build")

    ran = await shop.build(command="build")

    adding = {} if is_first else {"added": True, "kept": True}
    assert committing(ran) == {"hooked": True, **adding}
