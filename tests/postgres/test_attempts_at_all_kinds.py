"""Hooks, operations and looks at freshness are tried again as models are."""

from __future__ import annotations

import json

import pytest
from headrace import Status

from .support import Shop
from .test_faults import FAILING, tries

PROJECT = "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
CUTTING = """
create function {schema}.cuts(times int) returns int language plpgsql as $$
begin
  if nextval('{schema}.tries') <= times then
    perform pg_terminate_backend(pg_backend_pid()), pg_sleep(5);
  end if;
  return 1;
end $$
"""
AUDIT = "create table {schema}.audit (what text)"


@pytest.fixture
async def failing(shop: Shop) -> Shop:
    """A project with a model, and functions that fail for the first times."""
    await shop.execute(FAILING)
    await shop.execute(CUTTING)
    await shop.execute(AUDIT)
    shop.profile(retry_backoff=0.01)
    shop.table("orders", "select 1 as id")
    return shop


def hooks(shop: Shop, when: str, *texts: str) -> None:
    """Write the project file with these hooks. `{schema}` in them is the schema's name."""
    shop.write(
        "dbt_project.yml",
        PROJECT
        + f"{when}: {json.dumps([text.replace('{schema}', shop.schema) for text in texts])}",
    )


async def audit(shop: Shop) -> list[str]:
    return [what for (what,) in await shop.fetch("select what from {schema}.audit order by 1")]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("attempts", [1, 2])
async def test_hooks_leave_the_only_connection_to_whoever_is_next(
    failing: Shop, attempts: int
) -> None:
    failing.profile(retry_backoff=0.01, threads=1)
    hooks(failing, "on-run-start", "select 1", f"select {{schema}}.fails({attempts - 1}, '40001')")

    ran = await failing.build()

    assert ran.result("shop-on-run-start-1").adapter_response.get("attempts", 1) == attempts
    assert ran.statuses["orders"] is Status.SUCCESS


async def test_run_goes_on_after_a_start_hook_whose_template_failed_once(failing: Shop) -> None:
    hooks(failing, "on-run-start", "{% do run_query(\"select {schema}.fails(1, '40001')\") %}")

    ran = await failing.build()

    assert ran.result("shop-on-run-start-0").adapter_response == {"attempts": 2}
    assert ran.statuses["orders"] is Status.SUCCESS


@pytest.mark.parametrize("when", ["on-run-start", "on-run-end"])
@pytest.mark.parametrize("failure", ["fails(2, '40001')", "fails(2, '40P01')"])
async def test_hook_that_was_in_somebodys_way_is_run_again(
    failing: Shop, when: str, failure: str
) -> None:
    insertion = f"insert into {{schema}}.audit select 'once' where {{schema}}.{failure} = 1"
    hooks(failing, when, insertion)

    ran = await failing.build()

    hook = ran.result(f"shop-{when}-0")
    assert hook.status is Status.SUCCESS
    assert hook.adapter_response == {"attempts": 3}
    assert await audit(failing) == ["once"]
    assert [line[: line.index(" failed")] for line in ran.warnings] == [
        f"attempt 1 at operation shop-{when}-0",
        f"attempt 2 at operation shop-{when}-0",
    ]


async def test_hook_that_fails_each_time_is_given_up_after_the_profiles_retries(
    failing: Shop,
) -> None:
    failing.profile(retries=2, retry_backoff=0.01)
    hooks(failing, "on-run-start", "select {schema}.fails(9, '40001')")

    ran = await failing.run()

    hook = ran.result("shop-on-run-start-0")
    assert (hook.status, hook.failures) == (Status.ERROR, 1)
    assert "attempt 3; it had been tried before" in ran.error("shop-on-run-start-0")
    assert await tries(failing) == 3


async def test_hook_that_may_have_gone_through_is_not_run_again(failing: Shop) -> None:
    hooks(
        failing, "on-run-start", "insert into {schema}.audit select 'x' where {schema}.cuts(1) = 1"
    )

    ran = await failing.run()

    assert "It is in doubt" in ran.error("shop-on-run-start-0")
    assert await tries(failing) == 1


@pytest.mark.parametrize("failure", ["fails(9, '40001')", "cuts(9)"])
async def test_hook_of_which_a_part_is_durable_is_not_run_again(
    failing: Shop, failure: str
) -> None:
    text = "begin; insert into {schema}.audit values ('once'); commit; select {schema}."
    hooks(failing, "on-run-start", text + failure)

    ran = await failing.run()

    assert ran.statuses["shop-on-run-start-0"] is Status.ERROR
    assert (await tries(failing), await audit(failing)) == (1, ["once"])


@pytest.mark.parametrize("before", ["set search_path to public", "create temp table t (i int)"])
async def test_hook_whose_session_was_set_by_another_is_not_run_in_a_new_one(
    failing: Shop, before: str
) -> None:
    hooks(failing, "on-run-start", before, "begin; select {schema}.cuts(9); commit")

    ran = await failing.run()

    assert ran.statuses["shop-on-run-start-0"] is Status.SUCCESS
    assert ran.statuses["shop-on-run-start-1"] is Status.ERROR
    assert await tries(failing) == 1


