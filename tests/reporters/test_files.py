"""The SQL of each node, under target/compiled and target/run."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from headrace.engine.core.events import NodeCompiled, NodeExecuted
from headrace.engine.reporters.artifacts.files import ArtifactFiles

from .support import FailingWrites, model, small_run


def files_below(path: Path) -> dict[str, str]:
    return {
        file.relative_to(path).as_posix(): file.read_text()
        for file in path.rglob("*")
        if file.is_file()
    }


def test_compiled_and_executed_sql_are_written(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)

    for event in small_run():
        files.handle(event)
    files.close()

    assert files_below(tmp_path) == {
        "compiled/debug/models/model_1.sql": "select 1 as id",
        "run/debug/models/model_1.sql": "create table model_1 as select 1 as id",
    }
    assert not files.problems


def test_file_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    for sql in ("select 1", "select 2", "select 2"):
        files = ArtifactFiles(tmp_path)
        files.handle(NodeCompiled(model("m"), "m.sql", sql))
        files.close()

    assert files_below(tmp_path) == {"compiled/m.sql": "select 2"}


@pytest.mark.parametrize("nth", range(1, 4))
def test_disk_full_leaves_the_old_file_and_is_told(tmp_path: Path, nth: int) -> None:
    path = tmp_path / "compiled" / "m.sql"
    path.parent.mkdir()
    path.write_text("select 'old'")
    files = ArtifactFiles(tmp_path, write=FailingWrites(nth))

    files.handle(NodeCompiled(model("m"), "m.sql", "select 'new'"))
    files.close()

    assert files_below(tmp_path) == {"compiled/m.sql": "select 'old'"}
    assert [problem.message for problem in files.problems] == [
        f"{path}: could not be written (No space left on device)."
    ]


def test_many_failures_are_counted(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path, write=FailingWrites(1))

    for number in range(12):
        files.handle(NodeExecuted(model("m"), f"{number}.sql", "select 1"))
    files.close()

    assert len(files.problems) == 6
    assert files.problems[-1].message == "7 more files of SQL could not be written."


@pytest.mark.parametrize("path", ["../outside.sql", "a/../../outside.sql", "/outside.sql", "a\0b"])
def test_path_out_of_the_target_is_refused(tmp_path: Path, path: str) -> None:
    files = ArtifactFiles(tmp_path / "target")

    files.handle(NodeCompiled(model("m"), path, "select 1"))
    files.close()

    assert files_below(tmp_path) == {}
    assert len(files.problems) == 1


def test_path_out_of_the_target_is_refused_also_where_its_folder_is_known(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path / "target")

    for path in ("m.sql", "a/m.sql", "/outside.sql", "a/..", "a/../../../outside.sql", "a/b\0.sql"):
        files.handle(NodeCompiled(model("m"), path, "select 1"))
    files.close()

    assert set(files_below(tmp_path)) == {"target/compiled/m.sql", "target/compiled/a/m.sql"}
    assert len(files.problems) == 4


def test_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    written = threading.Event()
    removed = threading.Event()

    def scrub(sql: str) -> str:
        if sql == "second":
            written.set()
            assert removed.wait(10)
        return sql

    files = ArtifactFiles(tmp_path, scrub=scrub)
    files.handle(NodeCompiled(model("a"), "a.sql", "first"))
    files.handle(NodeCompiled(model("b"), "b.sql", "second"))
    assert written.wait(10)

    (tmp_path / "compiled" / "a.sql").unlink()
    (tmp_path / "compiled").rmdir()
    removed.set()
    files.close()

    assert files_below(tmp_path) == {"compiled/b.sql": "second"}


def test_run_waits_for_the_disk_only_when_the_queue_is_full(tmp_path: Path) -> None:
    disk_is_free = threading.Event()
    files = ArtifactFiles(tmp_path, capacity=8, scrub=lambda sql: sql * disk_is_free.wait(10))

    for number in range(8):
        files.handle(NodeCompiled(model("m"), f"{number}.sql", "select 1"))
    disk_is_free.set()
    files.close()

    assert len(files_below(tmp_path)) == 8


def test_closing_twice_or_without_a_file_is_harmless(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)

    files.close()
    files.close()

    assert files_below(tmp_path) == {}
