"""A file is wholly old or wholly new, whenever the disk gives out."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from headrace.engine import atomic
from headrace.engine.atomic import ensure_writable, write_atomically
from headrace.engine.errors import UsageError

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
    monkeypatch.setattr(atomic, "write_atomically", refused)

    with pytest.raises(UsageError, match=said) as failure:
        ensure_writable(tmp_path / "target")

    assert str(failure.value).startswith(f"{tmp_path / 'target'}: ")
    assert str(failure.value).endswith("or choose another directory with --target-path.")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
def test_directory_that_nobody_can_write_is_refused() -> None:
    with pytest.raises(UsageError, match="can't be written"):
        ensure_writable(Path("/proc/target"))
