"""Settings from environment variables: `HEADRACE_X`, or `DBT_X` of the same meaning."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from ..core.errors import UsageError
from .numbers import (
    is_within,
    shortened,
    whole_number,
)

_PREFIXES = ("HEADRACE_", "DBT_")
_CUSTOM_PREFIX = "DBT_ENV_CUSTOM_ENV_"


class Setting(Struct, frozen=True):
    """A value from the environment, with the variable that it came from."""

    variable: str
    value: str


def find_setting(environ: Mapping[str, str], name: str) -> Setting | None:
    """`HEADRACE_<name>` before `DBT_<name>`. An empty variable counts as none."""
    for prefix in _PREFIXES:
        value = environ.get(prefix + name)
        if value:
            return Setting(prefix + name, value)
    return None


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


def find_number(environ: Mapping[str, str], name: str, most: int) -> int | None:
    """A setting that is a whole number from 1 to `most`; None where it isn't set.

    Raises:
        UsageError: it is something else.
    """
    setting = find_setting(environ, name)
    if setting is None:
        return None
    number = whole_number(setting.value)
    if number is None or not is_within(number, 1, most):
        raise UsageError(
            f"{setting.variable} must be a whole number from 1 to {most:,}, not "
            f"'{shortened(setting.value)}'."
        )
    return number
