"""Tests of data on PostgreSQL, where its types differ from what Python counts in."""

from __future__ import annotations

from headrace.engine.core.results import Status

from .support import Shop


async def test_sum_of_counts_is_a_numeric_that_counts_as_a_number(shop: Shop) -> None:
    shop.view("orders", "select 1 as id union all select 1")
    shop.write(
        "models/orders.yml",
        "models: [{name: orders, columns: [{name: id, data_tests: [{unique: "
        "{name: once, config: {fail_calc: sum(n_records)}}}]}]}]\n",
    )

    ran = await shop.run("build")

    assert (ran.result("once").status, ran.result("once").failures) == (Status.FAIL, 2)
