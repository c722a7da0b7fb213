"""A process that is killed in the middle: each file is sound, and has what was reported."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from headrace.engine.state.journal_state import read_journal

from ..commands.support import environment
from .support import FILES as MODEL_FILES
from .support import Told, an_outside_program, assert_all_of, run_at_once, write_project

FILES = ("shop.db", "shop.raw.db", "shop.marts.db")

_WRITE_FOR_EVER = """
import anyio, sys
from pathlib import Path
from headrace.adapters.base import Target
from headrace.adapters.registry import create_adapter
from headrace.adapters.relation import Namespace

ROWS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)"

async def main():
    root = Path(sys.argv[1])
    target = Target("sqlite", "dev", "shop", "main", None, 1, root, {"path": "shop.db"})
    async with create_adapter(target) as adapter:
        for schema in ("raw", "marts"):
            await adapter.create_schema(Namespace(None, schema))
        async with adapter.connection("orders") as connection:
            for round in range(1, 1_000_000):
                async with connection.transaction():
                    for schema in ("main", "raw", "marts"):
                        connection.defer(f"drop table if exists {schema}.orders")
                        connection.defer(f"create table {schema}.orders as {ROWS} "
                            f"select i, {round} as round, hex(randomblob(50)) as text from n")
                print(round, flush=True)

anyio.run(main)
"""


def write_and_be_killed(root: Path, seconds: float) -> int:
    """Let another process write to three files at a time, and kill it; the last that it told."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE_FOR_EVER, str(root)],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        told += process.stdout.read().splitlines(keepends=True)
    return max(int(line) for line in told if line.endswith("\n"))


def rounds_of_sound_files(root: Path) -> list[int]:
    """The round that each file holds, which is one and whole."""
    rounds = []
    for name in FILES:
        with closing(sqlite3.connect(root / name)) as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)], name
            count, distinct, round = database.execute(
                "select count(*), count(distinct round), max(round) from orders"
            ).fetchone()
        assert (count, distinct) == (500, 1), name
        rounds.append(round)
    return rounds


def check_kill(root: Path, seconds: float) -> None:
    root.mkdir()

    told = write_and_be_killed(root, seconds)

    rounds = rounds_of_sound_files(root)
    # Each file is committed by itself, so that the last transaction may be in the first ones.
    assert set(rounds) <= {told, told + 1}
    assert rounds == sorted(rounds, reverse=True)


@pytest.mark.parametrize("seconds", [0, 0.003, 0.011, 0.02])
def test_killed_process_leaves_each_of_its_files_whole(tmp_path: Path, seconds: float) -> None:
    check_kill(tmp_path / "shop", seconds)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_processes_leave_each_of_their_files_whole(tmp_path: Path) -> None:
    moments = random.Random(23)
    for number in range(60):
        check_kill(tmp_path / str(number), moments.uniform(0, 0.04))


def run_and_be_killed(root: Path, who: str, seconds: float) -> dict[str, str]:
    """Run the command line and kill it once it builds; the statuses that its journal tells."""
    with subprocess.Popen(
        [sys.executable, "-m", "headrace", "run", "--vars", f"{{who: {who}}}"],
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "START" in line:
                break
        time.sleep(seconds)
        process.kill()
        process.stdout.read()
    nodes = read_journal(root / "target" / "run_results.jsonl").nodes
    results = {unique_id: node.result for unique_id, node in nodes.items() if node.result}
    return {
        unique_id.rpartition(".")[2]: str(result["status"]) for unique_id, result in results.items()
    }


def kill_runs(root: Path, kills: int) -> None:
    """Kill runs at random, while another program writes: what each journal tells is there."""
    moments, told = random.Random(9), Told()
    run_at_once(write_project(root), 1, "first", told)
    with an_outside_program(root) as written:
        for number in range(kills):
            statuses = run_and_be_killed(root, f"k{number}", moments.uniform(0, 0.03))
            for model, status in statuses.items():
                assert status == "success"
                told.rows[model].append(f"k{number}")

    assert_all_of(written)
    for model, name in MODEL_FILES.items():
        with closing(sqlite3.connect(root / name)) as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)], name
            found = [who for (who,) in database.execute(f"select who from {model}")]
        assert set(told.rows[model]) <= set(found), name
        assert len(found) == len(set(found)), name


def test_what_a_killed_run_has_told_is_there(tmp_path: Path) -> None:
    kill_runs(tmp_path / "shop", kills=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_many_killed_runs_have_told_is_there(tmp_path: Path) -> None:
    kill_runs(tmp_path / "shop", kills=60)
