"""Tests: queries whose rows are failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...core.errors import Location
from ...core.results import NodeDetails
from .node import Node
from .node_calls import RefCall, SourceCall
from .pieces import Piece


class Test(Node, frozen=True, kw_only=True):
    """A query whose rows are failures."""

    __test__ = False  # not something for pytest to collect

    @property
    def display_name(self) -> str:
        return self.name


class LeftOutTest(Struct, frozen=True):
    """A test that can't run, as something that it refers to isn't there, or is disabled.

    It is told of, in the manifest and in `graph`, and selected by nobody. `parents` are there.
    """

    __test__ = False

    node: Test
    parents: tuple[str, ...]


class SingularTest(Test, frozen=True, kw_only=True):
    """A test that is a SQL file of its own."""

    pieces: tuple[Piece, ...] | None = None


class GenericTest(Test, frozen=True, kw_only=True):
    """A macro applied to a model, a seed or a source by a properties file.

    `macro_name` is what is called ("test_unique"), `arguments` what it is called with; strings
    among them may hold Jinja. What is tested is either `tested_ref` or `tested_source`.
    """

    test_name: str
    namespace: str | None = None
    macro_name: str
    arguments: Mapping[str, Any] = {}
    tested_ref: RefCall | None = None
    tested_source: SourceCall | None = None
    column_name: str | None = None
    attached_node: str | None = None
    attached_group: str | None = None
    inherited_tags: tuple[str, ...] = ()
    """The tags of what it tests: of its column, its table and its source."""
    file_key_name: str = ""
    is_of_macro: bool = False
    """Whether its macro is one that is called `test_…`, and no `{% test %}` block."""
    line: int | None = None

    @property
    def group(self) -> str | None:
        return self.attached_group

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.inherited_tags, *self.config.tags)))

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)

    @property
    def details(self) -> NodeDetails:
        return replace(super().details, attached_node=self.attached_node or "")

    @property
    def build_path(self) -> str:
        return f"{self.package_name}/{self.inner_path}/{self.path}"
