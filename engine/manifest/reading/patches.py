"""What a properties file says of a node, of a table of a source, or of a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ...core.errors import Location
from ...project.yaml_file import YamlDocument
from .versions import PlacedColumn, VersionOf


class TestEntry(Struct, frozen=True):
    """One item under `tests:` or `data_tests:`.

    `column` is None where it stands at the model itself. `keys` lead to it in its document.
    """

    __test__ = False

    definition: Any
    column: Mapping[str, Any] | None
    document: YamlDocument
    keys: tuple[str | int, ...]

    @property
    def location(self) -> Location:
        return self.document.locate(*self.keys)


class NodePatch(Struct, frozen=True):
    """What a properties file says of one node.

    `values` are its entry with the Jinja done, but for what is rendered later; `written` is the
    entry as its author wrote it.
    """

    section: str
    name: str
    package_name: str
    values: Mapping[str, Any]
    written: Mapping[str, Any]
    document: YamlDocument
    keys: tuple[str | int, ...]
    tests: tuple[TestEntry, ...] = ()
    version: VersionOf | None = None
    versioned_columns: tuple[PlacedColumn, ...] = ()

    @property
    def columns(self) -> tuple[PlacedColumn, ...]:
        """The entries of the node's columns, each with the keys that lead to it."""
        if self.version is not None:
            return self.versioned_columns
        columns = enumerate(self.values.get("columns") or ())
        return tuple((column, (*self.keys, "columns", number)) for number, column in columns)

    @property
    def written_config(self) -> Mapping[str, Any]:
        """What stands under `config:`, as it was written."""
        return self.written.get("config") or {}

    @property
    def relation(self) -> Any:
        """What a snapshot is to keep, where the entry is all that there is of it."""
        return self.values.get("relation") if self.section == "snapshots" else None

    @property
    def versioned_name(self) -> str:
        """ "orders.v2", as the end of the node's id; the name alone without versions."""
        return self.name if self.version is None else f"{self.name}.v{self.version.version}"

    @property
    def location(self) -> Location:
        return self.document.locate(*self.keys, "name" if self.version is None else "v")

    @property
    def patch_path(self) -> str:
        return f"{self.package_name}://{self.document.display}"


class SourcePatch(Struct, frozen=True):
    """One table of a source, with the source's own entry.

    Both have their Jinja done, but for what is rendered later; the ones that begin with
    `written` are as their author wrote them.
    """

    source: Mapping[str, Any]
    table: Mapping[str, Any]
    written_source: Mapping[str, Any]
    written_table: Mapping[str, Any]
    package_name: str
    document: YamlDocument
    keys: tuple[str | int, ...]
    tests: tuple[TestEntry, ...] = ()

    @property
    def columns(self) -> tuple[PlacedColumn, ...]:
        """The entries of the table's columns, each with the keys that lead to it."""
        columns = enumerate(self.table.get("columns") or ())
        return tuple((column, (*self.keys, "columns", number)) for number, column in columns)

    @property
    def location(self) -> Location:
        return self.document.locate(*self.keys, "name")


class SourceOverride(Struct, frozen=True):
    """What a project says of a source of one of its packages, in the place of what that says."""

    source: Mapping[str, Any]
    written_source: Mapping[str, Any]
    tables: tuple[SourcePatch, ...]
    document: YamlDocument
    keys: tuple[str | int, ...]

    @property
    def location(self) -> Location:
        return self.document.locate(*self.keys, "overrides")

    @property
    def package_name(self) -> str:
        """The package whose source it is about."""
        return str(self.source["overrides"])


def quotes_columns_of(source: Mapping[str, Any], table: Mapping[str, Any]) -> bool:
    """Whether the columns of a source's table are quoted in tests, where they don't say."""
    of_both = [entry.get("quoting") for entry in (source, table)]
    said = [quoting.get("column") for quoting in of_both if isinstance(quoting, Mapping)]
    return next((bool(one) for one in reversed(said) if one is not None), False)


def quoted_column(column: Mapping[str, Any], quotes_columns: bool) -> Mapping[str, Any]:
    """A column as its tests see it: quoted, where its node says so and it doesn't say."""
    if quotes_columns and column.get("quote") is None:
        return {**column, "quote": True}
    return column
