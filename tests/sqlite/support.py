"""What the tests of SQLite among processes share: a project over three files, and its writers."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..commands.support import environment

FILES = {"orders": "shop.db", "raw_orders": "shop.main_raw.db", "mart_orders": "shop.main_marts.db"}
"""The file that each model's table is in: the main one, and two that are attached."""

OUTSIDE = "outside"
"""The table that another program writes to, in each of the files."""

_PROJECT = "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
_PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: sqlite, path: shop.db, schema: main, threads: 4, lock_timeout: 60}
"""

# A row says who has written it, so that each can be looked for.
_WRITER = """
import asyncio, json, sys
from pathlib import Path
from headrace import Options, invoke

async def main(number):
    for line in sys.stdin:
        root, round = json.loads(line)
        options = Options(command="run", vars={"who": f"{number}-{round}"},
            target_path=Path(f"target_{number}"), log_path=Path(f"logs_{number}"))
        outcome = await invoke(options, environ={}, cwd=Path(root))
        wrote = [result.node.name for result in outcome.results if result.status == "success"]
        errors = [str(result.error) for result in outcome.results if result.error]
        errors = errors or [str(outcome.error or "")]
        print(json.dumps([int(outcome.exit_code), wrote, errors]), flush=True)

asyncio.run(main(sys.argv[1]))
"""

# Another program: it knows nothing of headrace, opens, writes and closes, and is often the last.
_OUTSIDER = """
import json, sqlite3, sys, threading
from contextlib import closing

stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
written = {path: 0 for path in sys.argv[1:]}
print("ready", flush=True)
while not stopped.is_set():
    for path in written:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
            try:
                database.execute("create table if not exists outside (number)")
                database.execute("insert into outside values (?)", (written[path],))
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
            else:
                written[path] += 1
    stopped.wait(0.01)
print(json.dumps(written))
"""


def write_project(root: Path) -> Path:
    """A project with a model that only adds rows in each of three files."""
    (root / "models").mkdir(parents=True)
    (root / "dbt_project.yml").write_text(_PROJECT)
    (root / "profiles.yml").write_text(_PROFILES)
    for model, schema in (("orders", None), ("raw_orders", "raw"), ("mart_orders", "marts")):
        config = "materialized='incremental'" + (f", schema='{schema}'" if schema else "")
        text = f"{{{{ config({config}) }}}}\nselect '{{{{ var(\"who\") }}}}' as who\n"
        (root / "models" / f"{model}.sql").write_text(text)
    return root


@dataclass
class Told:
    """What those who write have reported as written, and whatever else they said."""

    rows: dict[str, list[str]] = field(default_factory=lambda: {model: [] for model in FILES})
    exit_codes: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def note(self, who: str, exit_code: int, wrote: Sequence[str], errors: Sequence[str]) -> None:
        self.exit_codes[exit_code] += 1
        for model in wrote:
            self.rows[model].append(who)
        if exit_code:
            self.errors.extend(errors)


@contextmanager
def writers(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes of headrace that wait for rounds."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _WRITER, str(number)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                    text=True,
                )
            )
            for number in range(count)
        ]


def write_round(
    processes: Sequence[subprocess.Popen[str]], root: Path, round: str, told: Told
) -> None:
    """Let every process run the project once, all of them at the same moment."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(json.dumps([str(root), round]) + "\n")
    for process in processes:
        assert process.stdin is not None
        process.stdin.flush()
    for number, process in enumerate(processes):
        assert process.stdout is not None
        told.note(f"{number}-{round}", *json.loads(process.stdout.readline()))


def run_at_once(root: Path, count: int, round: str, told: Told) -> None:
    """Run the command line `count` times at once, each a process of its own from start to end."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "headrace", "run"),
                        *("--target-path", f"target_{number}", "--log-path", f"logs_{number}"),
                        *("--vars", json.dumps({"who": f"{number}-{round}"})),
                    ],
                    cwd=root,
                    env=environment(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
            for number in range(count)
        ]
        for number, process in enumerate(running):
            output, _ = process.communicate(timeout=600)
            results = root / f"target_{number}" / "run_results.json"
            found = json.loads(results.read_bytes())["results"] if results.exists() else []
            wrote = [
                result["unique_id"].rpartition(".")[2]
                for result in found
                if result["status"] == "success"
            ]
            results.unlink(missing_ok=True)
            told.note(f"{number}-{round}", process.returncode, wrote, [output])


@contextmanager
def an_outside_program(root: Path) -> Iterator[dict[str, int]]:
    """Another program writes to each of the files meanwhile. In the end: how often, by path."""
    written: dict[str, int] = {}
    paths = [str(root / name) for name in FILES.values()]
    with subprocess.Popen(
        [sys.executable, "-c", _OUTSIDER, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield written
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        written.update(json.loads(output))


def assert_whole(root: Path, told: Told) -> None:
    """Each file is sound, and has what was reported as written once, and nothing else."""
    for model, name in FILES.items():
        with closing(sqlite3.connect(root / name)) as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)], name
            found = [who for (who,) in database.execute(f"select who from {model}")]
        assert sorted(found) == sorted(told.rows[model]), name


def assert_all_of(written: dict[str, int]) -> None:
    """What the other program has written is there."""
    for path, count in written.items():
        assert count > 0, path
        with closing(sqlite3.connect(path)) as database:
            found = [number for (number,) in database.execute(f"select number from {OUTSIDE}")]
        assert found == list(range(count)), path
