"""What may pass is tried again; what somebody has to mend is not."""

from __future__ import annotations

import asyncio
import time

import anyio
import anyio.lowlevel
import pytest
from headrace import Status

from .support import TABLE, Shop

FAILING = """
create sequence {schema}.tries;
create function {schema}.fails(times int, code text) returns int language plpgsql as $$
begin
  if nextval('{schema}.tries') <= times then
    raise exception 'as told' using errcode = code;
  end if;
  return 1;
end $$
"""


SLEEPING = (
    "select pid from pg_stat_activity where query like '%pg_sleep%' and state = 'active' "
    "and application_name like 'headrace%'"
)


async def until_found(shop: Shop, sql: str) -> None:
    """Ask until there is an answer."""
    for _ in range(3_000):
        if await shop.fetch(sql):
            return
        await anyio.sleep(0.02)
    pytest.fail(f"nothing was ever found by {sql}")


async def tries(shop: Shop) -> int:
    ((count,),) = await shop.fetch("select last_value from {schema}.tries")
    return int(count)


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_what_another_transaction_was_in_the_way_of_is_done_again(
    shop: Shop, code: str
) -> None:
    await shop.execute(FAILING)
    shop.table("orders", f"select {shop.schema}.fails(2, '{code}') as id")

    ran = await shop.build()

    assert await shop.fetch("select id from {schema}.orders") == [(1,)]
    assert ran.result("orders").adapter_response["attempts"] == 3
    assert [line[: line.index("failed")] for line in ran.warnings] == [
        "attempt 1 at model orders ",
        "attempt 2 at model orders ",
    ]


async def test_it_is_given_up_after_the_profiles_retries(shop: Shop) -> None:
    shop.profile(retries=1)
    await shop.execute(FAILING)
    shop.table("orders", f"select {shop.schema}.fails(9, '40P01') as id")

    ran = await shop.run()

    assert ran.exit_code == 1
    assert await tries(shop) == 2
    assert "as told" in ran.error("orders")


@pytest.mark.parametrize("code", ["22012", "42501", "53100", "23505"])
async def test_what_somebody_has_to_mend_is_not_done_again(shop: Shop, code: str) -> None:
    await shop.execute(FAILING)
    shop.table("orders", f"select {shop.schema}.fails(9, '{code}') as id")

    ran = await shop.run()

    assert ran.exit_code == 1
    assert await tries(shop) == 1
    assert ran.warnings == []


async def test_backend_terminated_while_building_is_replaced(shop: Shop) -> None:
    await shop.execute("create sequence {schema}.tries")
    pause = f"case when nextval('{shop.schema}.tries') = 1 then 60 else 0 end"
    shop.table("orders", f"select 1 as id from (select pg_sleep({pause})) as pause")

    async with anyio.create_task_group() as tasks:

        async def terminate() -> None:
            await until_found(shop, SLEEPING.replace("pid", "pg_terminate_backend(pid)", 1))

        tasks.start_soon(terminate)
        ran = await shop.build()

    assert ran.result("orders").adapter_response["attempts"] == 2
    assert await shop.fetch("select id from {schema}.orders") == [(1,)]


