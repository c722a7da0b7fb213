"""Which packages a list of entries comes to, with all that those ask for in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import anyio

from ..core.errors import HeadraceError, PackageError
from .package import Package
from .package_entries import AnyEntry, GitEntry, HubEntry, LocalEntry, TarballEntry
from .secret_hosts import SecretHosts
from .urls import shown_address

MAX_PACKAGES = 500
"""How many packages a project may need, with those of its packages."""

T = TypeVar("T")

Find = Callable[[AnyEntry], Awaitable[Package]]


async def resolve(asked: Iterable[AnyEntry], find: Find, *, root_name: str) -> list[Package]:
    """The packages for the entries, and for what they ask for themselves.

    Entries for the same package are one, which must suit all who ask for it. What is asked for
    first comes first. A package's own entries send no secret where those asked for don't.

    Raises:
        PackageError: a package isn't found, two who ask for it don't agree, two packages
            have one name, or one would send a secret elsewhere.
    """
    asked = tuple(asked)
    hosts = SecretHosts(asked)
    wanted: dict[str, AnyEntry] = {}
    found: dict[str, tuple[AnyEntry, Package]] = {}
    pending = list(asked)
    while pending:
        for entry in pending:
            key = _identity(entry)
            wanted[key] = merged(wanted[key], entry) if key in wanted else entry
        if len(wanted) > MAX_PACKAGES:
            raise PackageError(
                f"These packages ask for others, and those for more, without an end: there are "
                f"more than {MAX_PACKAGES:,} by now. The last one is asked for by "
                f"{pending[-1].asked_by}.",
                location=pending[-1].location,
            )
        # One that is asked for in other words than before is looked for again.
        open_keys = [
            key for key, entry in wanted.items() if key not in found or found[key][0] != entry
        ]
        packages = await in_parallel([partial(find, wanted[key]) for key in open_keys])
        for key, package in zip(open_keys, packages, strict=True):
            found[key] = (wanted[key], package)
        pending = [entry for package in packages for entry in package.entries]
        for entry in pending:
            hosts.check(entry)
    chosen = [found[key][1] for key in wanted]
    check_names(chosen, root_name)
    return chosen


async def in_parallel(work: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """What each gives, in order. The first that fails ends the others.

    Raises:
        HeadraceError: the first failure in the order of `work`.
    """
    results: dict[int, T] = {}
    failures: dict[int, HeadraceError] = {}

    async def do(index: int, one: Callable[[], Awaitable[T]]) -> None:
        try:
            results[index] = await one()
        except HeadraceError as error:
            failures[index] = error
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for index, one in enumerate(work):
            tasks.start_soon(do, index, one)
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in range(len(work))]


def check_names(packages: Sequence[Package], root_name: str) -> None:
    """See that no two projects have one name.

    Raises:
        PackageError: two have; names both.
    """
    seen: dict[str, Package] = {}
    for package in packages:
        if package.name == root_name:
            raise PackageError(
                "Found a dependency with the same name as the root project "
                f'"{root_name}": {package.label}. Package names must be unique in a project. '
                "Rename one of them.",
                location=package.location,
            )
        if package.name in seen:
            raise PackageError(
                f'Found duplicate project "{package.name}": {seen[package.name].label} and '
                f"{package.label} have the same project name. Ask for one of them only.",
                location=package.location,
            )
        seen[package.name] = package


def merged(first: AnyEntry, second: AnyEntry) -> AnyEntry:
    """One entry for two that ask for the same package.

    Raises:
        PackageError: they ask for different revisions.
    """
    if isinstance(first, HubEntry) and isinstance(second, HubEntry):
        more = tuple(each for each in second.versions if each not in first.versions)
        prerelease = first.installs_prerelease or second.installs_prerelease
        if not more and prerelease == first.installs_prerelease:
            return first
        return replace(
            first,
            versions=first.versions + more,
            installs_prerelease=prerelease,
            asked_by=f"{first.asked_by} and {second.asked_by}",
        )
    if isinstance(first, GitEntry) and isinstance(second, GitEntry):
        if first.revision and second.revision and first.revision != second.revision:
            raise PackageError(
                "git dependencies should contain exactly one version. "
                f"{shown_address(first.address)} contains: '{first.revision}', asked by "
                f"{first.asked_by}, and '{second.revision}', asked by {second.asked_by}.",
                location=first.location,
            )
        return replace(
            first,
            revision=first.revision or second.revision,
            warns_unpinned=first.warns_unpinned and second.warns_unpinned,
        )
    return first


def _identity(entry: AnyEntry) -> str:
    """What is the same for two entries that ask for the same package."""
    match entry:
        case HubEntry(package=package):
            return f"hub {package}"
        case LocalEntry(path=path):
            return f"local {path}"
        case TarballEntry(address=address):
            return f"tarball {address}"
        case GitEntry(address=address, subdirectory=subdirectory):
            # A repository's address is the same with and without .git at its end.
            return f"git {address.removesuffix('.git')}//{subdirectory or ''}"
