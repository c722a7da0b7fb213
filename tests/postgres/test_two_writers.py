"""Two runs at once write to the same table, with no lock between them but the table's own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from ..building.support import Ran
from .support import Shop

GATE = 4_711

# Who reads this waits until the test opens the gate. It is let through to the end of its
# transaction, so that the gate can't be shut before it has written.
BEHIND_GATE = f"(select pg_advisory_xact_lock_shared({GATE})::text) is not null"

INCREMENTAL = "{{{{ config(materialized='incremental', {}) }}}}\n"
MICROBATCH = (
    "materialized='incremental', incremental_strategy='microbatch', event_time='at', "
    "begin='2020-01-01', batch_size='day'"
)


class Gate:
    """What two runs have to pass between reading a table and writing to it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.met = (0, 0)
        """Who was waiting, as `waiting` says it, when the gate was opened."""

    async def waiting(self) -> tuple[int, int]:
        """How many wait at the gate, and how many for a table, or for who makes it."""
        ((at_gate, for_table),) = await self._shop.fetch(
            "select count(*) filter (where wait_event = 'advisory'), "
            "count(*) filter (where wait_event in ('relation', 'transactionid')) "
            "from pg_stat_activity where application_name like 'headrace%' "
            "and wait_event_type = 'Lock'"
        )
        return at_gate, for_table

    async def run_two(self, command: str, *, between: Callable[[], Awaitable[None]]) -> list[Ran]:
        """Start a run, do something when it has come to the gate, start another, and open."""
        async with self._shop.server.connect() as driver:
            await driver.execute(f"select pg_advisory_lock({GATE})")
            first = asyncio.ensure_future(self._shop.run(command, lock=False))
            await self._until(first, at_gate=1)
            await between()
            second = asyncio.ensure_future(self._shop.run(command, lock=False))
            await self._until(second, at_gate=2, or_for_table=1)
            self.met = await self.waiting()
            await driver.execute(f"select pg_advisory_unlock({GATE})")
            return [await first, await second]

    async def _until(
        self, run: asyncio.Future[Ran], *, at_gate: int, or_for_table: int | None = None
    ) -> None:
        while True:
            assert not run.done(), run.result().outcome.results
            there, for_table = await self.waiting()
            if there >= at_gate or (or_for_table is not None and for_table >= or_for_table):
                return
            await anyio.sleep(0.01)


async def nothing() -> None:
    pass


def write_snapshot(shop: Shop, config: str = "strategy='check', check_cols='all'") -> None:
    shop.write(
        "snapshots/kept.sql",
        f"{{% snapshot kept %}}{{{{ config(unique_key='id', {config}) }}}}\n"
        f"select id, said from {{{{ target.schema }}}}.raw where {BEHIND_GATE}\n"
        "{% endsnapshot %}",
    )


async def fill(shop: Shop, said: str, count: int = 5) -> None:
    await shop.execute(
        "create table if not exists {schema}.raw (id int, said text); truncate {schema}.raw; "
        f"insert into {{schema}}.raw select n, '{said}' from generate_series(1, {count}) as n"
    )


@pytest.mark.parametrize(
    "config",
    [
        "strategy='check', check_cols='all'",
        "strategy='check', check_cols=['said'], hard_deletes='new_record'",
        "strategy='check', check_cols='all', hard_deletes='invalidate'",
    ],
)
async def test_snapshot_has_one_current_row_of_each_key(shop: Shop, config: str) -> None:
    write_snapshot(shop, config)
    await fill(shop, "once")
    await shop.build(command="snapshot")

    for number in range(3):
        await fill(shop, f"again {number}")
        ran = await Gate(shop).run_two("snapshot", between=nothing)

        assert [each.exit_code for each in ran] == [0, 0]
        assert await shop.fetch(
            "select count(*), count(*) filter (where dbt_valid_to is null) from {schema}.kept"
        ) == [(5 * (number + 2), 5)]


async def test_snapshot_that_two_begin_is_begun_once(shop: Shop) -> None:
    write_snapshot(shop)
    await fill(shop, "once")

    ran = await Gate(shop).run_two("snapshot", between=nothing)

    assert [each.exit_code for each in ran] == [0, 0]
    assert await shop.fetch("select id, said, dbt_valid_to from {schema}.kept order by 1") == [
        (number, "once", None) for number in range(1, 6)
    ]


