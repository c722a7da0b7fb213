"""A file that is read back is used only where nobody else can have written it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from headrace.engine.manifest.reading import parse_cache
from headrace.engine.manifest.reading.kept_file import DIGEST_BYTES, sealed
from headrace.engine.manifest.reading.parse_cache import FILE_NAME
from headrace.engine.project.own_file import ForeignFileError, read_own
from headrace.engine.workspace import last_parse

from ..building.support import relations, run
from ..conftest import WriteProject

STRANGER = 12345

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def chowned(path: Path) -> None:
    os.chown(path, STRANGER, -1)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


CHANGES: dict[str, Callable[[Path], None]] = {
    "file others may write": lambda file: file.chmod(0o646),
    "file its group may write": lambda file: file.chmod(0o664),
    "directory others may write": lambda file: file.parent.chmod(0o757),
    "directory all may write": lambda file: file.parent.chmod(0o1777),
    "directory its group may write": lambda file: file.parent.chmod(0o775),
    "link": linked,
}
FOREIGN: dict[str, Callable[[Path], None]] = {
    "file of somebody else": chowned,
    "directory of somebody else": lambda file: chowned(file.parent),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "target").mkdir(mode=0o755)
    (tmp_path / "target" / "kept").write_bytes(b"kept")
    (tmp_path / "target" / "kept").chmod(0o644)
    return tmp_path


def test_file_of_our_own_is_read(project: Path) -> None:
    assert read_own(project / "target" / "kept", project) == b"kept"


@pytest.mark.parametrize("change", CHANGES)
def test_file_that_others_may_have_written_is_not_read(project: Path, change: str) -> None:
    CHANGES[change](project / "target" / "kept")

    with pytest.raises(OSError) as raised:
        read_own(project / "target" / "kept", project)

    assert change == "link" or isinstance(raised.value, ForeignFileError)


@needs_root
@pytest.mark.parametrize("change", FOREIGN)
def test_file_of_somebody_else_is_not_read(project: Path, change: str) -> None:
    FOREIGN[change](project / "target" / "kept")

    with pytest.raises(ForeignFileError):
        read_own(project / "target" / "kept", project)


@needs_root
def test_file_of_who_owns_the_project_is_read_by_root(project: Path) -> None:
    for path in (project, project / "target", project / "target" / "kept"):
        chowned(path)

    assert read_own(project / "target" / "kept", project) == b"kept"


def test_group_that_may_write_the_project_may_write_what_is_kept(project: Path) -> None:
    project.chmod(0o775)
    (project / "target").chmod(0o775)
    (project / "target" / "kept").chmod(0o664)

    assert read_own(project / "target" / "kept", project) == b"kept"


@needs_root
def test_another_group_may_not(project: Path) -> None:
    project.chmod(0o775)
    (project / "target").chmod(0o775)
    os.chown(project / "target", -1, STRANGER)

    with pytest.raises(ForeignFileError):
        read_own(project / "target" / "kept", project)


MODEL = {
    "models/a.sql": "select 1 as n",
    "models/s.yml": "models: [{name: a, config: {alias: own}}]",
}


def plant(path: Path) -> None:
    """Put something else into the cache, under a seal that fits: anybody can make it."""
    content = path.read_bytes()[DIGEST_BYTES:].replace(b"\xa3own", b"\xa3bad")
    assert b"\xa3bad" in content
    path.write_bytes(sealed(content, parse_cache._maker()))


@pytest.mark.parametrize("change", [None, *CHANGES])
async def test_planted_parse_cache_is_not_used_and_replaced(
    write_project: WriteProject, change: str | None
) -> None:
    root = write_project(MODEL)
    await run(root, "parse")
    (root / "target" / last_parse.FILE_NAME).unlink()
    cache = root / "target" / FILE_NAME
    plant(cache)
    planted = cache.read_bytes()
    if change is not None:
        CHANGES[change](cache)

    ran = await run(root)

    assert (ran.exit_code, ran.warnings) == (0, [])
    # What is planted with our own rights is ours: who can do that, can write the macros.
    assert list(relations(root)) == (["bad"] if change is None else ["own"])
    if change is not None:
        assert cache.read_bytes() != planted
        assert not cache.is_symlink()
        assert cache.stat().st_mode & 0o022 == 0


async def test_parse_cache_is_nobody_else_s_to_write_whatever_the_umask(
    write_project: WriteProject,
) -> None:
    root = write_project(MODEL)
    before = os.umask(0)
    try:
        await run(root)
    finally:
        os.umask(before)

    assert (root / "target" / FILE_NAME).stat().st_mode & 0o777 == 0o644
