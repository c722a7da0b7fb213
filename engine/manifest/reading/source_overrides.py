"""`overrides:` of a source: a project says something else of a source of one of its packages.

As in dbt, what it says takes the place of what the package says, key by key, for the source and
for each table (https://docs.getdbt.com/reference/resource-properties/overrides).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from ...core.errors import ParseError
from ...core.events import WarningRaised
from .patches import SourceOverride, SourcePatch, TestEntry
from .properties import Properties

_OWN_KEYS = frozenset({"name", "overrides", "tables"})
_TESTS = frozenset({"tests", "data_tests"})


def apply_source_overrides(
    properties: Mapping[str, Properties], warn: Callable[[WarningRaised], None]
) -> None:
    """Put each project's overrides into what the other packages say. `properties` go by package.

    Raises:
        ParseError: two are about one source.
    """
    seen: dict[tuple[str, str], SourceOverride] = {}
    unused: list[str] = []
    for own in properties.values():
        for override in own.overrides:
            twin = seen.setdefault((override.package_name, override.source["name"]), override)
            if twin is not override:
                raise ParseError(
                    f"two entries override the source '{override.source['name']}' of the package "
                    f"'{override.package_name}': here and at {twin.location}. Merge them.",
                    location=override.location,
                )
            warn(_deprecated(override))
            of_package = properties.get(override.package_name, Properties())
            unused += _unused(override, of_package)
            of_package.sources = [
                _overridden(patch, override) if _is_about(override, patch) else patch
                for patch in of_package.sources
            ]
    if unused:
        warn(
            WarningRaised(
                "UnusedTables",
                "Source overrides that are about nothing:\n" + "\n".join(unused),
                data={"unused_tables": unused},
            )
        )


def _is_about(override: SourceOverride, patch: SourcePatch) -> bool:
    return bool(patch.source["name"] == override.source["name"])


def _overridden(patch: SourcePatch, override: SourceOverride) -> SourcePatch:
    patch = replace(
        patch,
        source={**patch.source, **_said(override.source)},
        written_source={**patch.written_source, **_said(override.written_source)},
    )
    for table in override.tables:
        if table.table["name"] == patch.table["name"]:
            return replace(
                patch,
                table={**patch.table, **_said(table.table)},
                written_table={**patch.written_table, **_said(table.written_table)},
                tests=tuple(_tests(patch, table)),
            )
    return patch


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _OWN_KEYS}


def _tests(patch: SourcePatch, override: SourcePatch) -> Iterator[TestEntry]:
    """The tests of the table, and those of its columns: the override's where it has such a key."""
    of_table = override if override.table.keys() & _TESTS else patch
    of_columns = override if "columns" in override.table else patch
    yield from (test for test in of_table.tests if test.column is None)
    yield from (test for test in of_columns.tests if test.column is not None)


def _deprecated(override: SourceOverride) -> WarningRaised:
    name = override.source["name"]
    return WarningRaised(
        "SourceOverrideDeprecation",
        f"'overrides' of the source '{name}' is a form that dbt has given up: configure the "
        f"package's source in dbt_project.yml instead, under 'sources: {override.package_name}:'.",
        override.location,
        {"source_name": name, "file": override.location.path},
    )


def _unused(override: SourceOverride, of_package: Properties) -> Iterator[str]:
    """What an override names that its package doesn't have, a line for each."""
    source, path = override.source["name"], override.document.display
    name = f"{override.package_name}.{source}"
    tables = [patch.table["name"] for patch in of_package.sources if _is_about(override, patch)]
    if not tables:
        yield f"  - Source {name} (in {path})"
        return
    for table in sorted({patch.table["name"] for patch in override.tables} - {*tables}):
        yield f"  - Source table {name}.{table} (in {path})"
