"""A package that was found: what it is called, where its files are, what it asks for itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import Location, PackageError, ProjectError
from ..project.discovery import PROJECT_FILE
from ..project.fields import Fields
from ..project.project_keys import project_name
from ..project.render import Renderer
from ..project.yaml_file import read_yaml
from .package_entries import AnyEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package, chosen for an entry.

    Attributes:
        name: the directory that it is installed as; its project's name, but for a tarball.
        label: what is said to be installed.
        version_label: what it is said to be installed from.
        entries: what it asks for itself.
        lock_entry: the lock file's entry for it.
        directory: its files; None where they are still to be downloaded, from `download`.
        is_linked: installed as a link to its directory, which is the user's own.
        latest: the newest version that there is, where that is known.
        is_latest: whether that is the one.
    """

    name: str
    location: Location
    label: str
    version_label: str
    entries: tuple[AnyEntry, ...]
    lock_entry: Mapping[str, str]
    directory: Path | None = None
    download: str | None = None
    is_linked: bool = False
    subdirectory: str | None = None
    latest: str | None = None
    is_latest: bool = True


def read_project_name(directory: Path, renderer: Renderer, *, label: str, asked: Location) -> str:
    """The name that a package's dbt_project.yml gives it.

    Raises:
        ProjectError: there is no such file, or it can't be used.
    """
    path = directory / PROJECT_FILE
    if not os.path.isfile(path):
        raise PackageError(
            f"No {PROJECT_FILE} found for package {label}. Every package needs one, in the "
            "directory that the entry names: see 'subdirectory' for one in a git repository.",
            location=asked,
        )
    try:
        return project_name(Fields(read_yaml(path, f"{label}/{PROJECT_FILE}"), renderer))
    except ProjectError as error:
        raise PackageError(f"package {label} can't be used: {error}", location=asked) from error
