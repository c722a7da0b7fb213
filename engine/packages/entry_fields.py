"""One entry of packages.yml, from a mapping to its type."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import Location, PackageError, ProjectError, did_you_mean
from ..core.nouns import noun_of
from ..project.discovery import checked_path
from ..project.yaml_file import YamlDocument
from .package_entries import AnyEntry, GitEntry, HubEntry, LocalEntry, TarballEntry
from .semver import VersionSyntaxError, parse_requirement

MAX_REQUIREMENTS = 100
"""How many comparisons one entry may ask of a version."""

Values = Mapping[str, object]

_KINDS: Mapping[str, frozenset[str]] = {
    "local": frozenset({"local", "name"}),
    "git": frozenset({"git", "revision", "warn-unpinned", "subdirectory", "name"}),
    "tarball": frozenset({"tarball", "name"}),
    "package": frozenset({"package", "version", "install_prerelease", "name"}),
}
"""Each kind of entry by the key that makes it one, with all its keys."""

_OTHER_SPELLINGS = {"warn_unpinned": "warn-unpinned", "install-prerelease": "install_prerelease"}


def entry_of(
    rendered: object, written: object, document: YamlDocument, index: int, asked_by: str
) -> AnyEntry:
    """The entry of a mapping, given as it reads once rendered, and as it was written.

    Raises:
        PackageError: it isn't one; says where, and what is missing.
    """
    if not isinstance(rendered, Mapping) or not isinstance(written, Mapping):
        raise PackageError(
            f"An entry of 'packages' must be a mapping, but it is {noun_of(rendered)}. Write it "
            "as '- package: dbt-labs/dbt_utils', with its version below.",
            location=document.locate("packages", index),
        )
    raw = {str(key): value for key, value in written.items()}
    values = {_OTHER_SPELLINGS.get(str(key), str(key)): item for key, item in rendered.items()}
    return _Reader(values, raw, document, index, asked_by).entry()


class _Reader:
    def __init__(
        self, values: Values, raw: Values, document: YamlDocument, index: int, asked_by: str
    ) -> None:
        self._values = values
        self._raw = raw
        self._document = document
        self._index = index
        self._asked_by = asked_by

    def entry(self) -> AnyEntry:
        if "private" in self._values or "provider" in self._values:
            raise self._error(
                "Cannot resolve a private package: only dbt Cloud knows its git provider. Ask for "
                "it as 'git:', with its address.",
                "private",
            )
        kinds = [kind for kind in _KINDS if kind in self._values]
        if len(kinds) != 1:
            raise self._error(
                "An entry of 'packages' needs exactly one of package, git, local and tarball, "
                f"but it has {' and '.join(kinds) if kinds else 'none of them'}."
            )
        (kind,) = kinds
        for key in self._values:
            if key not in _KINDS[kind]:
                raise self._error(
                    f"'{key}' is no key of a {_NOUNS[kind]} package."
                    f"{did_you_mean(key, _KINDS[kind])}",
                    key,
                )
        match kind:
            case "local":
                return self._local()
            case "git":
                return self._git()
            case "tarball":
                return self._tarball()
            case _:
                return self._hub()

    def _local(self) -> LocalEntry:
        return LocalEntry(
            location=self._location,
            asked_by=self._asked_by,
            fingerprint=self._fingerprint("local"),
            path=self._required("local"),
        )

    def _git(self) -> GitEntry:
        revision = self._text_or_number("revision")
        subdirectory = self._optional("subdirectory")
        address = self._required("git")
        for key, value in (("git", address), ("revision", revision)):
            if value is not None and value.startswith("-"):
                raise self._error(f"'{key}' can't begin with '-': git would read a flag.", key)
        return GitEntry(
            location=self._location,
            asked_by=self._asked_by,
            fingerprint=self._fingerprint("git", "revision", "subdirectory", "warn-unpinned"),
            address=address,
            written=str(self._raw.get("git", "")),
            revision=revision,
            subdirectory=self._inner_path(subdirectory) if subdirectory else None,
            warns_unpinned=self._values.get("warn-unpinned") is not False,
        )

    def _tarball(self) -> TarballEntry:
        name = self._required("name")
        if self._inner_path(name) in (".", "") or "/" in name or name.startswith("."):
            raise self._error(f"'{name}' can't be the name of a directory.", "name")
        return TarballEntry(
            location=self._location,
            asked_by=self._asked_by,
            fingerprint=self._fingerprint("tarball"),
            address=self._required("tarball"),
            written=str(self._raw.get("tarball", "")),
            name=name,
        )

    def _hub(self) -> HubEntry:
        package = self._required("package")
        if package.count("/") != 1 or not all(part.strip(".") for part in package.split("/")):
            raise self._error(
                f"{package} was not found in the package index. Packages on the index require a "
                "namespace, e.g dbt-labs/dbt_utils.",
                "package",
            )
        version = self._values.get("version")
        if version in (None, "", []):
            raise self._error(
                f"{package} is missing the version. When installing from the Hub package index, "
                "version is a required property.",
                "package",
            )
        texts = version if isinstance(version, list) else [version]
        try:
            versions = tuple(
                parse_requirement(part)
                for text in texts
                for part in str(text).split(",")
                if part.strip()
            )
        except VersionSyntaxError as error:
            raise self._error(f"{package}: {error}", "version") from error
        if len(versions) > MAX_REQUIREMENTS:
            raise self._error(
                f"{package} is asked for in {len(versions):,} versions; {MAX_REQUIREMENTS} are the "
                "most.",
                "version",
            )
        return HubEntry(
            location=self._location,
            asked_by=self._asked_by,
            fingerprint={
                **self._fingerprint("package", "version"),
                "install_prerelease": self._values.get("install_prerelease", False),
            },
            package=package,
            versions=versions,
            installs_prerelease=self._values.get("install_prerelease") is True,
        )

    def _fingerprint(self, *keys: str) -> dict[str, object]:
        """What dbt hashes of an entry: absent keys count as null, but for an absent name."""
        found = {key: self._values.get(key) for key in keys}
        if self._values.get("name") is not None:
            found["name"] = self._values["name"]
        return {**found, "unrendered": dict(self._raw)}

    def _required(self, key: str) -> str:
        value = self._values.get(key)
        if not value:
            raise self._error(f"A {_NOUNS[self._kind]} package needs a '{key}'.", key)
        return self._as_text(key, value)

    def _optional(self, key: str) -> str | None:
        value = self._values.get(key)
        return None if value in (None, "") else self._as_text(key, value)

    def _text_or_number(self, key: str) -> str | None:
        value = self._values.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return self._optional(key)

    def _as_text(self, key: str, value: object) -> str:
        if isinstance(value, str):
            if not value.isprintable():
                raise self._error(f"'{key}' holds a character that can't be shown.", key)
            return value
        raise self._error(f"'{key}' must be a text, but it is {noun_of(value)}.", key)

    def _inner_path(self, path: str) -> str:
        try:
            return checked_path(path, key="packages")
        except ProjectError:
            raise self._error(f"'{path}' leads out of the package.", "subdirectory") from None

    @property
    def _kind(self) -> str:
        return next(kind for kind in _KINDS if kind in self._values)

    @property
    def _location(self) -> Location:
        return self._document.locate("packages", self._index)

    def _error(self, problem: str, *path: str) -> PackageError:
        return PackageError(problem, location=self._document.locate("packages", self._index, *path))


_NOUNS = {"local": "local", "git": "git", "tarball": "tarball", "package": "hub"}
