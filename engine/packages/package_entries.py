"""What packages.yml asks for: one type for each kind of entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.errors import Location
from .semver import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a list of packages.

    Attributes:
        location: where it stands.
        asked_by: who asks for it, as messages say it: a file, or a package.
        fingerprint: all that it says, rendered and as written, in dbt's form: what the hash of
            a lock file is made of. It may hold a secret.
        secrets: the names of the secret variables that are written out in it.
    """

    location: Location
    asked_by: str
    fingerprint: Mapping[str, object] = field(repr=False, compare=False, default_factory=dict)
    secrets: frozenset[str] = field(compare=False, default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEntry(Entry):
    """A directory. `path` counts from the project, unless it is absolute."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GitEntry(Entry):
    """A git repository, or a directory in one.

    `address` is what git is given; `written` is how the file says it, with variables unread,
    so that it may be written down. Without a `revision` it is the repository's HEAD.
    """

    address: str = field(repr=False)
    written: str
    revision: str | None = None
    subdirectory: str | None = None
    warns_unpinned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TarballEntry(Entry):
    """An archive, by a web address or as a file, with the name that it is installed under."""

    address: str = field(repr=False)
    written: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubEntry(Entry):
    """A package of the hub, as `namespace/name`, in a version that meets all `versions`."""

    package: str
    versions: tuple[Requirement, ...]
    installs_prerelease: bool = False


AnyEntry = LocalEntry | GitEntry | TarballEntry | HubEntry
