"""Ctrl-C and its like: the run ends soon, everything has its status, and the next run works."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from ..building.support import relations, rows, run, run_results
from .signalling import UNDISTURBED, in_process
from .support import ENDLESS, SECONDS

WriteProject = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

TABLE = "{{ config(materialized='table') }}\n"
SHOP = {
    "models/quick.sql": TABLE + "select 2 as n",
    "models/endless.sql": TABLE + ENDLESS + " -- {{ ref('quick') }}",
    "models/below.sql": "select n from {{ ref('endless') }}",
}
# Inside of one call of a function, SQLite looks at no interrupt: this one takes minutes.
DEAF = TABLE + (
    "select instr(printf('%.*c', 20000000, 'a'), printf('%.*c', 400000, 'a') || 'b') as n "
    "-- {{ ref('quick') }}"
)


@contextmanager
def started(root: Path, *arguments: str, program: str = "") -> Iterator[subprocess.Popen[str]]:
    """The command line, up to where the model that doesn't end is under way."""
    with in_process(root, *arguments, program=program) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "START table model main.endless" in line:
                break
        else:
            pytest.fail("the model was never started")
        yield process


async def an_earlier_run(write_project: WriteProject) -> Path:
    """A project whose tables are there, each with a 1, and whose models are slow from now on."""
    earlier = dict.fromkeys(SHOP, TABLE + "select 1 as n")
    root = write_project(earlier)
    await run(root)
    return write_project(SHOP)


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
async def test_signal_ends_the_run_with_a_status_for_every_node(
    write_project: WriteProject, number: signal.Signals, exit_code: int
) -> None:
    root = await an_earlier_run(write_project)

    with started(root, "run") as process:
        sent = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=SECONDS)

    assert time.monotonic() - sent < 5
    assert process.returncode == exit_code, output
    assert "Traceback" not in output
    assert "CANCEL query model.shop.endless" in output
    assert "Done. PASS=1 WARN=0 ERROR=1 SKIP=1 NO-OP=0 TOTAL=3" in output
    assert run_results(root) == {
        "model.shop.quick": "success",
        "model.shop.endless": "cancelled",
        "model.shop.below": "skipped",
    }
    assert rows(root, "select n from quick") == [(2,)]
    assert rows(root, "select n from endless union all select n from below") == [(1,), (1,)]


async def test_signal_that_ends_no_wait_is_answered_all_the_same(
    write_project: WriteProject,
) -> None:
    root = await an_earlier_run(write_project)

    with started(root, "run", program=UNDISTURBED) as process:
        sent = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=SECONDS)

    assert time.monotonic() - sent < 5
    assert process.returncode == 143, output
    assert "CANCEL query model.shop.endless" in output


async def test_run_after_an_interrupted_one_finds_nothing_in_its_way(
    write_project: WriteProject,
) -> None:
    root = await an_earlier_run(write_project)
    with started(root, "run") as process:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=SECONDS)
    journals = [path.name for path in root.glob("*-journal")]
    write_project({"models/endless.sql": TABLE + "select 3 as n -- {{ ref('quick') }}"})

    ran = await run(root)

    assert journals == []
    assert ran.exit_code == 0
    assert rows(root, "select n from below") == [(3,)]
    assert relations(root) == {"quick": "table", "endless": "table", "below": "view"}


async def test_second_signal_ends_the_process_at_once(write_project: WriteProject) -> None:
    root = await an_earlier_run(write_project)
    write_project({"models/endless.sql": DEAF})

    with started(root, "run") as process:
        first = time.monotonic()
        while process.poll() is None:  # signals that come together are one
            process.send_signal(signal.SIGINT)
            await anyio.sleep(0.2)

    assert time.monotonic() - first < 5  # one signal alone lets the query have ten seconds
    assert process.returncode == 130
    assert rows(root, "select n from endless") == [(1,)]


async def test_killed_run_leaves_the_old_table_and_a_journal(write_project: WriteProject) -> None:
    root = await an_earlier_run(write_project)

    with started(root, "run") as process:
        process.kill()
        process.wait(timeout=SECONDS)

    assert rows(root, "pragma integrity_check") == [("ok",)]
    assert rows(root, "select n from endless") == [(1,)]
    assert relations(root) == {"quick": "table", "endless": "table", "below": "table"}
    assert '"event":"started","unique_id":"model.shop.endless"' in (
        root / "target" / "run_results.jsonl"
    ).read_text().replace(" ", "")
    write_project({"models/endless.sql": TABLE + "select 3 as n"})
    assert (await run(root)).exit_code == 0
