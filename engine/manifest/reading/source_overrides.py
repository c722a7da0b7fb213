"""`overrides:` of a source: a project says something else of a source of one of its packages.

As in dbt, what it says takes the place of what the package says, key by key, for the source and
for each table (https://docs.getdbt.com/reference/resource-properties/overrides).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from ...core.events import WarningRaised
from ...project.render import Renderer
from .patches import SourceOverride, SourcePatch, TestEntry
from .properties import Properties

_OWN_KEYS = frozenset({"name", "overrides", "tables"})
_TESTS = frozenset({"tests", "data_tests"})
_RENDERED_LATER = _TESTS | {"description", "loaded_at_query"}


def apply_source_overrides(
    properties: Mapping[str, Properties],
    yaml: Mapping[str, Renderer],
    warn: Callable[[WarningRaised], None],
) -> None:
    """Put each project's overrides into what the other packages say.

    `properties` and what renders them go by package: an override sees the variables of the
    project that it stands in.

    Raises:
        ProjectError: a template in an override fails.
    """
    for name, own in properties.items():
        for written in own.overrides:
            override = _rendered(written, yaml[name])
            warn(_deprecated(override))
            of_package = properties.get(override.package_name, Properties())
            if not any(_is_about(override, patch) for patch in of_package.sources):
                warn(_unused(override))
            of_package.sources = [
                _overridden(patch, override) if _is_about(override, patch) else patch
                for patch in of_package.sources
            ]


def _rendered(override: SourceOverride, yaml: Renderer) -> SourceOverride:
    """An override with its Jinja done, but for what is rendered later by itself."""

    def render(values: Mapping[str, Any], keys: tuple[str | int, ...]) -> Any:
        return yaml.render(override.document, values, keys, keep=_is_rendered_later)

    tables = (replace(table, table=render(table.table, table.keys)) for table in override.tables)
    source = render(_said(override.source), override.keys)
    return replace(override, source={**override.source, **source}, tables=tuple(tables))


def _is_rendered_later(path: tuple[str | int, ...]) -> bool:
    return path[-1] in _RENDERED_LATER


def _is_about(override: SourceOverride, patch: SourcePatch) -> bool:
    return bool(patch.source["name"] == override.source["name"])


def _overridden(patch: SourcePatch, override: SourceOverride) -> SourcePatch:
    source = {**patch.source, **_said(override.source)}
    for table in override.tables:
        if table.table["name"] == patch.table["name"]:
            return replace(
                patch,
                source=source,
                table={**patch.table, **_said(table.table)},
                tests=tuple(_tests(patch, table)),
            )
    return replace(patch, source=source)


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
    )


def _unused(override: SourceOverride) -> WarningRaised:
    name = override.source["name"]
    return WarningRaised(
        "NoNodeForYamlKey",
        f"Did not find a source '{name}' in the package '{override.package_name}', which this "
        "entry 'overrides'.",
        override.location,
    )
