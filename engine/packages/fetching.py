"""From an entry to a package: where each kind comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import anyio

from ..core.blocking import in_thread
from ..core.errors import PackageError
from ..core.events import WarningRaised
from ..project.render import Renderer
from ..project.secrets import Scrubber
from ..settings.environment_variables import expand_home
from .git import GitError, check_out
from .hub import Hub, entries_of_release
from .package import Package, read_project_name
from .package_entries import AnyEntry, GitEntry, HubEntry, LocalEntry, TarballEntry
from .packages_file import read_packages
from .tarball import ArchiveError, unpack
from .urls import is_web_address, shown_address
from .web import WebError, download

_BRANCHES = ("main", "master")
_AT_A_TIME = 4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What fetching needs to know. `stage` is a directory of this invocation alone."""

    root: Path
    stage: Path
    environ: Mapping[str, str]
    renderer: Renderer
    warn: Callable[[WarningRaised], None]


class Fetcher:
    """Fetches packages, a few at a time, each once. Leaves nothing outside of the stage."""

    def __init__(self, surroundings: Surroundings, hub: Hub) -> None:
        self._around = surroundings
        self._hub = hub
        self._slots = anyio.Semaphore(_AT_A_TIME)

    async def find(self, entry: AnyEntry) -> Package:
        """The package that an entry asks for; one of the hub without its files.

        Raises:
            PackageError: it can't be found, or can't be used.
        """
        async with self._slots:
            match entry:
                case LocalEntry():
                    return await in_thread(self._local, entry)
                case GitEntry():
                    return await self._git(entry)
                case TarballEntry():
                    return await self._tarball(entry)
                case HubEntry():
                    return await self._hub_package(entry)

    async def complete(self, package: Package) -> Package:
        """The package with its files.

        Raises:
            PackageError: they can't be had.
        """
        if package.directory is not None:
            return package
        async with self._slots:
            assert package.download is not None  # without files there is where they are
            directory = await self._unpacked(package.download, package)
        return replace(package, directory=directory)

    def _local(self, entry: LocalEntry) -> Package:
        directory = self._around.root / expand_home(Path(entry.path), self._around.environ)
        name = read_project_name(
            directory,
            self._around.renderer.without_secrets(),
            label=entry.path,
            asked=entry.location,
        )
        found = read_packages(directory, self._around.renderer, package=name)
        return Package(
            name=name,
            location=entry.location,
            label=entry.path,
            version_label=f"<local @ {entry.path}>",
            entries=tuple(self._from_root(each, directory) for each in found.entries),
            lock_entry={"local": _as_written(entry, "local", entry.path), "name": name},
            directory=Path(os.path.realpath(directory)),
            is_linked=True,
        )

    def _from_root(self, entry: AnyEntry, directory: Path) -> AnyEntry:
        """A local package's own local packages count from the root, as in dbt, or from it."""
        root = self._around.root
        if not isinstance(entry, LocalEntry) or os.path.isdir(root / entry.path):
            return entry
        if not os.path.isdir(directory / entry.path):
            return entry
        path = os.path.relpath(directory / entry.path, root)
        return replace(entry, path=Path(path).as_posix())

    async def _git(self, entry: GitEntry) -> Package:
        around = self._around
        label = shown_address(entry.address)
        self._warn_if_unpinned(entry, label)
        into = around.stage / f"git-{_digest(entry.address, entry.revision or '')}"
        if entry.subdirectory:
            into = into.with_name(f"{into.name}-{_digest(entry.subdirectory)}")
        try:
            commit = await check_out(
                entry.address, entry.revision, into, environ=around.environ, cwd=around.root
            )
        except GitError as error:
            at = f" at revision '{entry.revision}'" if entry.revision else ""
            raise PackageError(
                f"package {label} can't be fetched{at}: {error}\nCheck the address, the revision "
                "and your rights to the repository.",
                location=entry.location,
            ) from None  # its command line may hold a password
        directory = into / entry.subdirectory if entry.subdirectory else into
        name, entries = await self._described(directory, label, entry)
        lock_entry = {"git": self._written(entry), "name": name, "revision": commit}
        if entry.subdirectory:
            lock_entry["subdirectory"] = _as_written(entry, "subdirectory", entry.subdirectory)
        return Package(
            name=name,
            location=entry.location,
            label=f"{label}/{entry.subdirectory}" if entry.subdirectory else label,
            version_label=f"revision {commit}",
            entries=entries,
            lock_entry=lock_entry,
            directory=directory,
            subdirectory=entry.subdirectory,
        )

    def _warn_if_unpinned(self, entry: GitEntry, label: str) -> None:
        if not entry.warns_unpinned or (entry.revision or "HEAD") not in ("HEAD", *_BRANCHES):
            return
        what = (
            f'pinned to the "{entry.revision}" branch'
            if entry.revision in _BRANCHES
            else "not pinned, using HEAD (default branch)"
        )
        self._around.warn(
            WarningRaised(
                "DepsUnpinned",
                f'The git package "{label}" is {what}: it may change under your project without '
                "a word. Name a tag or a commit as its 'revision', or set 'warn-unpinned: false'.",
                entry.location,
            )
        )

    async def _tarball(self, entry: TarballEntry) -> Package:
        label = shown_address(entry.address)
        package = Package(
            name=entry.name,
            location=entry.location,
            label=entry.name,
            version_label=f"tarball (url: {label})",
            entries=(),
            lock_entry={"name": entry.name, "tarball": self._written(entry)},
        )
        directory = await self._unpacked(entry.address, package)
        _, entries = await self._described(directory, entry.name, entry)
        return replace(package, directory=directory, entries=entries)

    async def _hub_package(self, entry: HubEntry) -> Package:
        choice = await self._hub.choose(entry)
        release = choice.release
        return Package(
            name=release.name,
            location=entry.location,
            label=entry.package,
            version_label=f"version {choice.version}",
            entries=entries_of_release(release, entry.package),
            lock_entry={
                "name": release.name,
                "package": _as_written(entry, "package", entry.package),
                "version": choice.version,
            },
            download=release.downloads.tarball,
            latest=choice.latest,
            is_latest=choice.latest == choice.version,
        )

    async def _unpacked(self, address: str, package: Package) -> Path:
        digest = _digest(address, package.name)
        into = self._around.stage / f"unpacked-{digest}"
        try:
            if is_web_address(address):
                archive = self._around.stage / f"archive-{digest}"
                await download(address, archive)
            else:
                archive = self._around.root / _file_path(address, self._around.environ)
            return await in_thread(unpack, archive, into)
        except (WebError, ArchiveError) as error:
            raise PackageError(
                f"package {package.label} can't be installed from {shown_address(address)}: "
                f"{error}. Check that the address is right and can be reached.",
                location=package.location,
            ) from error

    async def _described(
        self, directory: Path, label: str, entry: AnyEntry
    ) -> tuple[str, tuple[AnyEntry, ...]]:
        """What a fetched package is called, and what it asks for itself."""

        def read() -> tuple[str, tuple[AnyEntry, ...]]:
            renderer = self._around.renderer
            name = read_project_name(
                directory, renderer.without_secrets(), label=label, asked=entry.location
            )
            return name, read_packages(directory, renderer, package=name).entries

        return await in_thread(read)

    def _written(self, entry: GitEntry | TarballEntry) -> str:
        """An address for the lock file: as it was written, without a secret's value."""
        scrubbed = Scrubber.for_environ(self._around.environ).scrub(entry.written)
        if scrubbed != entry.written:
            self._around.warn(
                WarningRaised(
                    "DepsScrubbedPackageName",
                    f"{scrubbed} holds the value of a secret variable, which isn't written to "
                    "the lock file, so that it can't be used. Write env_var('…') in its place.",
                    entry.location,
                )
            )
        return scrubbed


def _as_written(entry: AnyEntry, key: str, value: str) -> str:
    """What an entry says for the lock file: as it was written, where a secret is in it."""
    written = entry.fingerprint.get("unrendered")
    if not entry.secrets or not isinstance(written, Mapping):
        return value
    return str(written.get(key, value))


def _digest(*texts: str) -> str:
    return sha256("\0".join(texts).encode("utf-8")).hexdigest()[:16]


def _file_path(address: str, environ: Mapping[str, str]) -> Path:
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return expand_home(Path(address), environ)
