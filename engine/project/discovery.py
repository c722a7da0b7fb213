"""Where a project is, and which files are in it."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath

from msgspec import Struct

from ..core.checkpoints import checked
from ..core.errors import Location, ProjectError, did_you_mean
from ..core.events import WarningRaised
from ..core.numbers import shortened
from ..settings.precedence import find_value
from .ignore import IgnoreRules
from .text_file import has_mark, read_text

PROJECT_FILE = "dbt_project.yml"

MAX_DEPTH = 100
"""How many directories of a project may stand in each other."""
MAX_HASHED_SEED_BYTES = 1024 * 1024
"""A larger seed is known by its path alone, as in dbt, so that its state compares equal."""

_HIDDEN = (".", "#", "~")


class SourceFile(Struct, frozen=True):
    """A file of the project. All paths but `absolute` have forward slashes.

    With `search_path` "models" and `relative` "staging/a.sql", `root_relative` is
    "models/staging/a.sql".
    """

    absolute: Path
    root_relative: str
    search_path: str
    relative: str

    @property
    def stem(self) -> str:
        """Its name without the suffix: "a"."""
        return posixpath.splitext(posixpath.basename(self.relative))[0]

    @property
    def directories(self) -> tuple[str, ...]:
        """The directories from the search path to it: ("staging",)."""
        return tuple(self.relative.split("/")[:-1])


def find_project_directory(
    project_dir: Path | None, *, environ: Mapping[str, str], cwd: Path
) -> Path:
    """The directory with the dbt_project.yml: the flag's, the environment's, or the nearest.

    Raises:
        ProjectError: there is none; the message says where it was looked for.
    """
    found = find_value("project_dir", project_dir, environ)
    if found.value is not None:
        return _checked(cwd / found.value, found.place)
    for directory in (cwd, *cwd.parents):
        if os.path.isfile(directory / PROJECT_FILE):
            return directory
    raise ProjectError(
        f"No {PROJECT_FILE} in {cwd}, nor in a directory above it. Go to your project's "
        "directory, or name it with --project-dir."
    )


def _checked(directory: Path, said_by: str) -> Path:
    if os.path.isfile(directory / PROJECT_FILE):
        return directory
    if not os.path.isdir(directory):
        there = did_you_mean(directory.name, _names(directory.parent))
        raise ProjectError(f"{said_by} is {directory}, but there is no such directory.{there}")
    raise ProjectError(
        f"No {PROJECT_FILE} in {directory}, which is what {said_by} says. Name the directory "
        "that holds it."
    )


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:  # for a proposal only
        return []


def checked_path(
    path: str, *, key: str, location: Location | None = None, may_lead_out: bool = False
) -> str:
    """A path from the project's own files, normalised, that stays inside of the project.

    Raises:
        ProjectError: it is absolute, or leads out by `..`, and may not; or it is no path.
    """
    normal = posixpath.normpath(path.replace("\\", "/") if os.sep == "\\" else path)
    is_absolute = posixpath.isabs(normal) or bool(PureWindowsPath(path).drive)
    leads_out = is_absolute or normal == ".." or normal.startswith("../")
    if (leads_out and not may_lead_out) or "\0" in path:
        raise ProjectError(
            f"{key}: '{path}' leads out of the project. Name a directory inside of it.",
            location=location,
        )
    return normal


def find_files(
    root: Path,
    paths: Iterable[str],
    suffixes: Sequence[str],
    *,
    is_confined: bool = True,
    warn: Callable[[WarningRaised], None] | None = None,
) -> list[SourceFile]:
    """The files below `paths` whose names end in one of `suffixes`, in the order of their paths.

    Left out are hidden files and directories, what `.dbtignore` names, and what is no regular
    file. As in dbt, one of the paths may be a link to a directory, and a link to a file counts;
    a link to a directory below is not followed. Where the project `is_confined`, no path may lead
    out of it, and a link that does is left out with a warning.

    Raises:
        ProjectError: one of the paths leads out of a project that is confined.
    """
    walk = _Walk(root, tuple(suffix.lower() for suffix in suffixes), is_confined, warn)
    found: dict[str, SourceFile] = {}
    for path in paths:
        search_path = checked_path(path, key="dbt_project.yml") if is_confined else path
        start = root / search_path
        if is_confined and not walk.is_inside(start):
            raise ProjectError(
                f"dbt_project.yml: '{path}' is a link that leads out of the project, to "
                f"{os.path.realpath(start)}. Name a directory inside of it."
            )
        for relative in walk.files(search_path):
            root_relative = posixpath.normpath(f"{search_path}/{relative}")
            found.setdefault(
                root_relative, SourceFile(start / relative, root_relative, search_path, relative)
            )
    return [found[name] for name in sorted(found)]


def entries_below(
    root: Path, search_path: str, ignored: IgnoreRules
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What is below a directory of a project, in no particular order, but for directories: each by
    its path relative to that. Nothing hidden, and nothing that is ignored.

    Raises:
        ProjectError: a directory can't be listed, or they stand in each other too deep.
    """
    prefix = _prefix(search_path)
    pending = [""]
    while pending:
        directory = pending.pop()
        try:
            with os.scandir(root / search_path / directory) as found:
                entries = list(checked(found))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            raise ProjectError(
                f"can't be listed: {problem.strerror}.",
                location=Location(f"{prefix}{directory}".rstrip("/")),
            ) from problem
        for entry in checked(entries):
            relative = directory + entry.name
            if entry.name.startswith(_HIDDEN):
                continue
            is_directory = entry.is_dir(follow_symlinks=False)
            if ignored.ignores(prefix + relative, is_directory=is_directory):
                continue
            if not is_directory:
                yield relative, entry
            elif relative.count("/") < MAX_DEPTH:
                pending.append(f"{relative}/")
            else:
                raise ProjectError(
                    f"directories stand in each other here more than {MAX_DEPTH} times, "
                    "which is the most. Move them up, or name them in .dbtignore.",
                    location=Location(shortened(prefix + relative)),
                )


