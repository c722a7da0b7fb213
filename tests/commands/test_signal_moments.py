"""One signal, whenever it comes: 130 or 143 with all results, the system's own end, or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from ..building.support import rows, run, run_results
from .signalling import (
    AT_EVENT,
    WHILE,
    Interrupted,
    check_ending,
    run_with_signal,
    signals_at_random_moments,
)
from .support import SECONDS

WriteProject = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

TABLE = "{{ config(materialized='table') }}\n"
SHOP = {
    "seeds/codes.csv": "code,name\n" + "".join(f"{n},name {n}\n" for n in range(200)),
    "models/first.sql": TABLE + "select code from {{ ref('codes') }}",
    "models/second.sql": TABLE + "select code, 2 as n from {{ ref('first') }}",
    "models/third.sql": "select count(*) as n from {{ ref('second') }}",
    "models/schema.yml": (
        "models:\n  - name: second\n    columns:\n      - name: code\n"
        "        data_tests: [unique, not_null]\n"
    ),
}
COMMANDS = (
    ("run",),
    ("build",),
    ("seed",),
    ("test",),
    ("docs", "generate"),
    ("retry",),
    ("ls",),
    ("parse",),
    ("clean",),
)


async def whole(write_project: WriteProject) -> Path:
    """A project of which everything has been built once."""
    root = write_project(SHOP)
    assert (await run(root, "build")).exit_code == 0
    return root


async def check(root: Path, ended: Interrupted, command: tuple[str, ...]) -> None:
    """What one signal leaves behind, and that `retry` makes the rest of it good."""
    check_ending(root, ended, command)
    if ended.was_interrupted and command[0] in ("run", "build", "seed", "test"):
        assert set(run_results(root).values()) <= {"success", "pass", "cancelled", "skipped"}
        again = await run(root, "retry")
        assert again.exit_code == 0, again.outcome
    assert rows(root, "select n from third") == [(200,)]


@pytest.mark.parametrize("count", [150, 340])
async def test_signal_while_a_class_is_made_ends_the_process(
    write_project: WriteProject, count: int
) -> None:
    # Python up to 3.11 makes a RuntimeError of what is raised in there.
    root = write_project(SHOP)

    ended = run_with_signal(root, WHILE, "__set_name__", count, signal.SIGINT, "run")

    assert ended.ended_before_it_began, ended
    assert not (root / "target").exists()


INT, TERM = signal.SIGINT, signal.SIGTERM
MOMENTS = [
    (AT_EVENT, "sqlite3.connect", 1, INT),
    (AT_EVENT, "sqlite3.connect/handle", 2, TERM),
    (AT_EVENT, "os.scandir", 3, TERM),
    (WHILE, "in_thread", 3, INT),
    (WHILE, "close_sessions", 1, INT),
    (WHILE, "_cancel_all_tasks", 1, INT),
]
MORE_MOMENTS = [
    *((AT_EVENT, "any", count, INT) for count in range(300, 7000, 700)),
    *((AT_EVENT, "sqlite3.connect", count, TERM) for count in (1, 2, 3)),
    *((AT_EVENT, "os.rename", count, INT) for count in (1, 2, 3, 4)),
    *((WHILE, "in_thread", count, TERM) for count in (1, 2, 3, 4, 5)),
    *((WHILE, "close_sessions", count, TERM) for count in (1, 2)),
    *((WHILE, "take_turn", count, INT) for count in (1, 2, 3)),
    *((WHILE, name, 1, INT) for name in ("_begin", "_finish", "_write_file", "close", "aclose")),
    *((WHILE, name, 1, TERM) for name in ("over", "shutdown_asyncgens", "run_forever")),
]


@pytest.mark.parametrize(
    ("program", "what", "count", "number"),
    [*MOMENTS, *(pytest.param(*moment, marks=pytest.mark.slow) for moment in MORE_MOMENTS)],
)
async def test_signal_at_a_chosen_moment(
    write_project: WriteProject, program: str, what: str, count: int, number: signal.Signals
) -> None:
    root = await whole(write_project)

    ended = run_with_signal(root, program, what, count, number, "build")

    await check(root, ended, ("build",))
    if what in ("sqlite3.connect", "sqlite3.connect/handle", "os.scandir", "in_thread"):
        assert ended.was_interrupted, ended
    if what in ("_cancel_all_tasks", "shutdown_asyncgens"):
        assert ended.returncode == 0, ended


def test_signal_to_the_whole_group_of_processes_is_ours_and_not_gits(
    write_project: WriteProject, tmp_path: Path
) -> None:
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    said = tmp_path / "started"
    git.write_text(f"#!/bin/sh\n[ $1 = init ] && exit 0\ntouch {said}\nexec sleep 60\n")
    git.chmod(0o755)
    root = write_project({"packages.yml": "packages:\n  - git: https://localhost/x.git\n"})
    path = f"{git.parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", "deps"],
        cwd=root,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    wait_for(said.exists)

    # git first, as the system may have it.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if children.exists():
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGINT)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 130, output
    assert not list(root.glob(".headrace-packages-*"))


async def test_hangup_counts_as_a_signal_but_not_under_nohup(write_project: WriteProject) -> None:
    root = await whole(write_project)

    ended = run_with_signal(root, AT_EVENT, "sqlite3.connect", 1, signal.SIGHUP, "build")
    with_nohup = AT_EVENT.replace(
        "import os, sys\n", "import os, signal, sys\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    )
    under_nohup = run_with_signal(root, with_nohup, "sqlite3.connect", 1, signal.SIGHUP, "build")

    assert ended.was_interrupted
    assert under_nohup.returncode == 0
    await check(root, ended, ("build",))


def test_second_signal_ends_a_process_whose_event_loop_is_busy(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project(SHOP)
    busy = tmp_path / "busy"
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from headrace.engine.running.plan import Plan\n"
        f"def pop_ready(self):\n    Path({str(busy)!r}).touch()\n    time.sleep(60)\n"
        "Plan.pop_ready = pop_ready\n"
        "from headrace.__main__ import main\nsys.argv = ['headrace', 'run']\nmain()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=root) as process:
        wait_for(busy.exists)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=SECONDS / 4)

    assert process.returncode == 130


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def signals(
    write_project: WriteProject,
    count: int,
    commands: Sequence[tuple[str, ...]] = COMMANDS,
    seed: int = 17,
) -> Counter[str]:
    root = await whole(write_project)

    async def check_one(ended: Interrupted, command: tuple[str, ...]) -> None:
        await check(root, ended, command)
        if command == ("clean",):
            await run(root, "build")

    return await signals_at_random_moments(root, commands, count, seed, check_one)


async def test_signals_at_a_few_random_moments(write_project: WriteProject) -> None:
    await signals(write_project, 4, [("build",)])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_signals_at_very_many_random_moments(write_project: WriteProject, seed: int) -> None:
    endings = await signals(write_project, 60, seed=seed)

    print(dict(endings))  # noqa: T201 # the figures
    assert endings.total() == 60
    assert endings["interrupted"] >= 10