async def test_hook_in_a_transaction_that_another_has_begun_is_not_run_without_it(
    failing: Shop,
) -> None:
    insertion = "insert into {schema}.audit select 'x' where {schema}.fails(1, '40001') = 1"
    hooks(failing, "on-run-start", "begin", insertion, "commit")

    ran = await failing.run()

    assert ran.statuses["shop-on-run-start-1"] is Status.ERROR
    assert ran.statuses["shop-on-run-start-2"] is Status.SKIPPED
    assert (await tries(failing), await audit(failing)) == (1, [])


@pytest.mark.parametrize("failure", ["fails(1, '40001')", "cuts(1)"])
async def test_hook_that_opens_its_own_transaction_begins_it_again(
    failing: Shop, failure: str
) -> None:
    insertion = f"insert into {{schema}}.audit select 'once' where {{schema}}.{failure} = 1"
    hooks(failing, "on-run-start", f"begin; {insertion}; commit", "select 1")

    ran = await failing.build()

    assert ran.result("shop-on-run-start-0").adapter_response == {"attempts": 2}
    assert await audit(failing) == ["once"]


def operation(shop: Shop, *statements: str) -> None:
    """Write a macro that runs these statements."""
    calls = "".join(f'{{% do run_query("{sql}") %}}' for sql in statements)
    text = f"{{% macro operate() %}}{calls}{{% endmacro %}}"
    shop.write("macros/operate.sql", text.replace("{schema}", shop.schema))


@pytest.mark.parametrize("failure", ["fails(2, '40001')", "fails(2, '40P01')", "cuts(2)"])
async def test_operation_that_was_in_somebodys_way_is_called_again(
    failing: Shop, failure: str
) -> None:
    insertion = "insert into {schema}.audit values ('once')"
    operation(failing, f"select {{schema}}.{failure}", insertion)

    ran = await failing.run("run-operation", macro="operate")

    assert ran.statuses == {"operate": Status.SUCCESS}
    assert ran.result("operate").adapter_response == {"attempts": 3}
    assert await audit(failing) == ["once"]
    assert ran.warnings[0].startswith("attempt 1 at operation operate failed")


async def test_operation_that_is_called_again_gets_the_arguments_that_were_given(
    failing: Shop,
) -> None:
    text = """
        {% macro operate(names) %}
          {% do names.append('more') %}{% do run_query("select {schema}.fails(1, '40001')") %}
          {{ print(names | join(' ')) }}
        {% endmacro %}
    """
    failing.write("macros/operate.sql", text.replace("{schema}", failing.schema))

    ran = await failing.run("run-operation", macro="operate", args={"names": ["given"]})

    assert ran.result("operate").adapter_response == {"attempts": 2}
    assert ran.messages == ["given more"]


async def test_operation_of_which_a_part_is_durable_is_not_called_again(failing: Shop) -> None:
    insertion = "insert into {schema}.audit values ('once')"
    operation(failing, insertion, "select {schema}.fails(1, '40001')")

    ran = await failing.run("run-operation", macro="operate")

    assert ran.statuses == {"operate": Status.ERROR}
    assert (await tries(failing), await audit(failing)) == (1, ["once"])


def source(shop: Shop, loaded_at: str, **config: object) -> None:
    """Declare a source whose age is what an expression says."""
    table = {
        "name": "audit",
        "loaded_at_field": loaded_at.replace("{schema}", shop.schema),
        "freshness": {"error_after": {"count": 1, "period": "day"}},
        "config": config,
    }
    declared = {"sources": [{"name": "web", "schema": shop.schema, "tables": [table]}]}
    shop.write("models/sources.yml", json.dumps(declared))


@pytest.mark.parametrize("failure", ["fails(2, '40001')", "fails(2, '40P01')", "cuts(2)"])
async def test_source_is_asked_again_for_its_age(failing: Shop, failure: str) -> None:
    await failing.execute("insert into {schema}.audit values ('a row')")
    source(failing, f"(select now() where {{schema}}.{failure} = 1)")

    ran = await failing.run("freshness")

    result = ran.result("audit")
    assert result.status is Status.PASS
    assert result.source_age is not None
    assert result.adapter_response["attempts"] == 3
    assert ran.warnings[0].startswith("attempt 1 at source audit failed")


async def test_source_that_takes_longer_than_its_timeout_is_no_longer_asked(failing: Shop) -> None:
    await failing.execute("insert into {schema}.audit values ('a row')")
    source(failing, "now() + (pg_sleep(60)::text || '0')::interval", timeout=0.2)

    ran = await failing.run("freshness")

    assert ran.statuses == {"audit": Status.TIMEOUT}
    assert "longer than its timeout of 0.2 s" in ran.error("audit")
    assert ran.exit_code == 1
    document = json.loads((failing.root / "target" / "sources.json").read_bytes())
    assert [entry["status"] for entry in document["results"]] == ["runtime error"]
