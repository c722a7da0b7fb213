"""`deps`: installs the packages that the project asks for."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from ..core.blocking import in_thread
from ..core.errors import PackageError
from ..core.events import Event, MessageLogged, WarningRaised
from ..packages.adding import add_entry, new_entry
from ..packages.fetching import Fetcher, Surroundings
from ..packages.hub import Hub
from ..packages.installation import exchange, install_directory, place, stage_beside, write_files
from ..packages.lock_file import LOCK_FILE, lock_text, read_lock
from ..packages.package import Package
from ..packages.packages_file import PackagesFile, package_renderer, parse_packages, read_packages
from ..packages.required_version import check_required_version
from ..packages.resolution import check_names, in_parallel, resolve
from ..packages.secret_hosts import SecretHosts
from ..packages.semver import parse_version
from ..project.discovery import find_project_directory
from ..project.project import Project, load_project
from ..project.render import Renderer
from ..project.text_file import read_text
from ..settings.precedence import find_value
from ..settings.unheeded import warnings_of
from ..template.context import DBT_VERSION
from ..workspace.start import Start

Emit = Callable[[Event], None]


class _Request(Struct, frozen=True):
    """What is to be installed. `files` are written once it is, with the packages."""

    project: Project
    asked: PackagesFile
    renderer: Renderer
    files: Mapping[Path, str]
    said: tuple[str, ...]
    checks_version: bool

    @property
    def flags(self) -> Mapping[str, object]:
        return self.project.flags


ReadProject = Callable[[Callable[[Callable[[WarningRaised], None]], _Request]], Awaitable[_Request]]


async def install_packages(start: Start, emit: Emit, read_project: ReadProject) -> None:
    """Install what packages.yml asks for, by the lock file where that is still about it.

    The packages of before stay as they are unless everything went well, also after a
    cancellation, which ends what is under way.

    `read_project` does blocking work elsewhere, and sees to its warnings.

    Raises:
        HeadraceError: a package can't be found or fetched, or they don't go together.
    """
    request = await read_project(partial(_read_request, start))
    root = request.project.root
    lock = await in_thread(read_lock, root, request.renderer)
    asked = request.asked
    if not asked.entries:
        _say(emit, "DepsNoPackagesFound", f"Warning: No packages were found in {asked.name}")
        if lock is None:
            return  # what is there was not installed by us
    where = install_directory(request.project)
    files = dict(request.files)
    async with stage_beside(where) as stage:
        fetcher = _fetcher(request, start, stage, emit)
        if lock is not None and lock.is_for(asked.entries) and not start.options.upgrade:
            hosts = SecretHosts(asked.entries)
            for entry in lock.entries:
                hosts.check(entry)  # anybody may have written it
            packages = await in_parallel([partial(fetcher.find, each) for each in lock.entries])
            check_names(packages, request.project.name)
        else:
            packages = await resolve(asked.entries, fetcher.find, root_name=request.project.name)
            text = lock_text([each.lock_entry for each in packages], asked.entries)
            files[root / LOCK_FILE] = text
        if start.options.lock_only:
            await in_thread(write_files, stage, files)
        else:
            complete = await in_parallel([partial(fetcher.complete, each) for each in packages])
            await in_thread(_install, complete, stage, where, files)
    for line in request.said:
        _say(emit, "DepsAddPackage", line)
    if root / LOCK_FILE in files:
        _say(emit, "DepsLockUpdating", f"Updating lock file in file path: {root / LOCK_FILE}")
    if not start.options.lock_only:
        _tell(packages, emit)


def _read_request(start: Start, warn: Callable[[WarningRaised], None]) -> _Request:
    options, environ = start.options, start.environ
    root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd).resolve()
    project = load_project(
        root, environ=environ, cli_vars=options.vars, warn=warn, names=start.names
    )
    for warning in warnings_of(options, environ):
        warn(warning)
    package_source = str(find_value("package_source", options.package_source, environ).value)
    checks_version = find_value(
        "version_check", options.version_check, environ, project.flags
    ).value
    check_required_version(project, DBT_VERSION if checks_version else None)
    renderer = package_renderer(environ, options.vars, start.names)
    asked = read_packages(root, renderer)
    files: dict[Path, str] = {}
    said: list[str] = []
    if options.add_package is not None:
        entry = new_entry(options.add_package, package_source)
        path = root / asked.name
        text = (
            read_text(path, display=asked.name, error=PackageError) if os.path.isfile(path) else ""
        )
        addition = add_entry(text, entry, asked.name)
        asked = parse_packages(addition.text, asked.name, renderer)
        files[path] = addition.text
        said = [
            *(
                f"Found duplicate package in {asked.name}, removing: {dict(removed)}"
                for removed in addition.removed
            ),
            f"Added new package {options.add_package} to {path}",
        ]
    return _Request(project, asked, renderer, files, tuple(said), checks_version)


def _fetcher(request: _Request, start: Start, stage: Path, emit: Emit) -> Fetcher:
    root = request.project.root
    surroundings = Surroundings(root, stage, start.environ, request.renderer, emit)
    version = parse_version(DBT_VERSION) if request.checks_version else None
    return Fetcher(surroundings, Hub(start.environ, version, emit))


def _install(
    packages: Sequence[Package], stage: Path, where: Path, files: Mapping[Path, str]
) -> None:
    for package in packages:
        place(package, stage)
    exchange(stage, where, files)


def _tell(packages: Sequence[Package], emit: Emit) -> None:
    """What was installed, in the words that dbt's users know."""
    outdated = [package.label for package in packages if not package.is_latest]
    for package in packages:
        _say(emit, "DepsStartPackageInstall", f"Installing {package.label}")
        _say(emit, "DepsInstallInfo", f"Installed from {package.version_label}")
        if not package.is_latest:
            _say(emit, "DepsUpdateAvailable", f"Updated version available: {package.latest}")
        elif package.latest:
            _say(emit, "DepsUpToDate", "Up to date!")
        if package.subdirectory:
            _say(emit, "DepsListSubdirectory", f"and subdirectory {package.subdirectory}")
    if outdated:
        _say(
            emit,
            "DepsNotifyUpdatesAvailable",
            f"Updates available for packages: {outdated}\nUpdate your versions in packages.yml, "
            "then run headrace deps",
        )


def _say(emit: Emit, name: str, message: str) -> None:
    emit(MessageLogged(message, to_console=True, name=name))
