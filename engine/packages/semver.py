"""Semantic versions, and what a list of requirements lets through, by dbt's rules.

A requirement is `1.2.3`, or a comparison with one: `>=1.2.3`, `>`, `<=`, `<`, `=`. Several hold
together. A version before its release (`1.0.0-rc1`) comes before `1.0.0`, and `<1.0.0` keeps it
out as well: who asks for less than 1.0.0 doesn't want to try 1.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..core.numbers import shortened

MAX_LENGTH = 100
"""How many characters a version may have, with its comparison."""

_NUMBER = r"(?:0|[1-9]\d*)"
_LABEL = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SYNTAX = re.compile(
    rf"""
    \s*(?P<operator>>=|>|<=|<|=)?\s*
    (?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})
    (?:-?(?P<prerelease>{_LABEL}(?:\.{_LABEL})*))?
    (?:\+(?P<build>[0-9A-Za-z-]*(?:\.[0-9A-Za-z-]*)*))?\s*
    """,
    re.VERBOSE | re.ASCII,
)

# A label that is a number comes before one that is a word; no label at all comes after both.
_SortKey = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]


class VersionSyntaxError(ValueError):
    """A text is no version, or no requirement."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f'"{shortened(text)}" is not a valid semantic version. Write three numbers, with a '
            'comparison before them where you want a range: "1.0.0", ">=1.0.0".'
        )


@dataclass(frozen=True)
class Version:
    """One version. What follows a `+` is kept for show, and counts for nothing."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    build: str = ""

    @cached_property
    def key(self) -> _SortKey:
        """What versions are ordered by."""
        labels = tuple(
            (0, int(label), "") if label.isdecimal() else (1, 0, label)
            for label in self.prerelease.split(".")
            if label
        )
        return (self.major, self.minor, self.patch, 0 if labels else 1, labels)

    @property
    def base(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def __str__(self) -> str:
        prerelease = f"-{self.prerelease}" if self.prerelease else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{build}"


@dataclass(frozen=True)
class Requirement:
    """A comparison with a version: `>=1.0.0`."""

    operator: str
    version: Version

    @property
    def is_exact(self) -> bool:
        return self.operator == "="

    def admits(self, version: Version) -> bool:
        """Whether a version is good enough."""
        wanted = self.version
        match self.operator:
            case ">=":
                return version.key >= wanted.key
            case ">":
                return version.key > wanted.key
            case "<=":
                return version.key <= wanted.key
            case "<" if version.prerelease and not wanted.prerelease:
                return version.base < wanted.base
            case "<":
                return version.key < wanted.key
            case _:
                return version.key == wanted.key

    def __str__(self) -> str:
        return f"{self.operator}{self.version}"


def parse_requirement(text: str) -> Requirement:
    """A requirement, out of `>=1.0.0` or of `1.0.0`.

    Raises:
        VersionSyntaxError: it is neither.
    """
    found = _SYNTAX.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise VersionSyntaxError(text)
    version = Version(
        int(found["major"]),
        int(found["minor"]),
        int(found["patch"]),
        found["prerelease"] or "",
        found["build"] or "",
    )
    return Requirement(found["operator"] or "=", version)


def parse_version(text: str) -> Version:
    """A version alone.

    Raises:
        VersionSyntaxError: it isn't one.
    """
    requirement = parse_requirement(text)
    if not requirement.is_exact:
        raise VersionSyntaxError(text)
    return requirement.version


def can_all_hold(requirements: Sequence[Requirement]) -> bool:
    """Whether any version could meet all of them."""
    for requirement in requirements:
        if requirement.is_exact:
            return all(other.admits(requirement.version) for other in requirements)
    for lower in requirements:
        for upper in requirements:
            if lower.operator[0] != ">" or upper.operator[0] != "<":
                continue
            touching = lower.operator == ">=" and upper.operator == "<="
            if lower.version.key > upper.version.key:
                return False
            if lower.version.key == upper.version.key and not touching:
                return False
    return True


def meets(version: Version, requirements: Iterable[Requirement]) -> bool:
    """Whether a version is good enough for all of them."""
    return all(requirement.admits(version) for requirement in requirements)


def shown(requirements: Iterable[Requirement]) -> str:
    """Requirements as messages say them."""
    return ", ".join(dict.fromkeys(str(requirement) for requirement in requirements)) or "ANY"
