"""The rows of unit tests: mappings, CSV or SQL; beside the test, or in a file of their own."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ...core.errors import CompilationError, Location, ParseError, did_you_mean
from ...project.discovery import SourceFile
from ...project.project import Project
from ...project.text_file import read_text
from ..jinja.bare_calls import read_call
from ..lookup import NodeLookup
from ..nodes.node import Node
from ..nodes.node_calls import RefCall, SourceCall
from ..nodes.seed_node import Seed
from ..nodes.unit_test_node import THIS, Fixture, Given, Row, UnitTest
from .entries import Place

_SUFFIXES = {"csv": ".csv", "sql": ".sql"}


class RowsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry under `given:` or `expect:` says of its rows."""

    rows: list[dict[str, Any]] | str | None = None
    format: Literal["dict", "csv", "sql"] = "dict"
    fixture: str | None = None


class GivenEntry(RowsEntry, frozen=True, kw_only=True):
    """One item under `given:`."""

    input: str


class FixtureReader:
    """Reads the rows of a project's unit tests.

    Raises:
        ParseError: two files of fixtures have one name.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._files = _fixture_files(project)

    def given(self, entry: GivenEntry, place: Place, keys: tuple[str | int, ...]) -> Given | None:
        """The rows of an input; None where they are those of a seed's file.

        Raises:
            ParseError: the rows don't suit their format, or their file isn't there.
        """
        if entry.rows is None and entry.fixture is None and entry.format == "dict":
            return None
        fixture = self.expected(entry, place, keys)
        return Given(input=entry.input, **msgspec.structs.asdict(fixture))

    def expected(self, entry: RowsEntry, place: Place, keys: tuple[str | int, ...]) -> Fixture:
        """The rows of an entry.

        Raises:
            ParseError: as `given`.
        """
        where = place.locate(*keys)
        rows = entry.rows
        if entry.fixture is not None:
            rows = self._file_text(entry, place.locate(*keys, "fixture"))
        if entry.format == "dict":
            if not isinstance(rows, list):
                raise self._wrong(entry, "a list of mappings, one for each row", place, keys)
            found: tuple[Row, ...] | str = _whole_row_first(rows)
        elif not isinstance(rows, str):
            what = "text, or 'fixture:' with the name of a file"
            raise self._wrong(entry, what, place, keys)
        else:
            is_csv = entry.format == "csv"
            found = _whole_row_first(csv_rows(rows, where)) if is_csv else rows.removesuffix("\n")
        return Fixture(rows=found, format=entry.format, fixture=entry.fixture, line=where.line)

    def _wrong(
        self, entry: RowsEntry, what: str, place: Place, keys: tuple[str | int, ...]
    ) -> ParseError:
        return ParseError(
            f"{place.what} has {keys[0]} rows which do not match format {entry.format}: with "
            f"'format: {entry.format}' they are {what}.",
            location=place.locate(*keys, "rows"),
        )

    def _file_text(self, entry: RowsEntry, where: Location) -> str:
        """What the fixture's file holds, without white space around it, as for dbt.

        Raises:
            ParseError: there is no such file, or it can't be read.
        """
        name = str(entry.fixture)
        suffix = _SUFFIXES.get(entry.format)
        if suffix is None:
            raise ParseError(
                f"a fixture file has CSV or SQL: say 'format: csv' or 'format: sql' for '{name}'.",
                location=where,
            )
        known = {name: file for name, file in self._files.items() if _suffix(file) == suffix}
        file = known.get(name) or known.get(name.removesuffix(suffix))
        if file is None:
            folders = ", ".join(fixture_paths(self._project))
            raise ParseError(
                f"File not found for fixture '{name}': there is no {name}{suffix} in {folders}."
                f"{did_you_mean(name, known)}",
                location=where,
            )
        return read_text(file.absolute, display=file.root_relative, error=ParseError).strip()


def _fixture_files(project: Project) -> Mapping[str, SourceFile]:
    """A project's files of fixtures by name. As in dbt CSV and SQL share the names."""
    paths, found = tuple(fixture_paths(project)), dict[str, SourceFile]()
    for suffix in _SUFFIXES.values():
        for file in project.find_files(paths, suffix):
            twin = found.setdefault(file.stem, file)
            if twin is not file:
                raise ParseError(
                    f"two fixtures have the name '{file.stem}': {twin.root_relative} and "
                    f"{file.root_relative}. A unit test names it alone: rename one of them.",
                    location=Location(file.root_relative),
                )
    return found


