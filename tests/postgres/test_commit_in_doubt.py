"""The connection is lost around COMMIT: what was reported is there, and what is there came once."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path

import pytest
from headrace import ExitCode, Status
from headrace.adapters.postgres.ending import CommitEnding

from ..building.support import Ran, run_results
from ..commands.support import environment
from ..postgres_server import running_server
from .adding import ADDING, INCREMENTAL, TABLES, counts, lossy, make_slow, window
from .proxy import Cuts, Moment
from .support import Shop
from .test_faults import until_found


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


KILLED = """
import asyncio, os, sys
from headrace.adapters.postgres.server_session import Session
commit, moment = Session.commit, sys.argv[1]
async def dying(self, sql, transaction):
    if moment == "after":
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


COMMITTING = "select 1 from pg_stat_activity where wait_event = 'PgSleep'"


async def test_cancelled_commit_whose_connection_is_lost_has_the_status_that_is_true(
    grown: Shop,
) -> None:
    await make_slow(grown, 0.8)
    async with lossy(grown) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.4)
        task = asyncio.ensure_future(grown.run(select=("appended",)))
        await until_found(grown, COMMITTING)
        task.cancel()
        await asyncio.wait([task])

    assert task.cancelled()
    assert run_results(grown.root)["model.shop.appended"] == "success"
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]


async def test_cancelled_commit_of_a_table_whose_connection_is_lost_is_asked_for(
    private_shop: Shop,
) -> None:
    """A table may be built twice, so that its number isn't asked for beforehand."""
    shop = private_shop
    shop.table("orders", "select 1 as id")
    await shop.execute("create schema shop")
    await wait_for_standby(shop, "nobody")
    async with lossy(shop) as proxy:
        lost = asyncio.Event()
        proxy.cuts = Cuts(Moment.WITHIN, when=lost)
        task = asyncio.ensure_future(shop.run())
        await until_found(shop, "select 1 from pg_stat_activity where wait_event = 'SyncRep'")
        task.cancel()
        await until_found(
            shop,
            "select 1 from pg_stat_activity where query like '%pg_control_system%' "
            "and application_name like 'headrace%' and state = 'idle'",
        )
        lost.set()
        await wait_for_standby(shop, "")
        await asyncio.wait([task])

    assert run_results(shop.root) == {"model.shop.orders": "success"}
    assert await shop.relations() == {"orders": "r"}


async def test_cancelled_while_a_lost_commit_is_asked_for_has_the_status_that_is_true(
    grown: Shop,
) -> None:
    await make_slow(grown, 2)
    async with lossy(grown) as proxy:
        proxy.cuts = Cuts(Moment.WITHIN, 0.05)
        task = asyncio.ensure_future(grown.run(select=("appended",)))
        await until_found(
            grown,
            "select 1 from pg_stat_activity where query like '%txid_status%' "
            "and application_name like 'headrace%'",
        )
        task.cancel()
        await asyncio.wait([task])

    assert task.cancelled()
    assert run_results(grown.root)["model.shop.appended"] == "success"
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]


async def test_cancelled_commit_that_hangs_is_rolled_back_and_says_so(
    grown: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CommitEnding, "patience", 0.2)
    await make_slow(grown, 30)
    task = asyncio.ensure_future(grown.run(select=("appended",)))
    await until_found(grown, COMMITTING)
    task.cancel()
    await asyncio.wait([task])

    assert run_results(grown.root)["model.shop.appended"] == "cancelled"
    assert await grown.fetch("select count(*) from {schema}.appended") == [(1,)]


async def test_cancelled_commit_of_which_nobody_knows_is_in_doubt(
    grown: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CommitEnding, "patience", 0.2)
    await make_slow(grown, 1)
    async with lossy(grown, retries=0) as proxy:
        task = asyncio.ensure_future(grown.run(select=("appended",)))
        await until_found(grown, COMMITTING)
        proxy.goes_on.clear()
        task.cancel()
        await asyncio.wait([task])
        during = run_results(grown.root)
        await until_found(grown, "select 1 from {schema}.appended where id = 2")
    grown.profile()

    ran = await grown.run("retry")

    assert during["model.shop.appended"] == "error"
    assert (ran.exit_code, ran.statuses) == (0, {})
    assert await grown.fetch("select count(*) from {schema}.appended") == [(2,)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("cause", ["trigger", "standby"])
async def test_commits_cut_at_a_hundred_moments(
    write_project: Callable[[Mapping[str, str]], Path],
    grow: Callable[[Shop], Awaitable[None]],
    cause: str,
) -> None:
    with running_server(max_connections=60) as server:
        shop = Shop(write_project({"profiles.yml": server.profile("shop")}), server, "shop")
        await grow(shop)
        await cut_commits(shop, cause, 50)


async def cut_commits(shop: Shop, cause: str, least: int) -> None:
    """Cut so many COMMITs, and see each time that what was reported is there."""
    chance, cut = random.Random(13), 0
    await make_slow(shop, 2 if cause == "trigger" else 0)
    async with lossy(shop, retry_backoff=0.01, retries=5) as proxy:
        before = await counts(shop)
        while cut < least:
            proxy.cuts = Cuts(chance.choice([*Moment]), chance.uniform(0, 2.2))
            if cause == "standby":
                await wait_for_standby(shop, "nobody")
            running = asyncio.ensure_future(shop.run("build", **window(2)))
            if cause == "standby":
                await asyncio.sleep(chance.uniform(0.5, 4))
                await wait_for_standby(shop, "")
            ran = await running
            cut += len(proxy.cuts.done)
            after = await counts(shop)

            for name, status in ran.statuses.items():
                table = "audit" if name == "hooked" else name
                assert status is Status.SUCCESS, ran.error(name)
                if name in ("appended", "made_by_macro", "hooked"):
                    assert after[table] == before[table] + 1, (name, proxy.cuts.moment)
                else:
                    assert after[table] == 2, (name, proxy.cuts.moment)
            before = after
            # The server's ends of the lines that were cut are still open.
            for line in proxy.lines:
                line.close()
            proxy.lines.clear()


async def test_batch_in_doubt_is_asked_for_before_the_others_are_built_again(grown: Shop) -> None:
    await make_slow(grown, 3)
    two_days = {"event_time_start": "2024-05-02", "event_time_end": "2024-05-04"}
    async with lossy(grown, commit_timeout=0.3) as proxy:
        commits = count(1)
        proxy.cuts = Cuts(
            Moment.WITHIN, 0.05, lambda sql: sql.endswith("COMMIT") and next(commits) == 2
        )
        ran = await grown.run(select=("in_batches",), **two_days)
        assert proxy.cuts.done
        refused = await grown.run("retry")
        await until_found(grown, "select 1 from {schema}.in_batches offset 2")
        done = await grown.run("retry")

    (doubt,) = ran.result("in_batches").doubts
    assert ran.statuses == {"in_batches": Status.PARTIAL_SUCCESS}
    assert doubt.batch is not None
    assert doubt.batch[0].isoformat() == "2024-05-03T00:00:00+00:00"
    assert refused.exit_code == ExitCode.COULD_NOT_RUN
    assert (done.exit_code, done.statuses) == (0, {})
    assert await grown.fetch("select count(*) from {schema}.in_batches") == [(3,)]
