"""Unit tests of a project: from `unit_tests:` in properties files to nodes with a model each.

(https://docs.getdbt.com/docs/build/unit-tests)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ...core.errors import (
    CompilationError,
    Location,
    ParseError,
    did_you_mean,
)
from ...project.config_tree import config_key
from ...project.text_file import read_text
from ..declared.declared import DeclaredContext, never
from ..lookup import NodeLookup
from ..nodes.calls import RefCall, SourceCall, Version
from ..nodes.model_node import Model
from ..nodes.node import Checksum, Node
from ..nodes.resource_type import ResourceType
from ..nodes.seed_node import Seed
from ..nodes.unit_test_node import (
    THIS,
    Fixture,
    Given,
    Overrides,
    UnitTest,
    VersionChoice,
)
from .entries import Place, below_search_path, directories_of, read_call, read_entry
from .node_factory import Draft
from .node_properties import locate_config
from .patches import NodePatch
from .unit_fixtures import (
    FixtureReader,
    GivenEntry,
    RowsEntry,
    csv_rows,
)

SECTION = "unit_tests"

_IS_INCREMENTAL = "is_incremental"
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


class UnitTests:
    """The unit tests so far: `read(…)` for each project, then `connect(…)`.

    Attributes:
        nodes, disabled: by unique id, once they are connected.
        parents: the model that each one tests.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, UnitTest] = {}
        self.disabled: dict[str, UnitTest] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self._read: list[tuple[UnitTest, Place]] = []
        self._roots: dict[str, Path] = {}

    def read(self, patches: Iterable[NodePatch], context: DeclaredContext) -> None:
        """Add what the properties files of one project have under `unit_tests:`.

        Raises:
            ParseError: an entry has the wrong shape, or its rows don't suit their format.
        """
        fixtures = FixtureReader(context.project)
        self._roots[context.project.name] = context.project.root
        for patch in patches:
            self._read.append(
                (_read(patch, context, fixtures), context.place(patch, _named(patch)))
            )

    def connect(self, nodes: Mapping[str, Node], lookup: NodeLookup) -> None:
        """Find each test's model, and make a node for each version that it is for.

        Raises:
            ParseError: there is no such model or version, two tests have one name, or what
                an incremental model needs to be told isn't there.
        """
        seen: dict[str, Place] = {}
        for test, place in self._read:
            models = self._models(test, nodes, lookup, place)
            if not models:
                self.disabled[test.unique_id] = test
            for model in models:
                made = self._finished(_of_model(test, model), model, lookup, place)
                twin = seen.setdefault(made.unique_id, place)
                if twin is not place:
                    raise ParseError(
                        f"two unit tests of '{test.model}' have the name '{test.name}': "
                        f"{twin.locate('name')} and here. Rename one of them.",
                        location=place.locate("name"),
                    )
                home = self.nodes if made.config.enabled else self.disabled
                home[made.unique_id] = made
                if made.config.enabled:
                    self.parents[made.unique_id] = (model.unique_id,)

    def _models(
        self, test: UnitTest, nodes: Mapping[str, Node], lookup: NodeLookup, place: Place
    ) -> Sequence[Model]:
        """The model that a test is for, or several versions of it; none where it is disabled."""
        found = lookup.ref(RefCall(test.model, test.package_name), test.package_name)
        if found is None and lookup.is_disabled(test.model):
            return ()
        if not isinstance(found, Model):
            names = [node.name for node in nodes.values() if isinstance(node, Model)]
            raise ParseError(
                f"Unable to find model '{test.package_name}.{test.model}' for unit test "
                f"'{test.name}' in {test.original_file_path}.{did_you_mean(test.model, names)}",
                location=place.locate("model"),
            )
        choice = test.versions
        if found.version is None:
            if choice is not None and (choice.include or choice.exclude):
                raise ParseError(
                    f"Unit test '{test.name}' should not have a versions include or exclude when "
                    f"referencing non-versioned model '{test.model}'. Take 'versions' away.",
                    location=place.locate("versions"),
                )
            return (found,)
        versions = lookup.versions(found)
        chosen = [model for model in versions if choice is None or _has(choice, model)]
        if not chosen:
            there = ", ".join(str(model.version) for model in versions)
            raise ParseError(
                f"Unit test '{test.name}' referenced a version of '{test.model}' which was not "
                f"found. There are versions {there}.",
                location=place.locate("versions"),
            )
        return chosen

    def _finished(self, test: UnitTest, model: Model, lookup: NodeLookup, place: Place) -> UnitTest:
        _check_incremental(test, model, place)
        given = tuple(
            self._with_seed_rows(test, entry, lookup, place.locate("given", position))
            for position, entry in enumerate(test.given)
        )
        finished = msgspec.structs.replace(test, given=given)
        return msgspec.structs.replace(finished, checksum=_checksum(finished))

    def _with_seed_rows(
        self, test: UnitTest, given: Given, lookup: NodeLookup, where: Location
    ) -> Given:
        """An input without rows has those of the seed's file."""
        if given.rows is not _SEED_ROWS:
            return given
        call = input_call(given, where)
        seed = lookup.ref(call, test.package_name) if isinstance(call, RefCall) else None
        root = self._roots.get(seed.package_name) if seed else None
        if not isinstance(seed, Seed) or root is None:
            raise ParseError(
                f"the input {given.input} of the unit test '{test.name}' has no 'rows', which "
                "only a seed can do without: those of its file are taken then. Say 'rows: []' "
                "where there are none.",
                location=where,
            )
        path = seed.original_file_path
        text = read_text(root / path, display=path, error=ParseError)
        return msgspec.structs.replace(given, rows=tuple(csv_rows(text, Location(path))))


