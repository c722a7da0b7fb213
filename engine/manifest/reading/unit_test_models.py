"""Unit tests find their models: one node for each model, and for each version of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from ...core.errors import ParseError, did_you_mean
from ..lookup import NodeLookup
from ..nodes.model_node import Model
from ..nodes.node import Checksum, Node
from ..nodes.node_calls import RefCall, Version
from ..nodes.unit_test_node import THIS, Fixture, Given, UnitTest, VersionChoice
from .entries import Place
from .unit_fixtures import SEED_ROWS, SeedRows

_IS_INCREMENTAL = "is_incremental"


class UnitTests:
    """The unit tests so far: `add(…)` for each, then `connect(…)`.

    Attributes:
        nodes, disabled: by unique id, once they are connected.
        parents: the model that each one tests.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, UnitTest] = {}
        self.disabled: dict[str, UnitTest] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self._read: list[tuple[UnitTest, Place]] = []

    def add(self, test: UnitTest, place: Place) -> None:
        """Add a test whose model isn't known yet; `place` is that of its entry."""
        self._read.append((test, place))

    def connect(
        self, nodes: Mapping[str, Node], lookup: NodeLookup, roots: Mapping[str, Path]
    ) -> None:
        """Find each test's model, and make a node for each version that it is for.

        `roots` are the directories of the projects.

        Raises:
            ParseError: there is no such model or version, two tests have one name, or what
                an incremental model needs to be told isn't there.
        """
        seed_rows = SeedRows(lookup, roots)
        seen: dict[str, Place] = {}
        for test, place in self._read:
            models = _models(test, nodes, lookup, place)
            if not models:
                self.disabled[test.unique_id] = test
            for model in models:
                made = _finished(_of_model(test, model), model, place, seed_rows)
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
    test: UnitTest, nodes: Mapping[str, Node], lookup: NodeLookup, place: Place
) -> Sequence[Model]:
    """The model that a test is for, or several versions of it; none where it is disabled."""
    found = lookup.ref(RefCall(test.model, test.package_name), test.package_name)
    if found is None and lookup.is_disabled(test.model, test.package_name):
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


def _finished(test: UnitTest, model: Model, place: Place, seed_rows: SeedRows) -> UnitTest:
    _check_incremental(test, model, place)
    given = tuple(
        seed_rows.given(test, entry, place.locate("given", position))
        for position, entry in enumerate(test.given)
    )
    return replace(test, given=given, checksum=_checksum(test, given))


def _has(choice: VersionChoice, model: Model) -> bool:
    return model.version is not None and choice.has(model.version)


def _of_model(test: UnitTest, model: Model) -> UnitTest:
    """The test for its model, or for one version of it, which then is in its id."""
    made = replace(test, schema=model.schema, database=model.database)
    if model.version is None:
        return made
    unique_id = f"{test.unique_id}_v{model.version}"
    return replace(made, unique_id=unique_id, version=model.version)


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


def _checksum(test: UnitTest, finished: Sequence[Given]) -> Checksum:
    """A digest of all that makes the test what it is, in dbt's shape, so that states compare.

    dbt digests its Python objects as they show themselves, and the rows of fixtures' files once
    more. `finished` are the inputs, seeds' with the rows of their files; for dbt, what is empty
    there is an empty text.
    """
    versions = test.versions
    given = ", ".join(
        f"UnitTestInputFixture(input={own.input!r}, "
        f"{_shown(full, null='' if own.rows is SEED_ROWS else None)})"
        for own, full in zip(test.given, finished, strict=True)
    )
    of_files = [full for full in finished if full.fixture is not None]
    said = [
        test.model,
        "None"
        if versions is None
        else f"UnitTestNodeVersions(include={_listed(versions.include)}, "
        f"exclude={_listed(versions.exclude)})",
        f"[{given}]",
        f"UnitTestOutputFixture({_shown(test.expect)})",
        "None" if test.overrides is None else f"UnitTest{test.overrides!r}",
        *(str(_plain_rows(full)) for full in of_files),
    ]
    return Checksum("sha256", hashlib.sha256("-".join(said).encode()).hexdigest())


def _shown(fixture: Fixture, null: object = None) -> str:
    """A fixture's fields as dbt's Python objects show them, with `null` for what is null."""
    name = fixture.format.title() if fixture.format == "dict" else fixture.format.upper()
    return (
        f"rows={_plain_rows(fixture, null)!r}, format=<UnitTestFormat.{name}: {fixture.format!r}>, "
        f"fixture={fixture.fixture!r}"
    )


def _plain_rows(fixture: Fixture, null: object = None) -> str | list[dict[str, object]]:
    if isinstance(fixture.rows, str):
        return fixture.rows
    return [
        {name: null if value is None else value for name, value in row.items()}
        for row in fixture.rows
    ]


def _listed(versions: tuple[Version, ...] | None) -> list[Version] | None:
    return None if versions is None else list(versions)
