"""Between two attempts of a swap nothing is kept locked that others need."""

from __future__ import annotations

from typing import Any

import pytest
from headrace.adapters.postgres.relation_swap import RelationSwap

from .support import Shop

LOCKED = """
select c.relname from pg_locks as l join pg_class as c on c.oid = l.relation
where c.relname in ('orders', 'kinds', 'over_kinds')
  and c.relnamespace = '{schema}'::regnamespace
  and l.pid in (select pid from pg_stat_activity where application_name like 'headrace%')
"""


async def test_to_be_told_what_hangs_on_a_view_keeps_no_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.table("orders", "select 1 as id, 'a' as kind")
    shop.view("kinds", "select kind from {{ ref('orders') }}")
    shop.view("over_kinds", "select kind from {{ ref('kinds') }}")
    await shop.build()
    shop.table("orders", "select 1 as id")
    give_up, locked = RelationSwap._give_up, []

    async def giving_up(self: RelationSwap, *arguments: Any) -> None:
        await give_up(self, *arguments)
        locked.append(await shop.fetch(LOCKED))

    monkeypatch.setattr(RelationSwap, "_give_up", giving_up)
    await shop.build(select=("orders",))

    assert len(locked) > 0
    assert [names for names in locked if names] == []
