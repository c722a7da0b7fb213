"""Compiled templates are kept between processes, and only what this user alone wrote is run."""

from __future__ import annotations

import marshal
import os
import sys
import time
from pathlib import Path
from types import CodeType

import pytest
from headrace.engine.template import code_store
from headrace.engine.template.code_store import UNUSED_SECONDS, CodeStore, cache_directory
from headrace.engine.template.template_environment import CodeCache, TemplateEnvironment

from ..building.support import run
from ..conftest import WriteProject

OWN_MODES = pytest.mark.skipif(os.name == "nt", reason="files have no such modes there")
SOURCE = "{% for i in range(3) %}{{ i }}{% endfor %}"


def compiled(directory: Path | None, source: str = SOURCE, path: str = "models/m.sql") -> int:
    """How many texts are compiled for a template, where a store may have it."""
    codes = CodeCache(CodeStore(directory))
    TemplateEnvironment(codes).template(source, path)
    codes.flush()
    return codes.compiled


def kept(directory: Path) -> list[Path]:
    """The files with code."""
    return sorted(path for path in directory.glob("*/??/*") if path.is_file())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A store with the code of one template."""
    directory = tmp_path / "cache" / "headrace"
    assert compiled(directory) == 1
    assert len(kept(directory)) == 1
    return directory


def test_code_of_a_text_is_found_by_the_next_process(directory: Path) -> None:
    assert compiled(directory) == 0
    assert compiled(directory, SOURCE + " ") == 1
    assert compiled(directory, path="models/other.sql") == 1
    assert compiled(directory, SOURCE + " ") == 0


def test_macro_file_is_another_text_than_a_template(directory: Path) -> None:
    source = "{% macro m() %}{% endmacro %}"
    codes = CodeCache(CodeStore(directory))
    environment = TemplateEnvironment(codes)

    environment.template(source, "m.sql")
    environment.template(source, "m.sql", is_macro_file=True)

    assert codes.compiled == 2


def test_text_with_a_secret_is_kept_nowhere(tmp_path: Path) -> None:
    store = CodeStore(tmp_path / "headrace")
    for _ in range(2):
        codes = CodeCache(store, is_secret=lambda value: "hunter2" in str(value))
        TemplateEnvironment(codes).template("{{ 1 }} hunter2", "m.sql")
        codes.flush()
        assert codes.compiled == 1

    assert kept(tmp_path / "headrace") == []


def test_nothing_is_kept_without_a_directory(tmp_path: Path) -> None:
    assert compiled(None) == 1
    assert compiled(None) == 1


@OWN_MODES
def test_files_are_this_user_s_alone(directory: Path) -> None:
    (file,) = kept(directory)

    modes = [path.stat().st_mode & 0o777 for path in (file, file.parent, file.parents[1])]
    assert modes == [0o600, 0o700, 0o700]
    assert directory.stat().st_mode & 0o777 == 0o700


@OWN_MODES
@pytest.mark.parametrize("depth", [0, 2, 3], ids=["file", "version", "whole"])
@pytest.mark.parametrize("mode", [0o020, 0o002], ids=["group", "others"])
def test_what_somebody_else_may_write_is_passed_over(
    directory: Path, depth: int, mode: int
) -> None:
    (file,) = kept(directory)
    path = [file, *file.parents][depth]
    path.chmod(path.stat().st_mode | mode)

    assert compiled(directory) == 1


@OWN_MODES
@pytest.mark.parametrize("depth", [0, 2, 3], ids=["file", "version", "whole"])
def test_what_somebody_else_owns_is_passed_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    (file,) = kept(directory)
    theirs = [file, *file.parents][depth].stat().st_ino
    monkeypatch.setattr(code_store, "_is_own", lambda found: found.st_ino != theirs)

    assert compiled(directory) == 1


@OWN_MODES
def test_link_in_the_place_of_a_file_is_passed_over(directory: Path, tmp_path: Path) -> None:
    (file,) = kept(directory)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")

    assert compiled(directory) == 1
    assert not file.is_symlink()  # its own file has taken the place
    assert (tmp_path / "elsewhere").exists()


@OWN_MODES
def test_link_in_the_place_of_the_directory_is_passed_over(directory: Path) -> None:
    directory.rename(directory.with_name("elsewhere"))
    directory.symlink_to(directory.with_name("elsewhere"))

    assert compiled(directory) == 1


@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "another text's", "no code", "fifo"])
def test_damaged_file_is_passed_over(directory: Path, damage: str) -> None:
    (file,) = kept(directory)
    whole = file.read_bytes()
    store = CodeStore(directory)
    if damage == "another text's":
        assert compiled(directory, "{{ 1 }}") == 1
        (other,) = set(kept(directory)) - {file}
        file.write_bytes(other.read_bytes())
    elif damage == "no code":
        key = file.parent.name + file.name
        payload = marshal.dumps(["no code"])
        file.write_bytes(store._seal(key, payload) + payload)
    elif damage == "fifo":
        file.unlink()
        os.mkfifo(file)
    else:
        flipped = whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]
        file.write_bytes({"empty": b"", "cut": whole[:-1], "bit": flipped}[damage])

    assert compiled(directory) == 1
    assert compiled(directory) == 0


def test_code_of_another_version_is_passed_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_store, "own_code", lambda: b"another version")

    assert compiled(directory) == 1
    assert len(kept(directory)) == 2


def test_store_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")

    assert compiled(tmp_path / "cache" / "headrace") == 1


def test_what_nobody_asks_for_goes_in_the_end(directory: Path) -> None:
    (file,) = kept(directory)
    version = file.parents[1]
    assert compiled(directory, "{{ 1 }}") == 1
    (used,) = set(kept(directory)) - {file}
    long_ago = time.time() - UNUSED_SECONDS - 60
    for path in (file, used, version / "swept"):
        os.utime(path, (long_ago, long_ago))
    old = directory / "0123"
    (old / "ab").mkdir(parents=True, mode=0o700)
    (old / "ab" / "cd").write_bytes(b"code")
    os.utime(old, (long_ago, long_ago))
    assert compiled(directory, "{{ 1 }}") == 0  # which is used, and stays

    assert compiled(directory, "{{ 2 }}") == 1

    assert not file.exists()
    assert used.exists()
    assert not old.exists()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/var/cache/me", "HOME": "/home/me"}, "/var/cache/me/headrace"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/me"}, "/home/me/.cache/headrace"),
        ({"HOME": "/home/me"}, "/home/me/.cache/headrace"),
        ({}, None),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other directories")
def test_place_is_where_caches_are(environ: dict[str, str], expected: str | None) -> None:
    assert cache_directory(environ) == (Path(expected) if expected else None)


async def test_run_keeps_what_it_compiled(write_project: WriteProject, tmp_path: Path) -> None:
    root = write_project({"models/m.sql": "select {% for i in range(1) %}1 as id{% endfor %}"})
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    assert (await run(root, environ=environ)).exit_code == 0
    first = kept(tmp_path / "cache" / "headrace")
    assert (await run(root, environ=environ)).exit_code == 0

    assert first
    assert kept(tmp_path / "cache" / "headrace") == first


def test_kept_code_is_code(directory: Path) -> None:
    (file,) = kept(directory)

    assert isinstance(marshal.loads(file.read_bytes()[16:]), CodeType)
