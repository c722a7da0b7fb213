"""Putting packages in their place: all of them, or none.

    with_stage(…) → place(package, …) for each → exchange(…)

Everything is made ready in a hidden directory beside `packages-install-path`, and changes
places with the old packages in the end, so that whatever goes wrong before leaves those as
they were.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from ..core import leftovers
from ..core.atomic_files import write_atomically
from ..core.blocking import in_thread, to_its_end
from ..core.checkpoints import checked
from ..core.errors import PackageError
from ..project.discovery import PROJECT_FILE
from ..project.project import Project
from ..project.trees import copy_tree, delete_what_can_be
from .package import Package

_NEW, _OLD, _LOCK = "new", "old", "lock"
_STAGE = re.compile(r"\.headrace-packages-(?P<host>[0-9a-f]{6})-\w{8}")


def install_directory(project: Project) -> Path:
    """Where the packages go: a directory that `deps` replaces as a whole.

    Raises:
        PackageError: files of the project itself are in it, or a link leads out of the project.
    """
    path = Path(os.path.realpath(project.root / project.packages_install_path))
    if not path.is_relative_to(os.path.realpath(project.root)):
        raise PackageError(
            f"packages-install-path: '{project.packages_install_path}' is a link that leads out of "
            f"the project, to {path}, and nothing is written or deleted by way of it. Make it a "
            "directory.",
            location=project.document.locate("packages-install-path"),
        )
    for source in (
        *project.model_paths,
        *project.seed_paths,
        *project.test_paths,
        *project.macro_paths,
        *project.snapshot_paths,
        *project.analysis_paths,
        *project.docs_paths,
        *project.asset_paths,
        PROJECT_FILE,
    ):
        own = Path(os.path.realpath(project.root / source))
        if own.is_relative_to(path):
            raise PackageError(
                f"packages-install-path is '{project.packages_install_path}', which holds the "
                f"project's own files ('{source}'), and all that is in it would be replaced. "
                "Name a directory for packages alone.",
                location=project.document.locate("packages-install-path"),
            )
    return path


@asynccontextmanager
async def stage_beside(place: Path) -> AsyncIterator[Path]:
    """A new hidden directory beside the packages, for this invocation alone; it goes in the end.

    What a killed `deps` left of one goes as well.

    A cancellation waits until it is gone. Raises:

        PackageError: it can't be made.
    """
    stage = _Stage()
    try:
        yield await in_thread(stage.make, place)
    finally:
        await to_its_end(stage.delete)


def place(package: Package, stage: Path) -> None:
    """Put one package among the new ones.

    Raises:
        PackageError: it can't be.
    """
    assert package.directory is not None  # it has been fetched
    target = stage / _NEW / package.name
    try:
        if package.is_linked:
            _link_or_copy(package.directory, target)
        else:
            os.rename(package.directory, target)
    except OSError as error:
        raise _failure(f"package {package.label} can't be put into {target.parent}", error) from (
            error
        )


def exchange(stage: Path, place: Path, files: Mapping[Path, str]) -> None:
    """Let the new packages take the place of the old ones, and write `files` with it.

    Raises:
        PackageError: they can't; all is as it was.
    """
    old = stage / _OLD
    try:
        ready = _written(stage, files)
        with suppress(FileNotFoundError):
            os.rename(place, old)
        try:
            os.rename(stage / _NEW, place)
            _replace(ready, back=partial(os.rename, place, stage / _NEW))
        except OSError:
            with suppress(FileNotFoundError):
                os.rename(old, place)
            raise
    except OSError as error:
        raise _failure(f"the packages can't be put into {place}", error) from error


def write_files(stage: Path, files: Mapping[Path, str]) -> None:
    """Write files, each of them wholly or not at all.

    Raises:
        PackageError: they can't be written.
    """
    try:
        for written, path in _written(stage, files):
            os.replace(written, path)
    except OSError as error:
        names = " and ".join(path.name for path in files)
        raise _failure(f"{names} can't be written", error) from error


def _replace(ready: list[tuple[Path, Path]], back: Callable[[], None]) -> None:
    try:
        for written, path in ready:
            os.replace(written, path)
    except OSError:
        back()
        raise


def _written(stage: Path, files: Mapping[Path, str]) -> list[tuple[Path, Path]]:
    """The files, written in the stage, with where each is to go."""
    ready = []
    for index, (path, text) in enumerate(files.items()):
        written = stage / f"file-{index}"
        write_atomically(written, text.encode("utf-8"))
        ready.append((written, path))
    return ready


class _Stage:
    """A directory, and an open file in it whose lock says that somebody is at work: as far as made.

    make() → delete(), whatever became of make().
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._locked: int | None = None

    def make(self, place: Path) -> Path:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            for leftover in checked(place.parent.iterdir()):
                named = _STAGE.fullmatch(leftover.name)
                if named and _is_left_over(leftover, named["host"]):
                    delete_what_can_be(leftover)
            prefix = f".headrace-packages-{leftovers.host()}-"
            path = self._path = Path(tempfile.mkdtemp(prefix=prefix, dir=place.parent))
            (path / _NEW).mkdir()
            # It gets its name once it is locked, so that it is never found without being so.
            unnamed, self._locked = leftovers.create(path)
            os.rename(unnamed, path / _LOCK)
        except OSError as error:
            raise _failure(f"no directory can be made in {place.parent}", error) from error
        return path

    def delete(self) -> None:
        if self._locked is not None:
            os.close(self._locked)
        if self._path is not None:
            delete_what_can_be(self._path)


def _is_left_over(stage: Path, host: str) -> bool:
    """Whether whoever made a stage is dead: its lock is free, or it is so old that it must be."""
    with suppress(OSError):
        descriptor = os.open(stage / _LOCK, os.O_RDWR)
        try:
            if host == leftovers.host():
                return leftovers.lock(descriptor) is True
        finally:
            os.close(descriptor)
    with suppress(OSError):
        return leftovers.is_old(stage.lstat())
    return False


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.symlink(source, target, target_is_directory=True)
    except (OSError, NotImplementedError):  # not everybody may make links on Windows
        copy_tree(source, target)


def _failure(what: str, error: OSError) -> PackageError:
    reason = error.strerror or type(error).__name__
    return PackageError(f"{what}: {reason}. Check its rights, and that there is room.")
