"""The connection is lost around COMMIT: what was reported is there, and what is there came once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from headrace import ExitCode, Status
from headrace.adapters.base import Target
from headrace.adapters.errors import DatabaseError
from headrace.adapters.postgres import create

from ..building.support import Ran, run_results
from ..postgres_server import PostgresServer
from .proxy import Cuts, Moment, Proxy, proxy_to
from .support import Shop
from .test_faults import until_found

INCREMENTAL = "{{{{ config(materialized='incremental'{more}) }}}}\n"
SLOW = "create function {schema}.slow() returns trigger language plpgsql as $$ "
SLOW += "begin perform pg_sleep(coalesce((select seconds from {schema}.naps), 0)); "
SLOW += "return null; end $$"

# What each of them adds to its table in a run.
ADDING = {
    "appended": "select {n} as id",
    "merged": "select {n} as id",
    "deleted_and_inserted": "select {n} as id",
    "in_batches": "select {n} as id, timestamp '2024-05-0{n} 12:00' as at",
    "history": "select 1 as id, {n} as version",
    "seeded": "",
    "made_by_macro": "select {n} as id",
    "hooked": "select 1 as id",
}
CUSTOM = """
{% materialization appending, default %}
  {% set there = adapter.get_relation(this.database, this.schema, this.identifier) %}
  {% if there is none %}
    {% call statement('main') %} create table {{ this }} as {{ sql }} {% endcall %}
  {% else %}
    {% call statement('main') %} insert into {{ this }} {{ sql }} {% endcall %}
  {% endif %}
  {{ return({'relations': [this]}) }}
{% endmaterialization %}
"""


def write_models(shop: Shop, n: int) -> None:
    """A model of each kind that adds rows, at its n-th run."""
    sql = {name: text.replace("{n}", str(n)) for name, text in ADDING.items()}
    keyed = {"merged": "merge", "deleted_and_inserted": "delete+insert"}
    shop.write("models/appended.sql", INCREMENTAL.format(more="") + sql["appended"])
    for name, strategy in keyed.items():
        more = f", incremental_strategy='{strategy}', unique_key='id'"
        shop.write(f"models/{name}.sql", INCREMENTAL.format(more=more) + sql[name])
    shop.write(
        "models/in_batches.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', "
        "event_time='at', batch_size='day', begin='2024-05-01') }}\n" + sql["in_batches"],
    )
    shop.write(
        "snapshots/history.sql",
        "{% snapshot history %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        + sql["history"]
        + "{% endsnapshot %}",
    )
    shop.write("seeds/seeded.csv", "id\n" + "".join(f"{i}\n" for i in range(1, n + 1)))
    shop.write("macros/appending.sql", CUSTOM)
    shop.write(
        "models/made_by_macro.sql", "{{ config(materialized='appending') }}" + sql["made_by_macro"]
    )
    hook = f"insert into {shop.schema}.audit values ({n})"
    shop.write(
        "models/hooked.sql",
        "{{ config(materialized='table', post_hook=\"" + hook + '") }}' + sql["hooked"],
    )


def window(n: int) -> dict[str, str]:
    """The one batch of the n-th run."""
    return {"event_time_start": f"2024-05-0{n}", "event_time_end": f"2024-05-0{n + 1}"}


TABLES = [name for name in ADDING if name != "hooked"] + ["audit"]


async def counts(shop: Shop) -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    for table in TABLES:
        ((found[table],),) = await shop.fetch(f"select count(*) from {{schema}}.{table}")
    return found


@asynccontextmanager
async def lossy(shop: Shop, **keys: object) -> AsyncIterator[Proxy]:
    """A way to the server that can be cut: the project's from now on."""
    async with proxy_to(shop.server) as proxy:
        shop.write("profiles.yml", proxy.front.profile(shop.schema, sslmode="disable", **keys))  # type: ignore[arg-type] # one of them may be threads
        yield proxy


async def make_slow(shop: Shop, seconds: float) -> None:
    """Have each COMMIT that has added a row take a while."""
    await shop.execute(f"create table {{schema}}.naps as select {seconds} as seconds")
    await shop.execute(SLOW)
    for table in TABLES:
        await shop.execute(
            f"create constraint trigger slow after insert on {{schema}}.{table} "
            "deferrable initially deferred for each row execute function {schema}.slow()"
        )


