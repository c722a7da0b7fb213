"""The environment that was handed in: its variables, those for artifacts, and where `~` is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

_CUSTOM_PREFIX = "DBT_ENV_CUSTOM_ENV_"


class Setting(Struct, frozen=True):
    """A value from the environment, with the variable that it came from."""

    variable: str
    value: str


def custom_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables meant for every artifact's metadata, without `DBT_ENV_CUSTOM_ENV_`."""
    return {
        name.removeprefix(_CUSTOM_PREFIX): value
        for name, value in environ.items()
        if name.startswith(_CUSTOM_PREFIX)
    }


def home_directory(environ: Mapping[str, str]) -> Path:
    """Where `~` is, for the environment that was handed in."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else Path.home()


def expand_home(path: Path, environ: Mapping[str, str]) -> Path:
    """A path without a leading `~`: variables, unlike arguments, reach us unexpanded."""
    if path.parts[:1] == ("~",):
        return home_directory(environ).joinpath(*path.parts[1:])
    return path
