"""A cancelled command has stopped when it returns: its threads too, and soon."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from headrace import Options, invoke

from ..building.support import run
from .cancelling import WAYS, Points, Way, by_cancel, by_scope, own_threads

WriteProject = Callable[[Mapping[str, str]], Path]

SECONDS = 2.0
"""How long stopping may take at most on a busy machine. What was measured is in docs."""


def shop_files(models: int = 24) -> dict[str, str]:
    """A project with some of everything that takes its time."""
    properties = "models:\n" + "".join(
        f"  - {{name: m{n}, columns: [{{name: n, data_tests: [not_null]}}]}}\n"
        for n in range(models)
    )
    return {
        "dbt_project.yml": (
            "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
            "clean-targets: [target, dbt_packages]\n"
        ),
        "models/properties.yml": properties,
        "seeds/codes.csv": "code,name\n" + "".join(f"{n},name {n}\n" for n in range(500)),
        "macros/some.sql": "{% macro one() %}1{% endmacro %}",
        **{
            f"models/m{n}.sql": "{{ config(materialized='view') }}\nselect {{ one() }} as n"
            for n in range(models)
        },
    }


@dataclass(frozen=True)
class Case:
    """A command, what it needs, and what mustn't have changed when it was stopped."""

    command: str
    options: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda root: None
    builds: bool = True
    kept: str | None = None


def with_target_files(root: Path) -> None:
    for directory in range(10):
        place = root / "target" / "old" / str(directory)
        place.mkdir(parents=True)
        for number in range(30):
            (place / f"{number}.sql").write_text("select 1")


def with_packages(root: Path) -> None:
    """Packages of before, and an archive to install others from."""
    before = root / "dbt_packages" / "util"
    before.mkdir(parents=True)
    (before / "dbt_project.yml").write_text("name: util\nversion: '0.1'\nconfig-version: 2\n")
    source = root.parent / "source" / "util"
    (source / "macros").mkdir(parents=True, exist_ok=True)
    (source / "dbt_project.yml").write_text("name: util\nversion: '1.0'\nconfig-version: 2\n")
    for number in range(40):
        (source / "macros" / f"{number}.sql").write_text(
            f"{{% macro x{number}() %}}{{% endmacro %}}"
        )
    archive = root.parent / "util.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source, "util")
    (root / "packages.yml").write_text(f"packages:\n  - tarball: {archive}\n    name: util\n")


def with_a_failed_run(root: Path) -> None:
    (root / "models" / "m3.sql").write_text("select nothing")


def with_a_state(root: Path) -> None:
    shutil.copytree(root / "target", root / "state")
    (root / "models" / "m3.sql").write_text("select 3 as n")


CASES = {
    "parse": Case("parse"),
    "parse anew": Case("parse", {"partial_parse": False}),
    "ls": Case("ls", {"output": "json"}),
    "compile": Case("compile"),
    "run": Case("run"),
    "seed": Case("seed"),
    "docs generate": Case("generate"),
    "clean": Case("clean", prepare=with_target_files),
    "deps": Case("deps", prepare=with_packages, builds=False, kept="dbt_packages"),
    "retry": Case("retry", prepare=with_a_failed_run),
    "state": Case(
        "ls", {"select": ("state:modified+",), "state": Path("state")}, prepare=with_a_state
    ),
}


async def set_up(write_project: WriteProject, case: Case) -> Path:
    """The project as it is before each time."""
    root = write_project({})
    shutil.rmtree(root)
    write_project(shop_files())
    if case.command == "retry":
        case.prepare(root)
        await run(root)
        return root
    if case.builds:
        assert (await run(root, "build")).exit_code == 0
    case.prepare(root)
    return root