async def test_snapshot_that_somebody_has_begun_meanwhile_is_gone_on_with(shop: Shop) -> None:
    write_snapshot(shop)
    await fill(shop, "once")
    await shop.build(command="snapshot")
    await shop.execute("alter table {schema}.kept rename to begun")
    await fill(shop, "again")
    # By then the run has listed what is in the schema.
    hook = "alter table {{ target.schema }}.begun rename to kept"
    write_snapshot(
        shop,
        f"strategy='check', check_cols='all', pre_hook={{'sql': '{hook}', 'transaction': false}}",
    )

    await shop.build(command="snapshot")

    assert await shop.fetch(
        "select said, count(*), count(dbt_valid_to) from {schema}.kept group by 1 order by 1"
    ) == [("again", 5, 0), ("once", 5, 5)]


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ("unique_key='id'", ""),
        ("unique_key=['id', 'said']", ""),
        ("unique_key='id', incremental_strategy='merge'", ""),
        # What they append is what the table hasn't got yet.
        (
            "incremental_strategy='append'",
            "and not exists (select from {{ this }} t where t.id = raw.id)",
        ),
        ("incremental_strategy='own', unique_key='id'", ""),
    ],
)
async def test_incremental_model_has_each_row_once(shop: Shop, config: str, where: str) -> None:
    shop.write(
        "macros/own.sql",
        "{% macro get_incremental_own_sql(arguments) %}"
        "{{ get_incremental_delete_insert_sql(arguments) }}{% endmacro %}",
    )
    shop.write(
        "models/kept.sql",
        INCREMENTAL.format(config)
        + f"select id, said from {{{{ target.schema }}}}.raw where {BEHIND_GATE} "
        f"{{% if is_incremental() %}}{where}{{% endif %}}",
    )
    await fill(shop, "said", 2)
    await shop.build()

    for count in range(4, 7):
        await fill(shop, "said", count)
        ran = await Gate(shop).run_two("run", between=nothing)

        assert [each.exit_code for each in ran] == [0, 0]
        assert await shop.fetch("select id from {schema}.kept order by 1") == [
            (number,) for number in range(1, count + 1)
        ]


@pytest.mark.parametrize("strategy", ["delete+insert", "merge"])
async def test_rows_that_were_read_first_do_not_replace_those_read_later(
    shop: Shop, strategy: str
) -> None:
    shop.write(
        "models/kept.sql",
        INCREMENTAL.format(f"unique_key='id', incremental_strategy='{strategy}'")
        + f"select id, said from {{{{ target.schema }}}}.raw where {BEHIND_GATE}",
    )
    await fill(shop, "once")
    await shop.build()
    gate = Gate(shop)

    async def say_more() -> None:
        await shop.execute("update {schema}.raw set said = 'later'")

    ran = await gate.run_two("run", between=say_more)

    assert [each.exit_code for each in ran] == [0, 0]
    assert gate.met == (1, 1)
    assert await shop.fetch("select distinct said from {schema}.kept") == [("later",)]


@pytest.mark.parametrize(
    ("where", "met"),
    [
        ("", (2, 0)),
        ("and not exists (select from {{ this }} as t where t.id < 0)", (1, 1)),
    ],
    ids=["reads others alone", "reads itself"],
)
async def test_batches_are_worked_out_together_unless_they_read_their_table(
    shop: Shop, where: str, met: tuple[int, int]
) -> None:
    shop.write(
        "models/kept.sql",
        f"{{{{ config({MICROBATCH}, lookback=0) }}}}\n"
        f"select 1 as id, now()::timestamp as at where {BEHIND_GATE} "
        f"{{% if is_incremental() %}}{where}{{% endif %}}",
    )
    await shop.build(event_time_start="2020-01-01", event_time_end="2020-01-02")
    gate = Gate(shop)

    ran = await gate.run_two("run", between=nothing)

    assert [each.exit_code for each in ran] == [0, 0]
    assert gate.met == met


@pytest.mark.parametrize("more", ["", ", unique_key='id'", ", concurrent_batches=true"])
async def test_batches_have_each_row_once(shop: Shop, more: str) -> None:
    shop.write("models/days.yml", "models: [{name: days, config: {event_time: at}}]")
    shop.table(
        "days",
        "select n as id, timestamp '2020-01-01' + n * interval '6 hours' as at "
        "from generate_series(0, 19) as n",
    )
    shop.write(
        "models/kept.sql",
        f"{{{{ config({MICROBATCH}{more}) }}}}\n"
        f"select * from {{{{ ref('days') }}}} where {BEHIND_GATE}",
    )
    days = {"event_time_start": "2020-01-01", "event_time_end": "2020-01-06"}
    await shop.build(**days)

    ran = await two_runs_of_batches(shop, days)

    errors = [result.error for each in ran for result in each.outcome.results]
    assert [each.exit_code for each in ran] == [0, 0], errors
    assert await shop.fetch("select id from {schema}.kept order by 1") == [
        (number,) for number in range(20)
    ]