def _prefix(search_path: str) -> str:
    """What stands before a path that is relative to one of the project's."""
    return "" if search_path == "." else f"{search_path}/"


class _Walk:
    """One look at a project's directory tree."""

    def __init__(
        self,
        root: Path,
        suffixes: tuple[str, ...],
        is_confined: bool,
        warn: Callable[[WarningRaised], None] | None,
    ) -> None:
        self._root = root
        self._is_confined = is_confined
        self._resolved_root = os.path.realpath(root)
        self._suffixes = suffixes
        self._ignored = IgnoreRules.read(root)
        self._warn = warn

    def is_inside(self, path: Path) -> bool:
        """Whether a path, all links followed, is in the project."""
        # Unlike Path.resolve(), realpath() stops at a loop without an error.
        return Path(os.path.realpath(path)).is_relative_to(self._resolved_root)

    def files(self, search_path: str) -> Iterator[str]:
        """The paths of the files below a directory, relative to it, in no particular order."""
        prefix = _prefix(search_path)
        for relative, entry in entries_below(self._root, search_path, self._ignored):
            if self._is_wanted(entry, prefix + relative):
                yield relative

    def _is_wanted(self, entry: os.DirEntry[str], root_relative: str) -> bool:
        if not entry.name.lower().endswith(self._suffixes):
            return False
        if not _is_text(root_relative):
            self._say(ascii(root_relative), "has a name that isn't UTF-8", "Rename it.")
            return False
        if not entry.is_symlink():
            return entry.is_file()
        if not os.path.exists(entry.path):
            self._say(root_relative, "is a link that leads nowhere", "Remove it.")
            return False
        if self._is_confined and not self.is_inside(Path(entry.path)):
            what = "is a link that leads out of the project"
            self._say(root_relative, what, "Copy the file to here.")
            return False
        return entry.is_file()

    def _say(self, path: str, what: str, what_to_do: str) -> None:
        if self._warn:
            message = f"This {what}, so it was left out. {what_to_do}"
            self._warn(WarningRaised("FileLeftOut", message, Location(path)))


def _is_text(name: str) -> bool:
    """Whether a name can be written out: one that isn't UTF-8 on disk holds lone surrogates."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_source(file: SourceFile) -> str:
    """A file's text, without a byte order mark, its line ends as they are.

    Raises:
        ProjectError: it can't be read or isn't UTF-8; the message says at which byte.
    """
    return read_text(file.absolute, display=file.root_relative)


def checksum(text: str) -> str:
    """SHA-256 of a text without the white space around it, in hexadecimal, as dbt has it."""
    return hashlib.sha256(text.strip().encode("utf-8")).hexdigest()


def seed_checksums(file: SourceFile) -> tuple[str, ...]:
    """The name of an algorithm and what it gives: ("sha256", "9f86…"), or ("path", "seeds/a.csv").

    After that come the checksums that the same rows have with lines that end in the other way:
    a file may be checked out with either.

    Raises:
        ProjectError: it can't be read or isn't UTF-8.
    """
    try:
        is_large = file.absolute.stat().st_size > MAX_HASHED_SEED_BYTES
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProjectError(
            f"can't be read: {reason}.", location=Location(file.root_relative)
        ) from error
    if is_large:
        return "path", file.root_relative
    text = read_source(file)
    plain = text.replace("\r\n", "\n")
    other = plain if plain != text else text.replace("\n", "\r\n")
    mark = "\ufeff" if has_mark(file.absolute) else ""  # part of the text to dbt
    return "sha256", checksum(mark + text), checksum(mark + other)
