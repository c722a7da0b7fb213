"""Unit tests as nodes: a model's SQL over rows that are given, and the rows that it should give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from ...core.errors import Location
from .declared_nodes import Declared
from .node_calls import Version

Row = Mapping[str, Any]

THIS = "this"
"""The input that stands for the tested model's own relation, as an incremental model reads it."""


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in a properties file, or in a file that it names.

    `rows` are mappings by column, or the text of a select where `format` is "sql". `line` is
    where they stand in the properties file.
    """

    rows: tuple[Row, ...] | str
    format: str = "dict"
    fixture: str | None = None
    line: int | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns that any of the rows has, in lower case."""
        rows = () if isinstance(self.rows, str) else self.rows
        return tuple(dict.fromkeys(str(name).lower() for row in rows for name in row))


class Given(Fixture, frozen=True, kw_only=True):
    """The rows of one input. `input` is as it was written: `ref('orders')`, or `this`."""

    input: str


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """What stands for something else while the model is rendered for this test."""

    macros: Mapping[str, Any] = {}
    vars: Mapping[str, Any] = {}
    env_vars: Mapping[str, Any] = {}


class VersionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of its model that a test is for; all of them where it says nothing."""

    include: tuple[Version, ...] | None = None
    exclude: tuple[Version, ...] | None = None

    def has(self, version: Version) -> bool:
        if self.exclude:
            return version not in self.exclude
        return not self.include or version in self.include


class UnitTest(Declared, frozen=True, kw_only=True):
    """A unit test of one model, or of one version of it."""

    model: str
    given: tuple[Given, ...] = ()
    expect: Fixture
    overrides: Overrides | None = None
    versions: VersionChoice | None = None
    version: Version | None = None
    line: int | None = None

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)

    @property
    def versioned_name(self) -> str:
        return self.name if self.version is None else f"{self.name}_v{self.version}"

    @property
    def display_name(self) -> str:
        return f"{self.model}::{self.versioned_name}"

    @property
    def build_path(self) -> str:
        path = PurePosixPath(self.inner_path)
        return f"{self.package_name}/{path}/{path.parent}/{self.versioned_name}.sql"
