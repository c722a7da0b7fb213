"""Directory trees of any depth are deleted whole, and nothing else is."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
from headrace.engine.project.trees import delete_tree, delete_what_can_be


def dig(directory: Path, depth: int) -> None:
    """A directory in a directory in a directory…, deeper than a path may be long."""
    directory.mkdir()
    descriptor = os.open(directory, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        with open(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor), "w") as file:
            file.write("x")
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


@pytest.mark.parametrize("delete", [delete_tree, delete_what_can_be])
@pytest.mark.parametrize("depth", [0, 1, 49, 50, 51, 102, 3000])
def test_tree_is_deleted_however_deep_it_is(tmp_path: Path, depth: int, delete: object) -> None:
    dig(tmp_path / "tree", depth)
    (tmp_path / "beside").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        assert callable(delete)
        delete(tmp_path / "tree")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert [path.name for path in tmp_path.iterdir()] == ["beside"]


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    dig(tmp_path / "tree", 120)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "kept")

    delete_tree(tmp_path / "tree")

    assert (tmp_path / "kept" / "file").read_text() == "x"
