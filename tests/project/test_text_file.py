"""Reading texts, and what is no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from headrace.engine.core.errors import ProfileError, ProjectError
from headrace.engine.project.text_file import MAX_TEXT_BYTES, read_text


def test_text_keeps_its_line_ends_and_loses_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(b"\xef\xbb\xbf\r\nselect 1\r\n")

    assert read_text(path, display="a.sql") == "\r\nselect 1\r\n"


def test_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.touch()

    assert read_text(path, display="a.sql") == ""


def test_fifo_without_a_writer_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    os.mkfifo(path)

    with pytest.raises(ProjectError, match=r"^a\.sql: is no regular file"):
        read_text(path, display="a.sql")


def test_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="Is a directory"):
        read_text(tmp_path, display="a.sql")


def test_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    with path.open("wb") as file:
        file.truncate(MAX_TEXT_BYTES + 1)

    with pytest.raises(ProjectError, match="67,108,865 bytes"):
        read_text(path, display="a.sql")


def test_caller_chooses_the_class_of_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        read_text(tmp_path / "none", display="none", error=ProfileError)