def _suffix(file: SourceFile) -> str:
    return Path(file.root_relative).suffix


def fixture_paths(project: Project) -> list[str]:
    """Where a project's fixture files are."""
    return [f"{path}/fixtures" for path in project.test_paths]


def csv_rows(text: str, where: Location) -> Iterable[Row]:
    """The rows of a CSV text by its header. What is empty is null, as in dbt.

    Raises:
        ParseError: a row has more values than the header has names.
    """
    reader = csv.DictReader(StringIO(text.lstrip("\r\n")))
    for row in reader:
        if None in row:
            raise ParseError(
                f"line {reader.line_num} of the CSV has more values than its header has names.",
                location=where,
            )
        yield {name: value or None for name, value in row.items()}


def _whole_row_first(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, where the first one without nulls has changed places with the first of all.

    dbt does that, since some databases go by the first row for a column's type; its order is in
    the SQL, which a model may depend on, and in what states compare.
    """
    ordered = list(rows)
    whole = (at for at, row in enumerate(ordered) if None not in row.values())
    at = next(whole, 0)
    if at:
        ordered[0], ordered[at] = ordered[at], ordered[0]
    return tuple(ordered)


SEED_ROWS: tuple[Mapping[str, Any], ...] = ({"": "the rows of a seed's file"},)
"""Stands for the rows of a seed's file until the seed is known."""


class SeedRows(Struct, frozen=True):
    """The rows of seeds' files, for inputs that have none of their own.

    `roots` are the directories of the projects.
    """

    lookup: NodeLookup
    roots: Mapping[str, Path]

    def given(self, test: UnitTest, given: Given, where: Location) -> Given:
        """An input with its rows; `where` is its place.

        Raises:
            ParseError: it has none, and is no seed.
        """
        if given.rows is not SEED_ROWS:
            return given
        seed = self._node(test, input_call(given, where), where)
        root = self.roots.get(seed.package_name) if seed else None
        if not isinstance(seed, Seed) or root is None:
            raise ParseError(
                f"the input {given.input} of the unit test '{test.name}' has no 'rows', which "
                "only a seed can do without: those of its file are taken then. Say 'rows: []' "
                "where there are none.",
                location=where,
            )
        path = seed.original_file_path
        text = read_text(root / path, display=path, error=ParseError)
        return replace(given, rows=tuple(csv_rows(text, Location(path))))

    def _node(
        self, test: UnitTest, call: RefCall | SourceCall | None, where: Location
    ) -> Node | None:
        """The node of an input: the test's own package's, also where the root has one as well."""
        if not isinstance(call, RefCall):
            return None
        own = RefCall(call.name, call.package or test.package_name, call.version)
        package = test.package_name
        return self.lookup.ref(own, package) or self.lookup.ref(call, package, where)


def input_call(given: Given, where: Location) -> RefCall | SourceCall | None:
    """What an input names; None for `this`.

    Raises:
        CompilationError: it is neither a `ref`, nor a `source`, nor `this`.
    """
    if given.input.strip() == THIS:
        return None
    try:
        call = read_call(given.input, ("ref", "source"), where)
    except ParseError as error:
        raise CompilationError(
            f"{error.problem} An input may also be `this`: the model's own rows.", location=where
        ) from error
    assert isinstance(call, (RefCall, SourceCall))
    return call