@pytest.fixture
async def grown(shop: Shop) -> Shop:
    """A project with something of each kind that adds rows, after its first run."""
    await shop.execute("create table {schema}.audit (id int)")
    write_models(shop, 1)
    ran = await shop.run("build", **window(1))
    assert ran.exit_code == 0, [result.error for result in ran.outcome.results]
    assert await counts(shop) == dict.fromkeys(TABLES, 1)
    write_models(shop, 2)
    return shop


@pytest.mark.parametrize("moment", Moment)
async def test_every_commit_that_is_lost_counts_once(grown: Shop, moment: Moment) -> None:
    await make_slow(grown, 0.3)
    async with lossy(grown, retry_backoff=0.01) as proxy:
        proxy.cuts = Cuts(moment, 0.05)
        ran = await grown.run("build", **window(2))

    assert ran.exit_code == 0, [result.error for result in ran.outcome.results]
    assert {name.rpartition(".")[2] for name in proxy.cuts.done} == {*ADDING}
    assert await counts(grown) == dict.fromkeys(TABLES, 2)
    attempts = {
        name: ran.result(name).adapter_response.get("attempts", 1)
        for name in ADDING
        if name != "in_batches"
    }
    assert attempts == dict.fromkeys(attempts, 2 if moment is Moment.BEFORE else 1)


async def test_commit_in_progress_past_the_bound_is_in_doubt_and_retry_asks_first(
    grown: Shop,
) -> None:
    await make_slow(grown, 4)
    grown.view("below", "select id from {{ ref('appended') }}")
    async with lossy(grown, commit_timeout=0.4) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        ran = await grown.run(select=("appended+",))
        (appended,) = [r for r in ran.outcome.results if r.node.name == "appended"]
        refused = await grown.run("retry")
        during = await grown.fetch("select count(*) from {schema}.appended")
        await until_found(grown, "select 1 from {schema}.appended where id = 2")
        done = await grown.run("retry")

    assert (ran.exit_code, refused.exit_code) == (1, ExitCode.COULD_NOT_RUN)
    assert ran.statuses == {"appended": Status.ERROR, "below": Status.SKIPPED}
    assert not any("attempt" in warning for warning in ran.warnings)
    assert "in doubt" in ran.error("appended")
    assert f"select txid_status({number_of(ran, 'appended')})" in ran.error("appended")
    assert [(doubt.completes, doubt.batch) for doubt in appended.doubts] == [(True, None)]
    assert "'model.shop.appended' is in doubt" in str(refused.outcome.error)
    assert f"select txid_status({number_of(ran, 'appended')})" in str(refused.outcome.error)
    assert (refused.statuses, during) == ({}, [(1,)])
    assert (done.exit_code, done.statuses) == (0, {"below": Status.SUCCESS})
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]
    assert run_results(grown.root) == {
        "model.shop.appended": "success",
        "model.shop.below": "success",
    }


def number_of(ran: Ran, name: str) -> str:
    """The server's number of the transaction that a node has in doubt."""
    (doubt,) = ran.result(name).doubts
    return str(doubt.transaction).rpartition("/")[2]


async def test_what_was_rolled_back_in_the_end_is_run_by_retry(grown: Shop) -> None:
    await make_slow(grown, 30)
    async with lossy(grown, commit_timeout=0.4) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        ran = await grown.run(select=("appended",))
        await grown.execute("update {schema}.naps set seconds = 0")
        await grown.fetch(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where wait_event = 'PgSleep'"
        )
        again = await grown.run("retry")

    assert ran.exit_code == 1
    assert (again.exit_code, again.statuses) == (0, {"appended": Status.SUCCESS})
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]


async def test_doubt_of_another_server_is_refused(grown: Shop) -> None:
    await make_slow(grown, 1)
    async with lossy(grown, commit_timeout=0.2) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        await grown.run(select=("appended",))
        await until_found(grown, "select 1 from {schema}.appended where id = 2")
    journal = grown.root / "target" / "run_results.jsonl"
    content = journal.read_text()
    ((system,),) = await grown.fetch("select system_identifier from pg_control_system()")
    assert str(system) in content
    journal.write_text(content.replace(str(system), "17"))
    (grown.root / "target" / "run_results.json").unlink()
    grown.profile()

    refused = await grown.run("retry")

    assert refused.exit_code == ExitCode.COULD_NOT_RUN
    assert "can't say what became of" in str(refused.outcome.error)


