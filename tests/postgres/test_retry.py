"""`retry` on PostgreSQL after kill -9: what was built stays, and the rest is built."""

from __future__ import annotations

from .support import Shop
from .test_cancel import started, until_sleeping


async def test_killed_run_is_taken_up_again(shop: Shop) -> None:
    shop.table("quick", "select 1 as id")
    shop.table("slow", "select id, pg_sleep(60)::text as nap from {{ ref('quick') }}")
    shop.view("below", "select id from {{ ref('slow') }}")
    with started(shop) as process:
        await until_sleeping(shop, 1)
        ((built,),) = await shop.fetch("select '{schema}.quick'::regclass::oid")
        process.kill()
    shop.table("slow", "select id from {{ ref('quick') }}")

    ran = await shop.run("retry")

    assert ran.exit_code == 0
    assert [*ran.statuses] == ["slow", "below"]
    assert await shop.relations() == {"quick": "r", "slow": "r", "below": "v"}
    assert await shop.fetch("select '{schema}.quick'::regclass::oid") == [(built,)]
