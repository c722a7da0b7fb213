"""`deps --add-package`: one more entry for packages.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from ..core.errors import PackageError, UsageError
from ..project.yaml_file import parse_yaml
from .lock_file import IndentedDumper

SOURCES = ("hub", "git", "local")

_KEYS = {"hub": "package", "git": "git", "local": "local"}


@dataclass(frozen=True, slots=True)
class Addition:
    """What packages.yml is to hold. `removed` are the entries that gave way."""

    text: str
    removed: tuple[Mapping[str, object], ...]


def new_entry(wanted: str, source: str) -> dict[str, object]:
    """The entry for `name@version` of a source.

    Raises:
        UsageError: there is no such source, or the version is missing.
    """
    if source not in SOURCES:
        raise UsageError(f"--source is '{source}', and must be one of {', '.join(SOURCES)}.")
    # The last one: a git address may have one of its own.
    name, at, version = wanted.rpartition("@")
    if not at or "/" in version or ":" in version or source == "local":
        name, version = wanted, ""
    if not name:
        raise UsageError(f"--add-package is '{wanted}', and must be name@version.")
    if source == "local":
        return {"local": name}
    if not version:
        raise UsageError(
            f"Version is required in --add-package when the source is {source}: write "
            f"--add-package {name}@1.0.0."
        )
    parts = [part.strip() for part in version.split(",")]
    key = "revision" if source == "git" else "version"
    return {_KEYS[source]: name, key: parts if len(parts) > 1 else version}


def add_entry(text: str, entry: Mapping[str, object], display: str) -> Addition:
    """The text of packages.yml with an entry more; one for the same package gives way.

    Comments are kept where no entry has to give way.

    Raises:
        PackageError: the text isn't a list of packages.
    """
    data = parse_yaml(text, display, discreet=True).data
    if data is None:
        data = {}
    packages = data.get("packages") if isinstance(data, dict) else ()
    if packages is None:
        packages = []
    if not isinstance(data, dict) or not isinstance(packages, list):
        raise PackageError("There is no list of 'packages' to add to.", location=None)
    removed = tuple(each for each in packages if isinstance(each, dict) and _is_same(each, entry))
    kept = [each for each in packages if each not in removed]
    wanted = {**data, "packages": [*kept, dict(entry)]}
    if not removed:
        appended = _appended(text, entry)
        if parse_yaml(appended, display, discreet=True).data == wanted:
            return Addition(appended, ())
    return Addition(_dumped(wanted), removed)


def _appended(text: str, entry: Mapping[str, object]) -> str:
    """The text with the entry after its last line, if that is where the list ends."""
    last = re.findall(r"^( *)- ", text, re.MULTILINE)
    indent = last[-1] if last else "  "
    if not re.search(r"^packages:", text, re.MULTILINE):
        text = "packages:\n"
    lines = "".join(f"{indent}{line}\n" for line in _dumped([dict(entry)]).splitlines())
    return f"{text.rstrip()}\n{lines}"


def _dumped(data: object) -> str:
    text: str = yaml.dump(
        data, Dumper=IndentedDumper, default_flow_style=False, sort_keys=False, allow_unicode=True
    )
    return text


def _is_same(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Whether an entry is for the same package, be it from another source."""
    name = _short(next(str(new[key]) for key in _KEYS.values() if key in new))
    return any(key in old and _short(str(old[key])) == name for key in _KEYS.values())


def _short(name: str) -> str:
    return name.removesuffix(".git").rstrip("/").lower()
