"""What a killed `deps` left goes with the next one; what another one is at work in stays."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from headrace.engine.core import leftovers
from headrace.engine.packages.installation import stage_beside

from ..commands.cancelling import WAYS, Way
from ..conftest import WriteProject
from ..open_files import open_below
from .support import deps, write_package

ASKS = {"packages.yml": "packages:\n  - local: ../tools\n"}
LONG_AGO = time.time() - 2 * leftovers.FOREIGN_LEFTOVER_SECONDS

DIES = """
import os, signal, sys
name, left = sys.argv.pop(1), int(sys.argv.pop(1))
call = getattr(os, name)

def die(*arguments, **options):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*arguments, **options)

setattr(os, name, die)
from headrace.cli import main
main()
"""


@pytest.fixture
def root(write_project: WriteProject, tmp_path: Path) -> Path:
    write_package(tmp_path / "tools", "tools")
    return write_project(ASKS)


def hidden(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob(".headrace-*"))


@pytest.mark.parametrize(
    ("step", "nth"),
    [
        ("fsync", 1),  # of the lock file's text
        ("rename", 1),  # the stage has no lock yet
        ("rename", 2),  # the old packages go aside
        ("rename", 3),  # the new ones come
        ("replace", 1),
        ("replace", 2),
    ],
)
async def test_install_that_was_killed_is_made_good_by_the_next(
    root: Path, step: str, nth: int
) -> None:
    assert (await deps(root)).exit_code == 0
    lock = (root / "package-lock.yml").read_bytes()

    done = await anyio.run_process(
        [sys.executable, "-c", DIES, step, str(nth), "deps", "--upgrade"], cwd=root, check=False
    )
    left = hidden(root)
    ran = await deps(root)

    assert done.returncode == -9, done.stdout
    assert len(left) == 1
    assert (ran.exit_code, os.listdir(root / "dbt_packages")) == (0, ["tools"])
    assert (root / "package-lock.yml").read_bytes() == lock
    if (step, nth) != ("rename", 1):  # where no lock tells, age does
        assert hidden(root) == []


async def test_stage_of_another_install_that_is_under_way_stays(root: Path) -> None:
    async with stage_beside(root / "dbt_packages") as stage:
        ran = await deps(root)

        assert ran.exit_code == 0
        assert hidden(root) == [stage.name]
    assert hidden(root) == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("step", ["mkdir", "rename", "rmdir"])
@pytest.mark.parametrize("way", WAYS)
async def test_stage_is_gone_whenever_who_asked_for_it_is_cancelled(
    root: Path, way: Way, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while it is being made, and while it is being deleted already."""
    call, loop, moment = getattr(os, step), asyncio.get_running_loop(), asyncio.Event()

    def slowly(path: object, *arguments: object, **options: object) -> None:
        call(path, *arguments, **options)
        loop.call_soon_threadsafe(moment.set)
        time.sleep(0.05)

    async def stay() -> None:
        async with stage_beside(root / "dbt_packages") as stage:
            (stage / "new" / "util").mkdir()
            if step != "rmdir":
                await moment.wait()
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(os, step, slowly)
    await way(stay, moment)

    assert hidden(root) == []
    assert open_below(root) == []


def with_lock(stage: Path) -> None:
    stage.mkdir()
    (stage / "lock").write_text("")


def without_lock(stage: Path) -> None:
    stage.mkdir()


def with_lock_of_long_ago(stage: Path) -> None:
    with_lock(stage)
    os.utime(stage, (LONG_AGO, LONG_AGO))


def without_lock_of_long_ago(stage: Path) -> None:
    without_lock(stage)
    os.utime(stage, (LONG_AGO, LONG_AGO))


HERE = f".headrace-packages-{leftovers.host()}-abcdefgh"
ELSEWHERE = ".headrace-packages-000000-abcdefgh"


@pytest.mark.parametrize(
    ("name", "make", "stays"),
    [
        (HERE, with_lock, False),
        (HERE, without_lock, True),
        (HERE, without_lock_of_long_ago, False),
        (ELSEWHERE, with_lock, True),
        (ELSEWHERE, with_lock_of_long_ago, False),
        (".headrace-packages-mine", without_lock_of_long_ago, True),
        (".headrace-packages-mine-too", with_lock_of_long_ago, True),
    ],
)
async def test_only_what_is_provably_left_over_is_swept(
    root: Path, name: str, make: Callable[[Path], None], stays: bool
) -> None:
    make(root / name)

    ran = await deps(root)

    assert ran.exit_code == 0
    assert hidden(root) == ([name] if stays else [])