def tree(root: Path) -> dict[str, bytes]:
    """Every file of a directory, with what is in it, but for the log."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "logs" not in path.parts
    }


async def undisturbed(
    write_project: WriteProject, case: Case, patch: pytest.MonkeyPatch
) -> tuple[int, dict[str, bytes]]:
    """How many points the work of a command comes to, and what it makes of what is kept."""
    root = await set_up(write_project, case)
    points = Points()
    with patch.context() as patched:
        points.watch(patched)
        await run(root, case.command, **case.options)
    return points.count, tree(root / case.kept) if case.kept else {}


async def stop(
    write_project: WriteProject,
    case: Case,
    way: Way,
    wanted: int,
    whole: dict[str, bytes],
    patch: pytest.MonkeyPatch,
) -> Path:
    """Stop a command at one of its points, and look at what it has left behind."""
    root = await set_up(write_project, case)
    before = tree(root / case.kept) if case.kept else {}
    tasks, points = asyncio.all_tasks(), Points(wanted)
    options = Options(command=case.command, **case.options)
    with patch.context() as patched:
        points.watch(patched)
        with anyio.fail_after(30):
            await way(lambda: invoke(options, environ={}, cwd=root), points.moment)
        returned_at, count = time.monotonic(), points.count
        assert own_threads() == []
        assert asyncio.all_tasks() == tasks
        left = tree(root)
        await asyncio.sleep(0.02)
        assert (tree(root), points.count) == (left, count)
    assert returned_at - points.told_at < SECONDS
    if case.kept:
        # Wholly or not at all: the last points come when all that is left is to tidy up.
        assert tree(root / case.kept) in (before, whole)
    for path in (root / "target").glob("*.json"):
        json.loads(path.read_bytes())
    return root


async def stop_and_go_on(
    write_project: WriteProject,
    case: Case,
    ways: Sequence[Way],
    moments: Sequence[float],
    patch: pytest.MonkeyPatch,
) -> None:
    """Stop a command at several of its points; each time, the next one is like any other."""
    total, whole = await undisturbed(write_project, case, patch)
    for way in ways:
        for moment in moments:
            wanted = min(max(1, round(moment * total)), total)
            root = await stop(write_project, case, way, wanted, whole, patch)
            again = await run(root, case.command, **case.options)
            failed = case.command == "retry"
            assert again.exit_code == (1 if failed else 0), again.outcome.error


@pytest.mark.parametrize("name", CASES)
async def test_cancelled_command_has_stopped_when_it_returns(
    write_project: WriteProject, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = [by_cancel, by_scope]

    await stop_and_go_on(write_project, CASES[name], ways, [0.5], monkeypatch)


@pytest.mark.parametrize("way", [by_cancel, by_scope])
async def test_cancelled_clean_deletes_nothing_after_it_has_returned(
    write_project: WriteProject, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(shop_files(1))
    for number in range(3_000):
        path = root / "target" / str(number % 7) / f"{number}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    deleted = 0
    moment, loop, unlink = asyncio.Event(), asyncio.get_running_loop(), os.unlink

    def counted(*arguments: Any, **options: Any) -> None:
        nonlocal deleted
        unlink(*arguments, **options)
        deleted += 1
        if deleted == 50:
            loop.call_soon_threadsafe(moment.set)

    monkeypatch.setattr(os, "unlink", counted)
    await way(lambda: invoke(Options(command="clean"), environ={}, cwd=root), moment)
    then = deleted
    await asyncio.sleep(0.2)

    assert 50 <= deleted == then < 3_000
    assert sum(1 for path in (root / "target").rglob("*.sql")) == 3_000 - then
    assert (await run(root, "clean")).exit_code == 0
    assert not (root / "target").exists()


async def test_cancelling_one_invocation_stops_its_own_thread_alone(
    write_project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = []
    for number in range(3):
        roots.append(write_project(shop_files()).rename(tmp_path / f"shop_{number}"))
    points = Points()
    points.watch(monkeypatch)

    others: list[asyncio.Future[Any]] = []

    async def one_among_others() -> None:
        others.extend(asyncio.ensure_future(run(root, "parse")) for root in roots[1:])
        await invoke(Options(command="parse"), environ={}, cwd=roots[0])

    task = asyncio.ensure_future(one_among_others())
    await asyncio.sleep(0)
    while points.count < 40:  # noqa: ASYNC110 # other threads count
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [(await other).exit_code for other in others] == [0, 0]


@pytest.mark.parametrize("way", [by_cancel, by_scope])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("models/long.sql", "{% if var('x', 1) %}{{ target.name }} text{% endif %}\n" * 4_000),
        ("models/long.yml", "models:\n" + "- {name: first, meta: {a: [b, c]}}\n" * 20_000),
        ("seeds/long.csv", "id,name\n" + "1,one\n" * 50_000),
    ],
    ids=["template", "yaml", "seed"],
)
async def test_one_long_file_has_many_points(
    write_project: WriteProject, name: str, text: str, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project({"models/first.sql": "select 1 as n"})
    command = "seed" if name.startswith("seeds") else "parse"
    without = Points()
    with monkeypatch.context() as patched:
        without.watch(patched)
        await run(root, command)
    write_project({name: text})
    points = Points(without.count + 300)
    points.watch(monkeypatch)

    with anyio.fail_after(30):
        await way(lambda: invoke(Options(command=command), environ={}, cwd=root), points.moment)

    assert time.monotonic() - points.told_at < SECONDS
    assert own_threads() == []


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_large_project_stops_soon_at_any_time(write_project: WriteProject) -> None:
    root = write_project(shop_files(5_000))
    chance = random.Random(11)
    took = []
    for command in ("parse", "ls"):
        began = time.monotonic()
        assert (await run(root, command)).exit_code == 0
        whole = time.monotonic() - began
        for _ in range(12):
            task = asyncio.ensure_future(invoke(Options(command=command), environ={}, cwd=root))
            await asyncio.wait([task], timeout=chance.uniform(0, whole))
            told_at = time.monotonic()
            if task.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await task
                took.append(time.monotonic() - told_at)
            assert own_threads() == []

    print(f"{len(took)} stopped, at most {max(took):.3f} s")  # noqa: T201 # the figure
    assert max(took) < SECONDS


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CASES)
async def test_command_stops_in_every_way_and_at_many_moments(
    write_project: WriteProject, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [0, 0.1, 0.3, 0.6, 0.8, 0.95, 1]

    await stop_and_go_on(write_project, CASES[name], WAYS, moments, monkeypatch)
