"""How deep the way of one table model is, and how wide.

    python bench/depth.py [--list] [--server URL] [--databases sqlite postgres]

Two table models are run twice, and what is counted is the second one in the second run: its
table takes the place of an older one, and what is done once a run (the connection is made, the
macros are compiled) has been done for the first. Counted are functions of the package and the
files that they are in; a comprehension counts as its function.

"deep" is the longest stack at a call into the driver: from `main` to the task that waits for
the nodes, and on from the node's task to the driver. "task" is every function that is called in
the node's task. The goals: 18 deep in 10 files, 120 functions in 40 files. `--list` names them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from figures import print_table
from postgres_server import server_to_use

DRIVERS = ("asyncpg", "aiosqlite")
FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels: {+materialized: table}\n",
    "models/customers.sql": "select 1 as id\n",
    "models/orders.sql": "select * from {{ ref('customers') }}\n",
}


@dataclass
class Watch:
    """Looks at every call in the thread of the event loop."""

    package: tuple[str, ...]
    drivers: tuple[str, ...]
    start: CodeType
    """Is called when a node begins."""
    deepest: list[CodeType] = field(default_factory=list)
    seen: dict[CodeType, None] = field(default_factory=dict)

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        # What asks for the task raises without a loop.
        if event != "call" or asyncio._get_running_loop() is None:
            return
        code = frame.f_code
        if code is self.start:
            self.deepest = []
            self.seen.clear()
        current = asyncio.current_task()
        if self._is_ours(code) and _is_nodes(current):
            self.seen[code] = None
        elif code.co_flags & CO_COROUTINE and code.co_filename.startswith(self.drivers):
            self._note_stack(frame, current)

    def _note_stack(self, frame: FrameType | None, current: asyncio.Task[Any] | None) -> None:
        """Take down who has called the driver, which may be in a task of its own by then."""
        inner: list[CodeType] = []
        outer: list[CodeType] = []
        found = inner
        while frame is not None:
            if frame.f_code.co_name == "run_until_complete":
                found = outer
            if self._is_ours(frame.f_code):
                found.append(frame.f_code)
            frame = frame.f_back
        for node in filter(_is_nodes, asyncio.all_tasks()):
            others = (task for task in asyncio.all_tasks() if task not in (node, current))
            run = max((list(self._waiting(task)) for task in others), key=len, default=[])
            own = inner[::-1] if node is current else list(self._waiting(node))
            stack = [*outer[::-1], *run, *own]
            if len(stack) > len(self.deepest):
                self.deepest = stack

    def _is_ours(self, code: CodeType) -> bool:
        name = code.co_name
        return code.co_filename.startswith(self.package) and (name[0] != "<" or name == "<lambda>")

    def _waiting(self, task: asyncio.Task[Any]) -> Iterator[CodeType]:
        """What of ours a task that is suspended is in, outermost first."""
        awaited: Any = task.get_coro()
        while awaited is not None:
            code = getattr(awaited, "cr_code", None) or getattr(awaited, "ag_code", None)
            if isinstance(code, CodeType) and self._is_ours(code):
                yield code
            frame = getattr(awaited, "cr_frame", None)
            if frame is not None and code is not None and code.co_name == "__aexit__":
                # What a context manager's generator waits for can't be asked of its step.
                generator = getattr(frame.f_locals.get("self"), "gen", None)
                if generator is not None:
                    awaited = generator
                    continue
            awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)


def _is_nodes(task: asyncio.Task[Any] | None) -> bool:
    """Whether a task is one that nodes run in."""
    return task is not None and task.get_name().startswith("slot ")


def watch_run() -> None:
    """Run the project in this directory, and print what was counted. Never returns."""
    import headrace
    from headrace.cli import main
    from headrace.engine.running.scheduler import Scheduler

    root = os.path.dirname(headrace.__file__) + os.sep
    package = tuple(root + part for part in ("adapters/", "engine/", "cli"))
    drivers = tuple(
        os.path.dirname(spec.origin) + os.sep
        for spec in map(find_spec, DRIVERS)
        if spec is not None and spec.origin
    )
    watch = Watch(package, drivers, Scheduler._start.__code__)
    sys.argv = ["headrace", "--quiet", "run"]
    sys.setprofile(watch)
    try:
        main()
    except SystemExit as ended:
        sys.setprofile(None)
        if ended.code:
            raise

    def named(codes: Iterable[CodeType]) -> list[tuple[str, str]]:
        return [(code.co_filename.removeprefix(root), code.co_qualname) for code in codes]

    print(json.dumps({"deep": named(watch.deepest), "task": named(watch.seen)}))


def counted(output: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What a run of the project on a database has called."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in FILES.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text)
        profile = {"shop": {"target": "dev", "outputs": {"dev": {"threads": 1, **output}}}}
        (root / "profiles.yml").write_text(json.dumps(profile))
        command = [sys.executable, os.path.abspath(__file__), "--watch"]
        for _ in range(2):
            answer = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout
    found: dict[str, list[tuple[str, str]]] = json.loads(answer)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--server", help="the URL of a PostgreSQL, in place of one of its own")
    parser.add_argument("--list", action="store_true", help="name the functions")
    parser.add_argument("--watch", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        watch_run()
        return
    found = {}
    if "sqlite" in options.databases:
        found["sqlite"] = counted({"type": "sqlite", "path": "shop.db", "schema": "main"})
    if "postgres" in options.databases:
        with server_to_use(options.server, fast=True) as server:
            keys = {"host": server.host, "port": server.port, "dbname": server.database}
            who = {"user": server.user, "password": server.password}
            found["postgres"] = counted({"type": "postgres", "schema": "depth", **keys, **who})
    print_table(
        ("database", "deep", "in files", "task", "in files"),
        [
            (database, *(size for names in kinds.values() for size in sizes(names)))
            for database, kinds in found.items()
        ],
    )
    if options.list:
        for database, kinds in found.items():
            for kind, names in kinds.items():
                print(f"\n{database}, {kind}")
                ordered = names if kind == "deep" else sorted(names)
                print(*(f"  {path}: {function}" for path, function in ordered), sep="\n")


def sizes(names: list[tuple[str, str]]) -> tuple[int, int]:
    """How many functions, in how many files."""
    return len(names), len({path for path, _ in names})


if __name__ == "__main__":
    main()
