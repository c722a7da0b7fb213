"""Statements of hooks and operations whose answer is lost, and a COMMIT that keeps nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from headrace import ExitCode, Status
from headrace.adapters.base import Target
from headrace.adapters.errors import DatabaseError
from headrace.adapters.postgres import create

from ..postgres_server import PostgresServer
from .adding import lossy, make_slow
from .proxy import Cuts, Moment
from .support import Shop
from .test_faults import until_found

LOG = "insert into {schema}.audit values (2)"


@pytest.mark.parametrize("moment", [Moment.WITHIN, Moment.AFTER])
async def test_commit_of_an_operation_that_is_lost_is_asked_for(
    grown: Shop, moment: Moment
) -> None:
    await make_slow(grown, 0.3)
    log = LOG.replace("{schema}", grown.schema)
    grown.write(
        "macros/log.sql",
        "{% macro log() %}{% do run_query('begin; LOG; commit') %}{% endmacro %}".replace(
            "LOG", log
        ),
    )
    async with lossy(grown) as proxy:
        proxy.cuts = Cuts(moment, 0.05)
        ran = await grown.run("run-operation", macro="log")

    assert proxy.cuts.done == ["COMMIT"]
    assert ran.exit_code == 0, ran.outcome.results
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]


async def test_operation_in_doubt_is_not_retried_before_the_server_knows(grown: Shop) -> None:
    await make_slow(grown, 3)
    log = LOG.replace("{schema}", grown.schema)
    grown.write(
        "macros/log.sql",
        "{% macro log() %}{% do run_query('begin; LOG; commit') %}{% endmacro %}".replace(
            "LOG", log
        ),
    )
    async with lossy(grown, commit_timeout=0.2) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        ran = await grown.run("run-operation", macro="log")
        refused = await grown.run("retry")

    assert (ran.exit_code, refused.exit_code) == (1, ExitCode.COULD_NOT_RUN)
    (result,) = ran.outcome.results
    assert result.error is not None
    assert "in doubt" in result.error.message
    assert "is in doubt: the database is still at its COMMIT" in str(refused.outcome.error)


@pytest.mark.parametrize("moment", [Moment.WITHIN, Moment.AFTER])
async def test_statement_that_stands_alone_and_is_lost_is_in_doubt(
    grown: Shop, moment: Moment
) -> None:
    log = LOG.replace("{schema}", grown.schema)
    grown.write(
        "macros/log.sql",
        "{% macro log() %}{% do adapter.execute('LOG') %}{% endmacro %}".replace("LOG", log),
    )
    async with lossy(grown) as proxy:
        proxy.cuts = Cuts(moment, 0.1, lambda sql: "audit" in sql)
        ran = await grown.run("run-operation", macro="log")
        refused = await grown.run("retry")

    (result,) = ran.outcome.results
    assert ran.exit_code == 1
    assert result.error is not None
    assert "It is in doubt whether what was under way" in result.error.message
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]
    assert refused.exit_code == ExitCode.COULD_NOT_RUN
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]


@pytest.mark.parametrize("moment", Moment)
async def test_hook_outside_of_the_transaction_is_not_run_twice(
    grown: Shop, moment: Moment
) -> None:
    log = LOG.replace("{schema}", grown.schema)
    hook = f"[{{'sql': \"{log}\", 'transaction': false}}]"
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental', pre_hook=HOOK) }} select 2 as id".replace(
            "HOOK", hook
        ),
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(moment, 0.1, lambda sql: "audit" in sql)
        ran = await grown.run(select=("appended",))

    assert ran.statuses == {"appended": Status.ERROR}
    assert "in doubt" in ran.error("appended")
    assert await grown.fetch("select count(*) from {schema}.appended") == [(1,)]
    logged = 1 if moment is Moment.BEFORE else 2
    assert await grown.fetch("select count(*) from {schema}.audit") == [(logged,)]


async def test_hook_before_begin_is_run_once_although_the_node_is_tried_again(grown: Shop) -> None:
    log = LOG.replace("{schema}", grown.schema)
    outside = "'transaction': false"
    hooks = f"[{{'sql': \"{log}\", {outside}}}, {{'sql': \"set work_mem = '7MB'\", {outside}}}]"
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental', pre_hook=HOOK) }} "
        "select 2 as id where current_setting('work_mem') = '7MB'".replace("HOOK", hooks),
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(Moment.BEFORE)
        ran = await grown.run(select=("appended",))

    assert ran.result("appended").adapter_response["attempts"] == 2
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]


async def test_node_whose_hook_says_commit_is_not_tried_again(grown: Shop) -> None:
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental', post_hook='commit') }} select 2 as id",
    )
    grown.write(
        "models/grants.yml", "models: [{name: appended, config: {grants: {select: [postgres]}}}]"
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(Moment.BEFORE, matches=lambda sql: "grant select" in sql.lower())
        ran = await grown.run(select=("appended",))

    assert ran.statuses == {"appended": Status.ERROR}
    assert len(proxy.cuts.done) == 1
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]


@pytest.mark.parametrize(("when", "which"), [("on-run-start", 0), ("on-run-end", -1)])
async def test_hook_of_the_run_that_is_lost_in_its_commit_is_asked_for(
    grown: Shop, when: str, which: int
) -> None:
    await make_slow(grown, 0.3)
    log = LOG.replace("{schema}", grown.schema)
    project = (grown.root / "dbt_project.yml").read_text()
    grown.write("dbt_project.yml", f"{project}\n{when}: ['begin; {log}; commit']\n")
    async with lossy(grown) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05, lambda sql: sql == "COMMIT")
        ran = await grown.run(select=("hooked",))

    assert proxy.cuts.done == ["COMMIT"]
    assert ran.outcome.results[which].status is Status.SUCCESS
    assert ran.exit_code == 0
    assert await grown.fetch("select count(*) from {schema}.audit") == [(3,)]


@pytest.mark.parametrize("sql", ["commit", "end", "/* enough */ Commit Work;", "select 1; commit"])
async def test_commit_after_a_statement_that_failed_is_told_to_have_kept_nothing(
    postgres: PostgresServer, sql: str
) -> None:
    target = target_of(postgres)
    async with create(target) as adapter, adapter.connection("test") as connection:
        await connection.execute("begin; create temporary table mine (id int)")
        with pytest.raises(DatabaseError, match="division by zero"):
            await connection.execute("select 1 / 0")

        with pytest.raises(DatabaseError) as raised:
            await connection.execute(sql)

        expected = "is aborted" if "select" in sql else "had failed before its COMMIT"
        assert expected in str(raised.value)


async def test_failed_transaction_that_is_taken_back_to_a_savepoint_may_be_committed(
    postgres: PostgresServer,
) -> None:
    async with create(target_of(postgres)) as adapter, adapter.connection("test") as connection:
        await connection.execute("begin; savepoint there")
        with pytest.raises(DatabaseError):
            await connection.query("select 1 / 0")
        await connection.execute("rollback to savepoint there")

        response = await connection.execute("select 1; commit")

        assert response.message == "COMMIT"


def target_of(server: PostgresServer, **more: object) -> Target:
    """The target of a profile for a server."""
    return Target(
        type="postgres",
        name="dev",
        profile_name="shop",
        schema="any",
        database=server.database,
        threads=2,
        project_root=Path(),
        keys=server.keys(**more),
    )


async def test_function_that_a_hook_calls_outside_is_not_called_twice(grown: Shop) -> None:
    await grown.execute(
        "create function {schema}.log() returns void language sql as $$ "
        + LOG.replace("{schema}", grown.schema)
        + " $$"
    )
    hook = f"[{{'sql': 'select {grown.schema}.log()', 'transaction': false}}]"
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental', pre_hook=HOOK) }} select 2 as id".replace(
            "HOOK", hook
        ),
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(Moment.AFTER, matches=lambda sql: ".log()" in sql)
        ran = await grown.run(select=("appended",))

    assert "in doubt" in ran.error("appended")
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]


async def test_query_of_a_template_whose_answer_is_lost_is_asked_again(grown: Shop) -> None:
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental') }} {% do run_query('select 1 as looked') %} "
        "select 2 as id",
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(Moment.BEFORE, matches=lambda sql: "create temporary table" in sql)
        ran = await grown.run(select=("appended",))

    assert ran.result("appended").adapter_response["attempts"] == 2
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]


async def test_node_whose_template_has_written_is_not_tried_again(grown: Shop) -> None:
    log = LOG.replace("{schema}", grown.schema)
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental') }} "
        "{% if execute %}{% do run_query('" + log + "') %}{% endif %} select 2 as id",
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(Moment.BEFORE, matches=lambda sql: "create temporary table" in sql)
        ran = await grown.run(select=("appended",))

    assert ran.statuses == {"appended": Status.ERROR}
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]


async def test_hook_of_the_run_in_doubt_keeps_retry_from_running_it_again(grown: Shop) -> None:
    await make_slow(grown, 2)
    log = LOG.replace("{schema}", grown.schema)
    project = (grown.root / "dbt_project.yml").read_text()
    grown.write("dbt_project.yml", f"{project}\non-run-start: ['begin; {log}; commit']\n")
    grown.table("broken", "select 1 / 0 as id")
    async with lossy(grown, commit_timeout=0.2) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05, lambda sql: sql == "COMMIT")
        ran = await grown.run(select=("broken",))
        refused = await grown.run("retry")
        await until_found(grown, "select 1 from {schema}.audit offset 1")
        grown.table("broken", "select 1 as id")
        done = await grown.run("retry")

    assert ran.outcome.results[0].doubts
    assert refused.exit_code == ExitCode.COULD_NOT_RUN
    assert "'operation.shop.shop-on-run-start-0' is in doubt" in str(refused.outcome.error)
    assert done.exit_code == 0
    assert await grown.fetch("select count(*) from {schema}.audit") == [(3,)]


@pytest.mark.parametrize("is_set", [False, True])
async def test_hook_behind_a_commit_that_went_through_unheard_is_run(
    grown: Shop, is_set: bool
) -> None:
    log = LOG.replace("{schema}", grown.schema)
    hook = f"[{{'sql': \"{log}\", 'transaction': false}}]"
    setting = "set work_mem to default" if is_set else "select 1"
    grown.write(
        "models/appended.sql",
        (
            "{{ config(materialized='incremental', pre_hook='SETTING', post_hook=HOOK) }} "
            "select 2 as id"
        )
        .replace("SETTING", setting)
        .replace("HOOK", hook),
    )
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(Moment.AFTER)
        ran = await grown.run(select=("appended",))

    # What was set is gone with the session, and the hook might do something else without it.
    assert ran.statuses == {"appended": Status.ERROR if is_set else Status.SUCCESS}
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]
    assert await grown.fetch("select count(*) from {schema}.audit") == [(1 if is_set else 2,)]
