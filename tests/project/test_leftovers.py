"""What a killed process left goes, and nothing else does."""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from headrace.engine.core import leftovers
from headrace.engine.core.atomic_files import ensure_writable, write_atomically

NAME = f".headrace-{leftovers.host()}-0123456789ab.tmp"
ELSEWHERE = ".headrace-000000-0123456789ab.tmp"
LONG_AGO = time.time() - 2 * leftovers.FOREIGN_LEFTOVER_SECONDS

_WRITER = """
import sys
from pathlib import Path
from headrace.engine.core.leftovers import create
print(create(Path(sys.argv[1]))[0].name, flush=True)
sys.stdin.read()
"""


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_file_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as writer:
        assert writer.stdout is not None
        name = writer.stdout.readline().strip()

        leftovers.sweep(tmp_path)

        assert names(tmp_path) == [name], "it is being written"
        writer.kill()
        writer.wait()
        leftovers.sweep(tmp_path)
        assert names(tmp_path) == []


def test_file_that_this_process_is_writing_stays(tmp_path: Path) -> None:
    path, descriptor = leftovers.create(tmp_path)

    leftovers.sweep(tmp_path)
    assert names(tmp_path) == [path.name]

    os.close(descriptor)
    leftovers.sweep(tmp_path)
    assert names(tmp_path) == []


def test_name_that_is_taken_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_text("theirs")
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0123456789ab")

    with pytest.raises(FileExistsError):
        leftovers.create(tmp_path)

    assert (tmp_path / NAME).read_text() == "theirs"


def test_file_found_before_its_writer_has_the_lock_is_not_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = leftovers.lock
    swept: list[str] = []

    def sweep_first(descriptor: int) -> bool | None:
        if not swept:
            swept.extend(names(tmp_path))
            monkeypatch.setattr(leftovers, "lock", lock)
            leftovers.sweep(tmp_path)
            monkeypatch.setattr(leftovers, "lock", sweep_first)
        return lock(descriptor)

    monkeypatch.setattr(leftovers, "lock", sweep_first)

    path, descriptor = leftovers.create(tmp_path)

    os.close(descriptor)
    assert swept
    assert names(tmp_path) == [path.name] != swept


def a_directory(path: Path) -> None:
    path.mkdir()


def a_link(path: Path) -> None:
    path.symlink_to(path.parent)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_a_file(path: Path) -> None:
    path.symlink_to(__file__)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_file(path: Path) -> None:
    path.write_text("mine")


def an_old_file(path: Path) -> None:
    path.write_text("mine")
    os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (a_directory, NAME),
        (a_link, NAME),
        (a_link_to_nothing, NAME),
        (a_link_to_a_file, NAME),
        (a_pipe, NAME),
        (a_file, ELSEWHERE),
        (an_old_file, ".headrace-notes.tmp"),
        (an_old_file, NAME.removesuffix(".tmp")),
        (an_old_file, NAME + "~"),
        (an_old_file, "x" + NAME),
        (an_old_file, NAME.upper()),
        (an_old_file, "manifest.json"),
    ],
)
def test_lookalike_stays(tmp_path: Path, make: Callable[[Path], None], name: str) -> None:
    make(tmp_path / name)

    leftovers.sweep(tmp_path)

    assert names(tmp_path) == [name]


@pytest.mark.parametrize(("name", "make"), [(NAME, a_file), (ELSEWHERE, an_old_file)])
def test_leftover_is_swept(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    make(tmp_path / name)

    leftovers.sweep(tmp_path)

    assert names(tmp_path) == []


def test_without_locks_only_age_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "fcntl", None)
    write_atomically(tmp_path / "manifest.json", b"new")
    a_file(tmp_path / NAME)

    leftovers.sweep(tmp_path)
    assert names(tmp_path) == [NAME, "manifest.json"]

    os.utime(tmp_path / NAME, (LONG_AGO, LONG_AGO))
    leftovers.sweep(tmp_path)
    assert names(tmp_path) == ["manifest.json"]


def test_file_system_without_locks_is_one_where_only_age_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(leftovers.fcntl, "flock", refuse)
    a_file(tmp_path / NAME)

    leftovers.sweep(tmp_path)
    assert names(tmp_path) == [NAME]

    os.utime(tmp_path / NAME, (LONG_AGO, LONG_AGO))
    leftovers.sweep(tmp_path)
    assert names(tmp_path) == []


def test_links_are_not_followed_on_the_way_down(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for directory in (outside, inside / "deep" / "deeper"):
        directory.mkdir(parents=True)
        a_file(directory / NAME)
    (inside / "link").symlink_to(outside)

    leftovers.sweep_below(inside)

    assert names(outside) == [NAME]
    assert names(inside / "deep" / "deeper") == []


def test_directory_that_is_not_there_is_no_matter(tmp_path: Path) -> None:
    leftovers.sweep(tmp_path / "nowhere")
    leftovers.sweep_below(tmp_path / "nowhere")

    assert names(tmp_path) == []


def test_runs_that_begin_together_in_one_directory_keep_each_others_files(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def write_and_sweep(number: int) -> None:
        try:
            for count in range(150):
                ensure_writable(tmp_path)
                write_atomically(tmp_path / f"{number}.json", b"%d" % count, durable=False)
        except BaseException as failure:  # a thread's own exceptions are nobody's
            failures.append(failure)

    threads = [threading.Thread(target=write_and_sweep, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert names(tmp_path) == [f"{n}.json" for n in range(4)]
    assert {(tmp_path / f"{n}.json").read_bytes() for n in range(4)} == {b"149"}
