"""Calls by which templates and properties files name other nodes."""

from __future__ import annotations

import msgspec

Version = str | int | float
"""What comes after `v:` in a properties file."""


class RefCall(msgspec.Struct, frozen=True):
    """One `ref(…)` of a template. `line` is where it stands in its file, from 1."""

    name: str
    package: str | None = None
    version: Version | None = None
    line: int | None = None

    def __str__(self) -> str:
        """The call as a template has it."""
        names = f"'{self.package}', '{self.name}'" if self.package else f"'{self.name}'"
        return f"ref({names})" if self.version is None else f"ref({names}, v={self.version!r})"


class SourceCall(msgspec.Struct, frozen=True):
    """One `source(…)` of a template."""

    source_name: str
    table_name: str
    line: int | None = None


class MetricCall(msgspec.Struct, frozen=True):
    """One `metric(…)`."""

    name: str
    package: str | None = None


Call = RefCall | SourceCall | MetricCall
