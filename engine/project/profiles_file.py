"""profiles.yml as a file: where it is looked for, and the profile that is looked for in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from ..core.errors import Location, ProfileError, did_you_mean
from ..core.events import WarningRaised
from ..core.nouns import noun_of
from ..settings.environment_variables import home_directory
from ..settings.precedence import find_value
from .project_flags import wanted_instead
from .yaml_file import YamlDocument, read_yaml

PROFILES_FILE = "profiles.yml"

# The top level of profiles.yml holds the profiles, and this block of old.
_FLAGS_KEY = "config"


class ProfileSource(Struct, frozen=True):
    """Where the profiles are: `path` is None where there is no profiles.yml in `searched`."""

    path: Path | None
    searched: tuple[Path, ...]

    @property
    def directory(self) -> Path:
        """Where they are, or should be."""
        return self.searched[-1] if self.path is None else self.path.parent


def find_profiles(
    project_root: Path, *, profiles_dir: Path | None, environ: Mapping[str, str], cwd: Path
) -> ProfileSource:
    """The profiles.yml to use.

    A directory that was named, by flag or else by environment, is the only one that counts;
    without one it's the working directory, the project's, and `~/.dbt`.
    """
    named = find_value("profiles_dir", profiles_dir, environ).value
    directories: tuple[Path, ...]
    if named is not None:
        directories = (cwd / named,)
    else:
        directories = tuple(
            dict.fromkeys((cwd, cwd / project_root, home_directory(environ) / ".dbt"))
        )
    found = (path for each in directories if os.path.exists(path := each / PROFILES_FILE))
    return ProfileSource(next(found, None), directories)


def load_profile_flags(
    source: ProfileSource, warn: Callable[[WarningRaised], None] | None = None
) -> Mapping[str, object]:
    """The old `config:` block of profiles.yml: what is under `flags:` in a project of today.

    Raises:
        YamlError: the file isn't YAML.
        ProfileError: the block is no mapping, or a flag in it is something that it can't be.
    """
    if source.path is None:
        return {}
    document = _read(source.path)
    profiles = as_mapping(document, document.data) if document.data is not None else {}
    block = profiles.get(_FLAGS_KEY)
    if not block:
        return {}
    flags = as_mapping(document, block, _FLAGS_KEY)
    for name, value in flags.items():
        if wanted := wanted_instead(name, value):
            raise ProfileError(
                f"'{_FLAGS_KEY}.{name}' must be {wanted}.",
                location=document.locate(_FLAGS_KEY, name),
            )
    if warn is not None:
        warn(
            WarningRaised(
                "ProjectFlagsMovedDeprecation",
                f"Flags have a new place: what is under `{_FLAGS_KEY}:` in {PROFILES_FILE} is "
                "under `flags:` in dbt_project.yml now. Move it there.",
                document.locate(_FLAGS_KEY),
            )
        )
    return flags


def _read(path: Path) -> YamlDocument:
    return read_yaml(path, str(path), discreet=True)


def read_profiles(source: ProfileSource, name: str) -> YamlDocument:
    """The file in which to look for the profile `name`.

    Raises:
        YamlError: it isn't YAML.
        ProfileError: there is no file, or nothing in it.
    """
    if source.path is None:
        searched = ", ".join(str(directory) for directory in source.searched)
        raise ProfileError(
            f"Could not find profile named '{name}': there is no {PROFILES_FILE} in {searched}. "
            "Create one, or say where it is with --profiles-dir."
        )
    document = _read(source.path)
    if not document.data:
        raise ProfileError(
            f"The {PROFILES_FILE} file at {source.path} is empty. Add a profile named '{name}'.",
            location=Location(document.display),
        )
    return document


def profile_names(source: ProfileSource) -> list[str]:
    """The names of the profiles that there are.

    Raises:
        YamlError: the file isn't YAML.
        ProfileError: it is no mapping.
    """
    if source.path is None:
        return []
    document = _read(source.path)
    profiles = as_mapping(document, document.data) if document.data is not None else {}
    return [str(key) for key in profiles if key != _FLAGS_KEY]


def raw_profile(document: YamlDocument, name: str) -> Mapping[str, object]:
    """One profile, as it was written.

    Raises:
        ProfileError: there is none of that name, or it is empty.
    """
    profiles = as_mapping(document, document.data)
    known = [key for key in profiles if key != _FLAGS_KEY]
    if name not in known:
        listed = ", ".join(f"'{key}'" for key in known) or "none"
        raise ProfileError(
            f"Could not find profile named '{name}'. The profiles in this file are: {listed}."
            f"{did_you_mean(name, known)}",
            location=Location(document.display),
        )
    if not profiles[name]:
        raise ProfileError(
            f"Profile {name} in {PROFILES_FILE} is empty. Add `target:` and `outputs:` to it.",
            location=document.locate(name),
        )
    return as_mapping(document, profiles[name], name)


def locate_in_profile(
    source: ProfileSource, profile: str, target: str, key: str
) -> Location | None:
    """Where a target's key stands, or its target where it has no such key."""
    if source.path is None:
        return None
    return _read(source.path).locate(profile, "outputs", target, key)


def as_mapping(document: YamlDocument, value: object, *path: str) -> Mapping[str, object]:
    """A value of the file that must be a mapping. `path` leads to it.

    Raises:
        ProfileError: it is something else.
    """
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    what = f"'{'.'.join(path)}'" if path else "the file"
    raise ProfileError(
        f"{what} must be a mapping of keys to values, but it is {noun_of(value)}.",
        location=document.locate(*path),
    )