_SEED_ROWS: tuple[Mapping[str, Any], ...] = ({"": "the rows of a seed's file"},)
"""Stands for the rows of a seed's file until the seed is known. Never leaves this module."""


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


def _read(patch: NodePatch, context: DeclaredContext, fixtures: FixtureReader) -> UnitTest:
    place = context.place(patch, _named(patch))
    entry = read_entry(_Entry, context.render(patch, never), place, None)
    project, display = context.project, patch.document.display
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
        written_patch_config=patch.values.get("config") or {},
        description=context.describe(patch.values, patch),
        locate_in_patch=lambda key: locate_config(patch.document, patch.keys, key),
    )
    return context.factory.make(
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
        yield read or Given(input=item.input, rows=_SEED_ROWS, line=line)


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


def _has(choice: VersionChoice, model: Model) -> bool:
    return model.version is not None and choice.has(model.version)


def _of_model(test: UnitTest, model: Model) -> UnitTest:
    """The test for its model, or for one version of it, which then is in its id."""
    made = msgspec.structs.replace(test, schema=model.schema, database=model.database)
    if model.version is None:
        return made
    unique_id = f"{test.unique_id}_v{model.version}"
    return msgspec.structs.replace(made, unique_id=unique_id, version=model.version)


def _check_incremental(test: UnitTest, model: Model, place: Place) -> None:
    """Whether an incremental model is told which of its two ways is tested.

    Raises:
        ParseError: it isn't, or it isn't told the rows that it has already.
    """
    if f"macro.dbt.{_IS_INCREMENTAL}" not in model.macros:
        return
    macros = test.overrides.macros if test.overrides else {}
    answer = macros.get(_IS_INCREMENTAL)
    if not isinstance(answer, bool):
        raise ParseError(
            f"Boolean override for '{_IS_INCREMENTAL}' must be provided for unit test "
            f"'{test.name}' in model '{model.name}'. Say which way is tested, as in "
            f"'overrides: {{macros: {{{_IS_INCREMENTAL}: false}}}}'.",
            location=place.locate("overrides"),
        )
    if answer and not any(given.input.strip() == THIS for given in test.given):
        raise ParseError(
            f"Unit test '{test.name}' for incremental model '{model.name}' must have a 'this' "
            "input: the rows that the model has already, under 'given:'.",
            location=place.locate("given"),
        )


def _checksum(test: UnitTest) -> Checksum:
    """A digest of all that makes the test what it is, in dbt's shape, so that states compare.

    dbt digests its Python objects as they show themselves.
    """
    versions = test.versions
    given = ", ".join(
        f"UnitTestInputFixture(input={given.input!r}, {_shown(given)})" for given in test.given
    )
    said = [
        test.model,
        "None"
        if versions is None
        else f"UnitTestNodeVersions(include={_listed(versions.include)}, "
        f"exclude={_listed(versions.exclude)})",
        f"[{given}]",
        f"UnitTestOutputFixture({_shown(test.expect)})",
        "None" if test.overrides is None else f"UnitTest{test.overrides!r}",
    ]
    return Checksum("sha256", hashlib.sha256("-".join(said).encode()).hexdigest())


def _shown(fixture: Fixture) -> str:
    """A fixture's fields as dbt's Python objects show them."""
    rows = fixture.rows if isinstance(fixture.rows, str) else [dict(row) for row in fixture.rows]
    name = fixture.format.title() if fixture.format == "dict" else fixture.format.upper()
    return (
        f"rows={rows!r}, format=<UnitTestFormat.{name}: {fixture.format!r}>, "
        f"fixture={fixture.fixture!r}"
    )


def _listed(versions: tuple[Version, ...] | None) -> list[Version] | None:
    return None if versions is None else list(versions)


def _named(patch: NodePatch) -> str:
    return f"the unit test '{patch.name}'"