async def test_backend_terminated_while_swapping_is_replaced(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    shop.profile(retry_backoff=0.01, lock_timeout=30)
    shop.table("orders", "select 2 as id")
    waiting = (
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' "
        "and application_name like 'headrace%'"
    )

    async with anyio.create_task_group() as tasks:

        async def hold_and_terminate() -> None:
            async with shop.holding("select * from {schema}.orders"):
                await until_found(shop, waiting)

        tasks.start_soon(hold_and_terminate)
        await anyio.sleep(0.1)
        ran = await shop.build()

    assert ran.result("orders").adapter_response["attempts"] == 2
    assert await shop.fetch("select id from {schema}.orders") == [(2,)]


async def test_backends_terminated_while_idle_are_passed_over(shop: Shop) -> None:
    shop.profile(threads=3)
    for name in ("a", "b", "c"):
        shop.table(name, "select 1 as id, pg_sleep(0.05)::text as pause")
    shop.table("slow", "select 1 as id, pg_sleep(0.6)::text as p -- {{ ref('a') }} {{ ref('b') }}")
    for name in ("x", "y", "z"):
        shop.table(name, "select id from {{ ref('slow') }}, (select id as i from {{ ref('c') }}) c")
    idle = SLEEPING.replace("like '%pg_sleep%'", "not like '%pg_sleep%'").replace(
        "'active'", "'idle'"
    )

    async with anyio.create_task_group() as tasks:

        async def terminate() -> None:
            await until_found(shop, SLEEPING)
            await shop.fetch(idle.replace("pid", "pg_terminate_backend(pid)", 1))

        await anyio.lowlevel.checkpoint()
        tasks.start_soon(terminate)
        ran = await shop.build()

    assert set(ran.statuses.values()) == {Status.SUCCESS}


async def test_rows_are_added_once_although_the_commit_was_lost(shop: Shop) -> None:
    shop.write(
        "models/events.sql", "{{ config(materialized='incremental') }} select 1 as id, now() as at"
    )
    await shop.build()
    await shop.execute(
        "create sequence {schema}.tries; create function {schema}.dies() returns trigger "
        "language plpgsql as $$ begin if nextval('{schema}.tries') = 1 then "
        "perform pg_terminate_backend(pg_backend_pid()); end if; return null; end $$;"
        "create constraint trigger dies after insert on {schema}.events "
        "deferrable initially deferred for each row execute function {schema}.dies()"
    )

    ran = await shop.build()

    assert ran.result("events").adapter_response["attempts"] == 2
    assert await shop.fetch("select count(*) from {schema}.events") == [(2,)]


async def test_node_whose_transaction_is_through_is_not_built_again(shop: Shop) -> None:
    await shop.execute(FAILING)
    hook = f"{{'sql': \"select {shop.schema}.fails(1, '40001')\", 'transaction': false}}"
    shop.write(
        "models/events.sql",
        "{{ config(materialized='incremental', post_hook=HOOK) }} select 1 as id".replace(
            "HOOK", hook
        ),
    )

    ran = await shop.run()

    assert ran.statuses == {"events": Status.ERROR}
    assert await tries(shop) == 1
    assert await shop.fetch("select count(*) from {schema}.events") == [(1,)]


async def test_character_that_is_none_is_an_error_of_its_node_alone(shop: Shop) -> None:
    shop.table("broken", "select '{{ '\\ud800' }}' as id")
    shop.table("cut", "select '{{ '\\x00' }}' as id")
    shop.table("fine", "select 1 as id")

    ran = await shop.run()

    assert ran.statuses == {
        "broken": Status.ERROR,
        "cut": Status.ERROR,
        "fine": Status.SUCCESS,
    }
    assert ran.warnings == []


async def test_commit_that_went_through_unheard_counts(private_shop: Shop) -> None:
    shop = private_shop
    shop.write(
        "models/events.sql", "{{ config(materialized='incremental') }} select 1 as id, now() as at"
    )
    await shop.build()
    # COMMIT is durable here, and then waits for a standby that isn't there.
    await shop.execute("alter system set synchronous_standby_names = 'nobody'")
    await shop.execute("alter system set synchronous_commit = on")
    await shop.execute("select pg_reload_conf()")

    async with anyio.create_task_group() as tasks:

        async def terminate() -> None:
            await until_found(
                shop,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where wait_event = 'SyncRep'",
            )

        tasks.start_soon(terminate)
        ran = await shop.run()

    assert ran.statuses == {"events": Status.SUCCESS}
    assert await shop.fetch("select count(*) from {schema}.events") == [(2,)]


async def test_node_that_takes_too_long_is_cancelled_and_says_so(shop: Shop) -> None:
    shop.write(
        "models/slow.sql",
        "{{ config(materialized='table', timeout=0.3) }} select 1 as id, pg_sleep(60)::text as p",
    )
    shop.view("below", "select id from {{ ref('slow') }}")
    shop.table("quick", "select 1 as id")
    began = time.monotonic()

    ran = await shop.run()

    assert time.monotonic() - began < 2
    assert ran.exit_code == 1
    assert ran.statuses == {
        "slow": Status.TIMEOUT,
        "below": Status.SKIPPED,
        "quick": Status.SUCCESS,
    }
    assert "longer than its timeout of 0.3 s" in ran.error("slow")
    assert [sql for _, state, sql in await shop.server.backends() if state == "active"] == []


async def test_query_of_a_node_that_is_too_slow_has_ended_while_the_run_goes_on(shop: Shop) -> None:
    shop.write(
        "models/slow.sql",
        "{{ config(materialized='table', timeout=0.3) }} select 1 as id, pg_sleep(60)::text as p",
    )
    shop.table("patient", "select 1 as id from (select pg_advisory_xact_lock(77)) as gate")
    ended = f"select 1 where not exists ({SLEEPING})"

    async with shop.holding("select pg_advisory_xact_lock(77)"):
        under_way = asyncio.ensure_future(shop.run())
        await until_found(shop, SLEEPING)
        await until_found(shop, ended)
        assert not under_way.done()
    ran = await under_way

    assert ran.statuses == {"slow": Status.TIMEOUT, "patient": Status.SUCCESS}


async def test_node_that_is_too_slow_in_its_last_hook_is_not_there(shop: Shop) -> None:
    hook = "post_hook='select pg_sleep(60)'"
    shop.write(
        "models/slow.sql",
        f"{{{{ config(materialized='table', timeout=0.3, {hook}) }}}} select 1 as id",
    )

    ran = await shop.run()

    assert ran.statuses == {"slow": Status.TIMEOUT}
    assert await shop.relations() == {}


async def test_server_with_few_connections_is_made_do_with(private_shop: Shop) -> None:
    private_shop.profile(threads=30)
    for number in range(40):
        private_shop.table(f"t{number}", "select 1 as id from (select pg_sleep(0.05)) as pause")

    await private_shop.build()

    assert len(await private_shop.relations()) == 40


async def test_server_that_goes_away_is_a_clear_error(private_shop: Shop) -> None:
    shop = private_shop
    shop.profile(retries=1, threads=2)
    shop.table("quick", "select 1 as id")
    shop.table("slow", "select 1 as id from {{ ref('quick') }}, pg_sleep(60)")
    began = time.monotonic()

    async with anyio.create_task_group() as tasks:

        async def stop() -> None:
            await until_found(shop, SLEEPING)
            shop.server.stop()

        tasks.start_soon(stop)
        ran = await shop.run()

    assert time.monotonic() - began < 10
    assert ran.exit_code == 1
    assert ran.statuses == {"quick": Status.SUCCESS, "slow": Status.ERROR}
    assert "check 'host' and 'port'" in ran.error("slow")


async def test_server_that_comes_back_is_gone_on_with(private_shop: Shop) -> None:
    shop = private_shop
    shop.profile(threads=2, retries=5)
    shop.table("quick", "select 1 as id")
    await shop.build()
    await shop.execute("create sequence {schema}.tries")
    pause = "case when nextval('shop.tries') = 1 then 60 else 0 end"
    shop.table("slow", f"select id, pg_sleep({pause})::text as p from {{{{ ref('quick') }}}}")
    shop.table("last", "select id from {{ ref('slow') }}")

    async with anyio.create_task_group() as tasks:

        async def restart() -> None:
            await until_found(shop, SLEEPING)
            # A sequence's value may be lost in a crash; this one is not to be asked again.
            await shop.execute("select nextval('shop.tries'); checkpoint")
            shop.server.stop()
            await anyio.sleep(0.5)
            await anyio.to_thread.run_sync(shop.server.start_again)

        tasks.start_soon(restart)
        ran = await shop.run()

    assert set(ran.statuses.values()) == {Status.SUCCESS}, ran.outcome.results
    # One more, where the server took its time to come back.
    assert int(str(ran.result("slow").adapter_response["attempts"])) >= 2
    assert await shop.fetch("select id from {schema}.last") == [(1,)]


async def test_config_timeout_must_be_a_number_above_zero(shop: Shop) -> None:
    shop.write("models/slow.sql", TABLE.replace("'table'", "'table', timeout=0") + "select 1 as id")

    ran = await shop.run()

    assert ran.exit_code == 2
    assert "config 'timeout' of model 'slow'" in str(ran.outcome.error)


async def test_error_in_sql_names_its_line_of_the_model(shop: Shop) -> None:
    shop.table("orders", "select\n  1 as id,\n  1 / 0 as n,\n  no_such(id) as x\nfrom nothing")

    ran = await shop.run()

    assert 'relation "nothing" does not exist' in ran.error("orders")
    assert "models/orders.sql:6:" in ran.error("orders")
    assert "LINE " in ran.error("orders")
