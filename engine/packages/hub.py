"""The hub: which versions a package has, what they need, and where they can be downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from ..core.errors import PackageError, did_you_mean
from ..core.events import WarningRaised
from ..core.numbers import shortened
from ..project.yaml_file import YamlDocument
from ..settings.precedence import find_value
from .entry_fields import entry_of
from .package_entries import AnyEntry, HubEntry
from .semver import (
    Version,
    VersionSyntaxError,
    can_all_hold,
    meets,
    parse_requirement,
    parse_version,
    shown,
)
from .urls import shown_address
from .web import WebError, fetch_document

DEFAULT_HUB = "https://hub.getdbt.com/"

_FEW = 12
_NAMES_COMPARED = 10_000


class _Downloads(msgspec.Struct, frozen=True):
    tarball: str


class Release(msgspec.Struct, frozen=True):
    """One version of a package, as the hub lists it."""

    name: str
    downloads: _Downloads
    packages: list[dict[str, Any]] = []
    require_dbt_version: list[str] | str | None = None

    def suits(self, dbt_version: Version) -> bool:
        """Whether it may be used with a version of dbt."""
        said = self.require_dbt_version or []
        texts = said.split(",") if isinstance(said, str) else said
        return meets(dbt_version, [parse_requirement(text) for text in texts if text.strip()])


class Listing(msgspec.Struct, frozen=True):
    """All that the hub knows of a package."""

    name: str
    versions: dict[str, Release]
    namespace: str = ""
    redirectname: str | None = None
    redirectnamespace: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The version that is to be installed, and the newest that could be."""

    version: str
    latest: str
    release: Release


class Hub:
    """Asks the hub, once for each package of an invocation.

    `dbt_version` is the one that packages must suit; None if that isn't to be checked.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        dbt_version: Version | None,
        warn: Callable[[WarningRaised], None],
    ) -> None:
        address = find_value("package_hub_url", None, environ).value
        self._address = str(address or DEFAULT_HUB).rstrip("/") + "/"
        self._dbt_version = dbt_version
        self._warn = warn
        self._listings: dict[str, Listing] = {}

    async def choose(self, entry: HubEntry) -> Choice:
        """The newest version that meets what is asked.

        Raises:
            PackageError: the hub can't be reached, or has no such package or version.
        """
        listing = self._listings.get(entry.package)
        if listing is None:
            listing = await self._listing(entry)
            self._listings[entry.package] = listing
            self._warn_of_redirection(entry, listing)
        return choose(listing, entry, self._dbt_version)

    async def _listing(self, entry: HubEntry) -> Listing:
        path = f"api/v1/{quote(entry.package)}.json"
        try:
            document = await fetch_document(self._address + path)
        except WebError as error:
            if error.is_not_found:
                raise await self._not_found(entry) from error
            raise self._unreachable(entry, path, str(error)) from error
        try:
            listing = msgspec.json.decode(document, type=Listing)
            for release in listing.versions.values():
                if not release.name.isidentifier():  # it will be a directory's name
                    raise msgspec.DecodeError(f"'{shortened(release.name)}' is no package's name")
            return listing
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            what = f"the answer isn't a package's listing ({shortened(str(error))})"
            raise self._unreachable(entry, path, what) from error

    def _unreachable(self, entry: HubEntry, path: str, why: str) -> PackageError:
        return PackageError(
            f"package {entry.package} can't be looked up at "
            f"{shown_address(self._address + path)}: {why}. Check the network and its proxy, name "
            "another hub with DBT_PACKAGE_HUB_URL, or ask for the package as 'git:' or "
            "'tarball:'.",
            location=entry.location,
        )

    async def _not_found(self, entry: HubEntry) -> PackageError:
        try:
            index = await fetch_document(f"{self._address}api/v1/index.json")
            names = msgspec.json.decode(index, type=list[str])
        except (WebError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            names = []  # they are for a proposal only
        return PackageError(
            f"Package {entry.package} was not found in the package index."
            f"{did_you_mean(entry.package, names[:_NAMES_COMPARED])}",
            location=entry.location,
        )

    def _warn_of_redirection(self, entry: HubEntry, listing: Listing) -> None:
        if not (listing.redirectname or listing.redirectnamespace):
            return
        namespace = listing.redirectnamespace or listing.namespace
        self._warn(
            WarningRaised(
                "PackageRedirectDeprecation",
                f"The package {entry.package} is now called "
                f"{namespace}/{listing.redirectname or listing.name}. Please update your "
                "packages.yml.",
                entry.location,
            )
        )


def choose(listing: Listing, entry: HubEntry, dbt_version: Version | None) -> Choice:
    """The newest version of a package that meets what is asked.

    A version before its release counts only where the entry wants one.

    Raises:
        PackageError: there is none.
    """
    if not can_all_hold(entry.versions):
        raise PackageError(
            f"Version error for package {entry.package}: Could not find a satisfactory version "
            f"from options: {shown(entry.versions)} (asked by {entry.asked_by}).",
            location=entry.location,
        )
    wants_prerelease = entry.installs_prerelease or any(
        requirement.version.prerelease for requirement in entry.versions
    )
    candidates = sorted(
        (
            (version, text)
            for version, text in _readable(listing, dbt_version)
            if wants_prerelease or not version.prerelease
        ),
        key=lambda candidate: candidate[0].key,
    )
    fitting = [text for version, text in candidates if meets(version, entry.versions)]
    if not fitting:
        newest_first = [text for _, text in reversed(candidates)]
        more = f" and {len(newest_first) - _FEW} older" if len(newest_first) > _FEW else ""
        left_out = (
            "\n  Not shown: versions that don't suit this version of dbt. To include them, use "
            "--no-version-check."
            if dbt_version is not None
            else ""
        )
        raise PackageError(
            f"Could not find a matching compatible version for package {entry.package}\n"
            f"  Requested range: {shown(entry.versions)} (asked by {entry.asked_by})\n"
            f"  Compatible versions: {', '.join(newest_first[:_FEW]) or 'none'}{more}{left_out}",
            location=entry.location,
        )
    chosen = fitting[-1]
    return Choice(chosen, candidates[-1][1], listing.versions[chosen])


def _readable(listing: Listing, dbt_version: Version | None) -> list[tuple[Version, str]]:
    found = []
    for text, release in listing.versions.items():
        try:
            if dbt_version is None or release.suits(dbt_version):
                found.append((parse_version(text), text))
        except VersionSyntaxError:
            continue  # one release that nobody can ask for doesn't spoil the others
    return found


def entries_of_release(release: Release, package: str) -> tuple[AnyEntry, ...]:
    """What a version itself asks for."""
    document = YamlDocument(release.packages, f"{package} (on the hub)")
    return tuple(
        entry_of(item, item, document, index, f"package '{package}'")
        for index, item in enumerate(release.packages)
    )
