"""`headrace.invoke` in somebody's own event loop: many at a time, each cancelled by itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import pytest
from headrace import ExitCode, InvocationResult, Options, Session, Status, invoke
from headrace.engine.core.events import (
    Event,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    NodeCancelled,
    NodeStarted,
    RunFinished,
)

from ..building.support import Recorder, relations, rows, run, run_results
from .support import ENDLESS

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }}\n"
SECONDS = 10.0
ENDLESS_SHOP = {
    "models/quick.sql": TABLE + "select 2 as n",
    "models/endless.sql": TABLE + ENDLESS + " -- {{ ref('quick') }}",
    "models/below.sql": "select n from {{ ref('endless') }}",
}


class Watch:
    """A reporter that says when a node was started."""

    def __init__(self, name: str) -> None:
        self.started = anyio.Event()
        self._name = name
        self._loop = asyncio.get_running_loop()

    def handle(self, event: Event) -> None:
        if isinstance(event, NodeStarted) and event.node.name == self._name:
            self._loop.call_soon_threadsafe(self.started.set)

    def close(self) -> None:
        pass


def write_projects(parent: Path, write_project: WriteProject, count: int) -> list[Path]:
    """Projects beside each other; each is told apart by the number in its model."""
    roots = []
    for number in range(count):
        root = write_project(
            {
                "models/mine.sql": f"{TABLE}select {number} as n, '{{{{ var('who') }}}}' as who",
                "models/below.sql": "select n, who from {{ ref('mine') }}",
            }
        )
        roots.append(root.rename(parent / f"shop_{number}"))
    return roots


def own_threads() -> set[str]:
    """The names of the threads that anyio's own pool doesn't have."""
    return {t.name for t in threading.enumerate() if not t.name.startswith("AnyIO worker thread")}


async def test_many_invocations_run_in_one_loop_without_seeing_each_other(
    write_project: WriteProject, tmp_path: Path
) -> None:
    roots = write_projects(tmp_path, write_project, 8)
    results: dict[Path, InvocationResult] = {}

    async def build(root: Path) -> None:
        options = Options(command="run", vars={"who": root.name}, project_dir=root)
        results[root] = await invoke(options, environ={}, cwd=tmp_path)

    async with anyio.create_task_group() as tasks:
        for root in roots:
            tasks.start_soon(build, root)

    assert {result.exit_code for result in results.values()} == {ExitCode.DONE}
    for number, root in enumerate(roots):
        assert rows(root, "select n, who from below") == [(number, root.name)]
        assert set(run_results(root).values()) == {"success"}


async def test_cancelling_one_leaves_the_others_alone(
    write_project: WriteProject, tmp_path: Path
) -> None:
    roots = write_projects(tmp_path, write_project, 3)
    endless = write_project(ENDLESS_SHOP)
    watch = Watch("endless")
    stuck = asyncio.create_task(
        invoke(Options(project_dir=endless), reporters=[watch], environ={}, cwd=endless)
    )
    await watch.started.wait()
    others = [asyncio.create_task(run(root, vars={"who": "me"})) for root in roots]
    stuck.cancel()

    ended = [await other for other in others]

    assert [ran.exit_code for ran in ended] == [0, 0, 0]
    with pytest.raises(asyncio.CancelledError):
        await stuck


async def test_cancellation_travels_once_everything_has_ended(
    write_project: WriteProject,
) -> None:
    root = write_project(dict.fromkeys(ENDLESS_SHOP, TABLE + "select 1 as n"))
    await run(root)
    write_project(ENDLESS_SHOP)
    threads, tasks = own_threads(), asyncio.all_tasks()
    watch, recorder = Watch("endless"), Recorder()

    task = asyncio.create_task(invoke(Options(), reporters=[watch, recorder], environ={}, cwd=root))
    await watch.started.wait()
    task.cancel()
    with anyio.fail_after(SECONDS), pytest.raises(asyncio.CancelledError):
        await task

    assert (own_threads(), asyncio.all_tasks()) == (threads, tasks)
    assert recorder.is_closed
    assert run_results(root) == {
        "model.shop.quick": "success",
        "model.shop.endless": "cancelled",
        "model.shop.below": "skipped",
    }
    assert rows(root, "select n from endless") == [(1,)]
    finished = [event for event in recorder.events if isinstance(event, RunFinished)]
    assert [event.interrupted for event in finished] == [True]
    assert [e.result.node.name for e in recorder.events if isinstance(e, NodeCancelled)] == [
        "endless"
    ]
    assert isinstance(recorder.events[-1], InvocationFinished)
    assert recorder.events[-1].exit_code == 130


async def test_timeout_of_the_host_ends_the_run(write_project: WriteProject) -> None:
    root = write_project(ENDLESS_SHOP)

    with anyio.fail_after(SECONDS):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await invoke(Options(), environ={}, cwd=root)

    assert run_results(root)["model.shop.endless"] in ("cancelled", "skipped")
    assert relations(root).get("endless") is None


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.02, 0.03, 0.05, 0.08])
async def test_cancellation_at_any_time_leaves_nothing_behind(
    write_project: WriteProject, seconds: float
) -> None:
    root = write_project(ENDLESS_SHOP)
    threads, tasks = own_threads(), asyncio.all_tasks()

    task = asyncio.create_task(invoke(Options(), environ={}, cwd=root))
    await anyio.sleep(seconds)
    task.cancel()
    with anyio.fail_after(SECONDS), pytest.raises(asyncio.CancelledError):
        await task

    assert (own_threads(), asyncio.all_tasks()) == (threads, tasks)


async def test_two_runs_in_one_database_take_turns(write_project: WriteProject) -> None:
    root = write_project({f"models/m{n}.sql": TABLE + f"select {n} as n" for n in range(8)})
    await run(root)
    first, second = Options(target_path=Path("one")), Options(target_path=Path("two"))
    results = []

    async def build(options: Options) -> None:
        results.append(await invoke(options, environ={}, cwd=root))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(build, first)
        tasks.start_soon(build, second)

    assert [result.exit_code for result in results] == [0, 0]
    assert len(relations(root)) == 8


async def test_what_the_user_can_mend_comes_back_in_the_result(tmp_path: Path) -> None:
    recorder = Recorder()

    result = await invoke(Options(), reporters=[recorder], environ={}, cwd=tmp_path)

    assert result.exit_code is ExitCode.COULD_NOT_RUN
    assert not result.success
    assert "dbt_project.yml" in str(result.error)
    assert [type(event) for event in recorder.events] == [
        InvocationStarted,
        InvocationFailed,
        InvocationFinished,
    ]


async def test_command_that_does_not_exist_comes_back_in_the_result(
    write_project: WriteProject,
) -> None:
    ran = await run(write_project({}), "rnu")

    assert ran.exit_code == 2
    assert "'rnu'" in str(ran.outcome.error)


async def test_session_writes_no_artifacts_by_itself(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": TABLE + "select 1 as id"})

    result = await Session(Options(), environ={}, cwd=root).run()

    assert [each.status for each in result.results] == [Status.SUCCESS]
    assert not (root / "target").exists()


async def test_environment_is_the_one_that_was_given(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", "the process")
    root = write_project({"models/me.sql": TABLE + "select '{{ env_var('WHO') }}' as who"})

    ran = await run(root, environ={"WHO": "the caller"})

    assert ran.exit_code == 0
    assert rows(root, "select who from me") == [("the caller",)]