@pytest.mark.parametrize("is_released", [True, False])
async def test_commit_that_waits_for_a_standby(private_shop: Shop, is_released: bool) -> None:
    shop = private_shop
    shop.write("models/events.sql", INCREMENTAL.format(more="") + "select now() as at")
    await shop.build()
    await wait_for_standby(shop, "nobody")
    async with lossy(shop, commit_timeout=5 if is_released else 0.4) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        running = asyncio.ensure_future(shop.run())
        await until_found(shop, "select 1 from pg_stat_activity where wait_event = 'SyncRep'")
        if is_released:
            await wait_for_standby(shop, "")
        ran = await running
        refused = None if is_released else await shop.run("retry")
        await wait_for_standby(shop, "")
        await until_found(shop, "select 1 from {schema}.events offset 1")
        done = await shop.run("retry")

    assert ran.statuses == {"events": Status.SUCCESS if is_released else Status.ERROR}
    assert refused is None or refused.exit_code == ExitCode.COULD_NOT_RUN
    assert (done.exit_code, done.statuses) == (0, {})
    assert await shop.fetch("select count(*) from {schema}.events") == [(2,)]


async def wait_for_standby(shop: Shop, name: str) -> None:
    """Have each COMMIT wait for a standby of this name; for none where it is empty."""
    await shop.execute(f"alter system set synchronous_standby_names = '{name}'")
    await shop.execute("alter system set synchronous_commit = on")
    await shop.execute("select pg_reload_conf()")


LOG = "insert into {schema}.audit values (2)"


async def test_commit_of_an_operation_that_is_lost_is_asked_for(grown: Shop) -> None:
    await make_slow(grown, 0.3)
    log = LOG.replace("{schema}", grown.schema)
    grown.write("macros/log.sql", "{% macro log() %}{% do run_query('begin; LOG; commit') %}{% endmacro %}".replace("LOG", log))
    async with lossy(grown) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        ran = await grown.run("run-operation", macro="log")

    assert proxy.cuts.done == ["COMMIT"]
    assert ran.exit_code == 0, ran.outcome.results
    assert await grown.fetch("select count(*) from {schema}.audit") == [(2,)]


async def test_operation_in_doubt_is_not_retried_before_the_server_knows(grown: Shop) -> None:
    await make_slow(grown, 3)
    log = LOG.replace("{schema}", grown.schema)
    grown.write("macros/log.sql", "{% macro log() %}{% do run_query('begin; LOG; commit') %}{% endmacro %}".replace("LOG", log))
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
    grown.write("macros/log.sql", "{% macro log() %}{% do adapter.execute('LOG') %}{% endmacro %}".replace("LOG", log))
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
async def test_hook_outside_of_the_transaction_is_not_run_twice(grown: Shop, moment: Moment) -> None:
    log = LOG.replace("{schema}", grown.schema)
    hook = f"[{{'sql': \"{log}\", 'transaction': false}}]"
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental', pre_hook=HOOK) }} select 2 as id".replace("HOOK", hook),
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
    hooks = f"[{{'sql': \"{log}\", 'transaction': false}}, {{'sql': \"set work_mem = '7MB'\", 'transaction': false}}]"
    grown.write(
        "models/appended.sql",
        "{{ config(materialized='incremental', pre_hook=HOOK) }} "
        "select 2 as id where current_setting('work_mem') = '7MB'".replace("{{", "{{", 1).replace("HOOK", hooks),
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


def target_of(server: PostgresServer) -> Target:
    return Target(
        type="postgres",
        name="dev",
        profile_name="shop",
        schema="any",
        database=server.database,
        threads=2,
        project_root=Path(),
        keys=server.keys(),
    )


KILLED = """
import asyncio, os, sys
from headrace.adapters.postgres.session import Session
commit = Session.commit
async def dying(self, sql, transaction):
    if sys.argv[1] == "after":
        await commit(self, sql, transaction)
    os.kill(os.getpid(), 9)
Session.commit = dying
from headrace.cli import main
sys.argv[1:] = ["run", "--select", "appended"]
main()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_retry_asks_what_became_of_the_commit_of_a_process_that_was_killed(
    grown: Shop, moment: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, moment, cwd=grown.root, env=environment()
    )
    assert await process.wait() == -9
    ((before,),) = await grown.fetch("select count(*) from {schema}.appended")

    ran = await grown.run("retry")

    assert before == (1 if moment == "before" else 2)
    assert ran.statuses == ({"appended": Status.SUCCESS} if moment == "before" else {})
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]