async def two_runs_of_batches(shop: Shop, options: dict[str, Any]) -> list[Ran]:
    """Two runs that are let through whenever neither can go on by itself."""
    options = {**options, "lock": False, "select": ("kept",)}
    async with shop.server.connect() as driver:
        await driver.execute(f"select pg_advisory_lock({GATE})")
        runs = [asyncio.ensure_future(shop.run("run", **options)) for _ in range(2)]
        while not all(run.done() for run in runs):
            at_gate, for_table = await Gate(shop).waiting()
            if at_gate >= 2 or (at_gate and for_table):
                await driver.execute(f"select pg_advisory_unlock({GATE})")
                await driver.execute(f"select pg_advisory_lock({GATE})")
            elif at_gate and any(run.done() for run in runs):
                await driver.execute(f"select pg_advisory_unlock({GATE})")
            await anyio.sleep(0.01)
        return [await run for run in runs]


async def test_seed_that_two_fill_has_each_row_once(shop: Shop) -> None:
    shop.write("seeds/kept.csv", "id\n1\n2\n")
    await shop.build(command="seed")
    # A seed has no SQL: who empties it comes to the gate.
    await shop.execute(
        "create function {schema}.meet() returns trigger language plpgsql as $$ begin "
        f"perform pg_advisory_xact_lock_shared({GATE}); return null; end $$;"
        "create trigger meet after delete on {schema}.kept execute function {schema}.meet()"
    )

    ran = await Gate(shop).run_two("seed", between=nothing)

    assert [each.exit_code for each in ran] == [0, 0]
    assert await shop.fetch("select id from {schema}.kept order by 1") == [(1,), (2,)]


async def test_readers_are_not_kept_waiting_by_a_writer_that_waits(shop: Shop) -> None:
    write_snapshot(shop)
    await fill(shop, "once")
    await shop.build(command="snapshot")
    await fill(shop, "again")
    seen: list[object] = []

    async def read() -> None:
        seen.extend(await shop.fetch("select distinct said from {schema}.kept"))

    await Gate(shop).run_two("snapshot", between=read)

    assert seen == [("once",)]


async def test_writer_that_never_gets_its_turn_says_who_has_it(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0.2)
    write_snapshot(shop)
    await fill(shop, "once")
    await shop.build(command="snapshot")
    await fill(shop, "again")

    async with shop.holding("update {schema}.kept set id = id"):
        ran = await shop.run("snapshot", lock=False)

    error = ran.error("kept")
    assert (
        f"{shop.schema}.kept is being written to: for 0.2 s it was kept locked by the session"
        in error
    )
    assert "run_lock_timeout" in error
    assert ran.exit_code == 1
    assert await shop.fetch("select distinct said from {schema}.kept") == [("once",)]


async def test_reader_of_the_table_is_not_waited_for(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0)
    write_snapshot(shop)
    await fill(shop, "once")
    await shop.build(command="snapshot")
    await fill(shop, "again")

    async with shop.holding("select * from {schema}.kept"):
        await shop.build(command="snapshot", lock=False)

    assert await shop.fetch("select count(*) from {schema}.kept") == [(10,)]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_two_runs_at_once_in_any_order_many_times(shop: Shop) -> None:
    write_snapshot(shop)
    shop.write("seeds/numbers.csv", "id\n1\n2\n")
    for name, config in (("keyed", "unique_key='id'"), ("appended", "")):
        shop.write(
            f"models/{name}.sql",
            INCREMENTAL.format(config)
            + "select id, said from {{ target.schema }}.raw {% if is_incremental() %}"
            "where not exists (select from {{ this }} t where t.id = raw.id and t.said = raw.said)"
            "{% endif %}",
        )
    await fill(shop, "0")
    await shop.build(command="build")

    async def run_after(seconds: float) -> Ran:
        await anyio.sleep(seconds)
        return await shop.run("build", lock=False)

    for number in range(1, 31):
        await fill(shop, str(number))
        ran = await asyncio.gather(*(run_after(random.uniform(0, 0.3)) for _ in range(2)))

        errors = [result.error for each in ran for result in each.outcome.results]
        assert [each.exit_code for each in ran] == [0, 0], errors
        versions = number + 1
        assert await shop.fetch(
            "select (select count(*) from {schema}.kept), "
            "(select count(*) from {schema}.kept where dbt_valid_to is null), "
            "(select count(*) from {schema}.keyed), (select count(*) from {schema}.appended), "
            "(select count(*) from {schema}.numbers)"
        ) == [(5 * versions, 5, 5, 5 * versions, 2)]
