"""A file is wholly old or wholly new, whenever the disk gives out."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from headrace.engine.core import atomic_files as atomic
from headrace.engine.core.atomic_files import ensure_writable, write_atomically
from headrace.engine.core.errors import UsageError

from ..reporters.support import FailingWrites


def test_new_content_replaces_the_old(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["manifest.json"]


def test_empty_file_can_be_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "empty", b"")

    assert (tmp_path / "empty").read_bytes() == b""


@pytest.mark.parametrize("nth", range(1, 6))
def test_disk_full_on_the_nth_write_leaves_the_old_file(tmp_path: Path, nth: int) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"x" * 64, write=FailingWrites(nth))

    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["manifest.json"]


def test_interruption_between_writes_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")

    def interrupted(descriptor: int, content: bytes | memoryview) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new", write=interrupted)

    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["manifest.json"]


def test_name_as_long_as_names_get_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"


def test_target_directory_is_made(tmp_path: Path) -> None:
    ensure_writable(tmp_path / "deep" / "target")

    assert os.listdir(tmp_path / "deep" / "target") == []


@pytest.mark.parametrize("inside", ["target", "target/deeper"])
def test_file_in_the_way_of_the_target_is_named_with_the_remedy(
    tmp_path: Path, inside: str
) -> None:
    (tmp_path / "target").write_text("mine")

    with pytest.raises(UsageError) as failure:
        ensure_writable(tmp_path / inside)

    assert str(failure.value) == (
        f"{tmp_path / inside}: the target directory can't be written: a file stands in its way."
        " Move the file, or choose another directory with --target-path."
    )
    assert (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EACCES, "permission denied. Make it writable"),
        (errno.EROFS, "the file system is read-only. Mount it writable"),
        (errno.ENOSPC, "no space left. Make room"),
        (errno.EIO, "Input/output error. Mend that"),
    ],
)
def test_directory_that_cannot_be_written_says_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    def refused(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    # Permission bits don't hold root back, so the refusal is played.
    monkeypatch.setattr(atomic, "create", refused)

    with pytest.raises(UsageError, match=said) as failure:
        ensure_writable(tmp_path / "target")

    assert str(failure.value).startswith(f"{tmp_path / 'target'}: ")
    assert str(failure.value).endswith("or choose another directory with --target-path.")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
def test_directory_that_nobody_can_write_is_refused() -> None:
    with pytest.raises(UsageError, match="can't be written"):
        ensure_writable(Path("/proc/target"))


class Recorder:
    """Notes in which order a file is written, synced and renamed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: int | None = None) -> None:
        self.steps: list[str] = []
        self._fsync, self._replace, self._refused = os.fsync, os.replace, refused
        monkeypatch.setattr(os, "fsync", self._synced)
        monkeypatch.setattr(os, "replace", self._replaced)

    def write(self, descriptor: int, content: bytes | memoryview) -> int:
        self.steps.append("write")
        return os.write(descriptor, content)

    def _synced(self, descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        self.steps.append("sync the directory" if is_directory else "sync the file")
        if is_directory and self._refused is not None:
            raise OSError(self._refused, os.strerror(self._refused))
        self._fsync(descriptor)

    def _replaced(self, old: Path, new: Path) -> None:
        self.steps.append("rename")
        self._replace(old, new)


def test_content_is_on_the_disk_before_it_has_the_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(monkeypatch)

    write_atomically(tmp_path / "manifest.json", b"new", write=recorder.write)

    assert recorder.steps == ["write", "sync the file", "rename", "sync the directory"]


def test_what_need_not_last_waits_for_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(monkeypatch)

    write_atomically(tmp_path / "a.sql", b"new", durable=False, write=recorder.write)

    assert recorder.steps == ["write", "rename"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_directory_that_cannot_be_synced_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    Recorder(monkeypatch, refused=code)

    write_atomically(tmp_path / "manifest.json", b"new")

    assert (tmp_path / "manifest.json").read_bytes() == b"new"


def test_directory_whose_disk_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorder(monkeypatch, refused=errno.EIO)

    with pytest.raises(OSError, match="Input/output error"):
        write_atomically(tmp_path / "manifest.json", b"new")

    assert os.listdir(tmp_path) == ["manifest.json"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("nth", [1, 2, 9])
def test_no_descriptor_is_left_open(tmp_path: Path, nth: int) -> None:
    before = os.listdir("/proc/self/fd")

    with suppress(OSError):
        write_atomically(tmp_path / "manifest.json", b"xy", write=FailingWrites(nth))

    assert os.listdir("/proc/self/fd") == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
def test_trial_of_a_directory_leaves_nothing(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")

    ensure_writable(tmp_path)

    assert (os.listdir("/proc/self/fd"), os.listdir(tmp_path)) == (before, [])


def test_disk_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        write_atomically(tmp_path / "a", b"new", write=lambda descriptor, content: 0)

    assert os.listdir(tmp_path) == []


def test_directory_that_may_be_written_and_not_read_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refusing_directories(path: Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", refusing_directories)

    write_atomically(tmp_path / "manifest.json", b"new")

    assert (tmp_path / "manifest.json").read_bytes() == b"new"
