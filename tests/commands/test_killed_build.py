"""A whole build is killed at each step of writing into its target directory, and run again."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from headrace.engine.state.journal_state import read_journal

from ..building.support import check_invariants, rows, run, run_results
from ..conftest import WriteProject
from .support import environment

ROOT = Path(__file__).parents[2]

BUILD = """
import sys
from pathlib import Path
from tests.reporters.dying import Steps
steps = Steps("kill")
steps.go_wrong_at(int(sys.argv.pop(1)), Path.cwd() / "target")
from headrace.cli import main
main()
"""
TABLE = "{{ config(materialized='table') }}\n"
FILES = {
    "models/orders.sql": TABLE + "select ROUND as round",
    "models/recent.sql": "select round from {{ ref('orders') }}",
}


def write_round(write_project: WriteProject, number: int) -> Path:
    return write_project({name: text.replace("ROUND", f"{number}") for name, text in FILES.items()})


def build_and_die(root: Path, step: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, f"{step}", "build"],
        cwd=root,
        env={**environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


async def check_steps(write_project: WriteProject, first: int, stride: int) -> None:
    """Kill builds at every `stride`-th step, from the `first` on."""
    root = write_round(write_project, 0)
    await run(root, "build")

    for step in count(first, stride):
        number = step + 1
        write_round(write_project, number)

        code = build_and_die(root, step)

        assert rows(root, "select round from recent") in ([(number - stride,)], [(number,)], [(0,)])
        read_journal(root / "target" / "run_results.jsonl")
        ran = await run(root, "build")
        assert ran.exit_code == 0
        assert rows(root, "select round from recent") == [(number,)]
        assert set(run_results(root).values()) == {"success"}
        assert not list(root.rglob(".headrace-*.tmp")), "that run swept nothing"
        check_invariants(root)
        if code == 0:
            assert step > 30
            return


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
async def test_build_killed_at_some_steps_of_writing_is_mended_by_the_next(
    write_project: WriteProject,
) -> None:
    await check_steps(write_project, first=7, stride=17)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
async def test_build_killed_at_each_step_of_writing_is_mended_by_the_next(
    write_project: WriteProject,
) -> None:
    await check_steps(write_project, first=1, stride=1)
