"""Unit tests of a project: from `unit_tests:` in properties files to nodes without a model yet.

(https://docs.getdbt.com/docs/build/unit-tests)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ...core.errors import ParseError
from ...project.config_tree import config_key
from ..nodes.node import Checksum
from ..nodes.node_calls import Version
from ..nodes.resource_type import ResourceType
from ..nodes.unit_test_node import Fixture, Given, Overrides, UnitTest, VersionChoice
from ..reading.declared_entry import DeclaredEntry, entries_under
from ..reading.draft import Draft
from ..reading.entries import Place, below_search_path, directories_of, read_entry
from ..reading.node_properties import locate_config
from ..reading.package_parse import PackageParse
from ..reading.unit_fixtures import SEED_ROWS, FixtureReader, GivenEntry, RowsEntry

SECTION = "unit_tests"

_PENDING = Checksum("none", "")


class _OverridesEntry(msgspec.Struct, frozen=True, kw_only=True):
    macros: dict[str, Any] = {}
    vars: dict[str, Any] = {}
    env_vars: dict[str, Any] = {}


class _VersionsEntry(msgspec.Struct, frozen=True, kw_only=True):
    include: list[Version] | None = None
    exclude: list[Version] | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    model: str
    expect: RowsEntry
    given: list[GivenEntry] = []
    description: str | None = None
    overrides: _OverridesEntry | None = None
    config: dict[str, Any] = {}
    versions: _VersionsEntry | None = None


def read_unit_tests(package: PackageParse) -> None:
    """Read what the properties files of a project have under `unit_tests:`.

    Raises:
        ParseError: an entry has the wrong shape, or its rows don't suit their format.
    """
    fixtures = FixtureReader(package.project)
    for entry in entries_under(package, SECTION):
        place = entry.place(f"the unit test '{entry.name}'")
        package.found.unit_tests.add(_read(entry, place, fixtures), place)


def _read(declared: DeclaredEntry, place: Place, fixtures: FixtureReader) -> UnitTest:
    package, patch = declared.package, declared.patch
    entry = read_entry(_Entry, patch.values, place, None)
    project, display = package.project, patch.document.display
    path = below_search_path(display, project)
    location = patch.document.locate(*patch.keys)
    draft = Draft(
        resource_type=ResourceType.UNIT_TEST,
        name=entry.name,
        unique_id=f"{ResourceType.UNIT_TEST}.{project.name}.{entry.model}.{entry.name}",
        project=project,
        path=path,
        original_file_path=display,
        fqn=(
            project.name,
            *directories_of(display, project),
            entry.model,
            entry.name,
        ),
        raw_code="",
        checksum=_PENDING,
        patch_config={config_key(str(key)): value for key, value in entry.config.items()},
        written_patch_config=patch.written_config,
        description=declared.describe(patch.values),
        locate_in_patch=lambda key: locate_config(patch.document, patch.keys, key),
    )
    return package.factory.make(
        UnitTest,
        draft,
        model=entry.model,
        given=tuple(_given(entry, place, fixtures)),
        expect=_expected(entry, place, fixtures),
        overrides=_overrides(entry),
        versions=_versions(entry, place),
        line=location.line,
    )


def _given(entry: _Entry, place: Place, fixtures: FixtureReader) -> Iterator[Given]:
    for position, item in enumerate(entry.given):
        keys = ("given", position)
        read = fixtures.given(item, place, keys)
        line = place.locate(*keys).line
        yield read or Given(input=item.input, rows=SEED_ROWS, line=line)


def _expected(entry: _Entry, place: Place, fixtures: FixtureReader) -> Fixture:
    return fixtures.expected(entry.expect, place, ("expect",))


def _overrides(entry: _Entry) -> Overrides | None:
    given = entry.overrides
    return None if given is None else Overrides(**msgspec.structs.asdict(given))


def _versions(entry: _Entry, place: Place) -> VersionChoice | None:
    given = entry.versions
    if given is None:
        return None
    if given.include and given.exclude:
        raise ParseError(
            "Unit tests can not both include and exclude versions. Keep one of the two.",
            location=place.locate("versions"),
        )
    return VersionChoice(
        include=None if given.include is None else tuple(given.include),
        exclude=None if given.exclude is None else tuple(given.exclude),
    )
