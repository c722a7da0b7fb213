"""Properties files: what YAML says of models, seeds, sources, tests and macros.

A name that seems to be spelled wrong is worth a warning, since a `descripton` is otherwise lost in
silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from ...core.errors import ParseError, did_you_mean
from ...core.events import WarningRaised
from ...project.render import Renderer
from ...project.yaml_file import YamlDocument
from .patches import (
    NodePatch,
    SourceOverride,
    SourcePatch,
    TestEntry,
    quoted_column,
    quotes_columns_of,
)
from .property_keys import (
    ANALYSIS_KEYS,
    COLUMN_KEYS,
    DOCS_KEYS,
    EITHER_BESIDE,
    IN_ONE_PLACE,
    MACRO_KEYS,
    MEANT_FOR_CONFIG,
    NAMED_VERSION_KEYS,
    NODE_KEYS,
    NODE_SECTIONS,
    NOT_THERE_YET,
    SECTIONS,
    SOURCE_KEYS,
    TABLE_KEYS,
)
from .property_shapes import check_shapes
from .rendered_entry import rendered_entry, written_entry
from .versions import VersionEntry, no_such_latest, read_versions


class Properties(Struct):
    """Everything that the properties files of one package say."""

    nodes: list[NodePatch] = field(default_factory=list)
    sources: list[SourcePatch] = field(default_factory=list)
    overrides: list[SourceOverride] = field(default_factory=list)
    macros: list[NodePatch] = field(default_factory=list)
    tests: list[NodePatch] = field(default_factory=list)
    analyses: list[NodePatch] = field(default_factory=list)
    declared: dict[str, list[NodePatch]] = field(default_factory=dict)
    """The entries that are all that there is of what they name, by their sections."""


class PropertiesReader:
    """Takes properties documents apart, checking as much as is needed to trust them later.

    `declared` are the sections whose entries are all that there is of what they name; `yaml`
    renders the Jinja in entries.
    """

    def __init__(
        self,
        package_name: str,
        declared: Iterable[str],
        yaml: Renderer,
        warn: Callable[[WarningRaised], None],
    ) -> None:
        self.package_name = package_name
        self.yaml = yaml
        self.warn = warn
        self.properties = Properties(declared={section: [] for section in declared})

    def read(self, document: YamlDocument) -> None:
        """Add one document.

        Raises:
            ParseError: something in it has the wrong shape; says where.
        """
        if document.data is None:
            return
        data = document.data
        if not isinstance(data, dict):
            raise ParseError(
                "a properties file is a mapping with keys such as 'models' and 'sources', "
                f"not a {_kind(data)}.",
                location=document.locate(),
            )
        declared = self.properties.declared
        self._check_keys(data, SECTIONS | declared.keys(), document, (), "a properties file")
        for section in NODE_SECTIONS:
            self.properties.nodes += self._patches(document, data, section)
        self.properties.macros += self._patches(document, data, "macros")
        self.properties.analyses += self._patches(document, data, "analyses")
        for section, entries in declared.items():
            entries += self._patches(document, data, section)
        for section in ("tests", "data_tests"):
            self._read_tests(document, data, section)
        for position, source in enumerate(self._entries(document, data, "sources")):
            self._read_source(document, source, ("sources", position))
        for section in NOT_THERE_YET:
            if data.get(section):
                self.warn(
                    WarningRaised(
                        "NotThereYet",
                        f"'{section}:' is ignored: this version of headrace doesn't have "
                        f"{section.replace('_', ' ')} yet.",
                        document.locate(section),
                    )
                )

    def _read_tests(self, document: YamlDocument, data: dict[str, Any], section: str) -> None:
        """Read what is said of tests that have files: as in dbt up to where it can't be read."""
        try:
            for patch in self._patches(document, data, section):
                self.properties.tests.append(patch)
        except ParseError as error:
            message = (
                f"Unable to parse '{section}' section of file '{document.display}': "
                f"{error.problem} What stands before it counts, and nothing after it."
            )
            self.warn(WarningRaised("UnreadSection", message, error.location))

    def _patches(
        self, document: YamlDocument, data: dict[str, Any], section: str
    ) -> Iterator[NodePatch]:
        for position, given in enumerate(self._entries(document, data, section)):
            keys: tuple[str | int, ...] = (section, position)
            tests: tuple[TestEntry, ...] = ()
            entry, written = self._rendered(document, section, given, keys)
            if section in NODE_SECTIONS:
                self._check_keys(entry, NODE_KEYS, document, keys, f"a {NODE_SECTIONS[section]}")
                quotes = bool(entry.get("quote_columns"))
                tests = tuple(self._tests(document, entry, keys, quotes))
            elif section == "analyses":
                self._check_keys(entry, ANALYSIS_KEYS, document, keys, "an analysis")
                for place, column in enumerate(self._entries(document, entry, "columns", keys)):
                    where = (*keys, "columns", place)
                    self._check_column(column, document, where)
            elif section == "macros":
                self._check_keys(entry, MACRO_KEYS, document, keys, "a macro")
            patch = NodePatch(
                section, entry["name"], self.package_name, entry, written, document, keys, tests
            )
            if section == "models" and entry.get("versions"):
                for version in read_versions(entry, written, document, keys):
                    yield self._version_patch(patch, version)
                continue
            if section == "models" and entry.get("latest_version") is not None:
                raise no_such_latest(entry, [], document, keys)
            yield patch

    def _rendered(
        self,
        document: YamlDocument,
        section: str,
        written: Mapping[str, Any],
        keys: tuple[str | int, ...],
    ) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """An entry with its Jinja done, whose name is a text still, and as it was written."""
        entry = rendered_entry(self.yaml, document, section, written, keys)
        self._check_name(entry, document, section, keys)
        if section not in self.properties.declared:
            check_shapes(entry, document, keys, of_source=section == "sources")
        config = entry.get("config")
        if section in IN_ONE_PLACE and isinstance(config, dict):
            _check_places(entry, config, document, keys)
        if section != "sources" and isinstance(docs := entry.get("docs"), dict):
            self._refuse_keys(docs, DOCS_KEYS, document, (*keys, "docs"), "docs")
        return entry, written_entry(written, entry)

    def _version_patch(self, patch: NodePatch, version: VersionEntry) -> NodePatch:
        """What the entry of a model says of one of its versions."""
        document = patch.document
        self._refuse_keys(version.values, NAMED_VERSION_KEYS, document, version.keys, "a version")
        tests = [*self._tests_of(document, *version.tested, column=None)]
        for column, keys in version.columns:
            if keys[: len(version.keys)] == version.keys:
                self._check_column(column, document, keys)
            tested = quoted_column(column, bool(version.of.model_values.get("quote_columns")))
            tests += self._tests_of(document, column, keys, tested)
        return replace(
            patch,
            values=version.values,
            written=version.written,
            keys=version.keys,
            tests=tuple(tests),
            version=version.of,
            versioned_columns=version.columns,
        )

    def _read_source(
        self, document: YamlDocument, entry: dict[str, Any], keys: tuple[str | int, ...]
    ) -> None:
        source, written = self._rendered(document, "sources", entry, keys)
        self._refuse_keys(source, SOURCE_KEYS, document, keys, "a source")
        tables: list[SourcePatch] = []
        for position, table in enumerate(self._entries(document, source, "tables", keys)):
            where = (*keys, "tables", position)
            self._check_keys(table, TABLE_KEYS, document, where, "a source's table")
            tests = tuple(self._tests(document, table, where, quotes_columns_of(source, table)))
            raw = written["tables"][position]
            package = self.package_name
            tables.append(SourcePatch(source, table, written, raw, package, document, where, tests))
        if source.get("overrides"):
            override = SourceOverride(source, written, tuple(tables), document, keys)
            self.properties.overrides.append(override)
        else:
            self.properties.sources += tables

    def _tests(
        self,
        document: YamlDocument,
        entry: dict[str, Any],
        keys: tuple[str | int, ...],
        quotes_columns: bool,
    ) -> Iterator[TestEntry]:
        yield from self._tests_of(document, entry, keys, column=None)
        for position, column in enumerate(self._entries(document, entry, "columns", keys)):
            column_keys = (*keys, "columns", position)
            self._check_column(column, document, column_keys)
            tested = quoted_column(column, quotes_columns)
            yield from self._tests_of(document, column, column_keys, tested)

    def _tests_of(
        self,
        document: YamlDocument,
        entry: Mapping[str, Any],
        keys: tuple[str | int, ...],
        column: Mapping[str, Any] | None,
    ) -> Iterator[TestEntry]:
        if entry.get("tests") and "data_tests" in entry:
            raise ParseError(
                "Invalid test config: cannot have both 'tests' and 'data_tests' defined. They mean "
                "the same: keep 'data_tests'.",
                location=document.locate(*keys, "tests"),
            )
        for section in ("tests", "data_tests"):
            tests = entry.get(section)
            if tests is None:
                continue
            if not isinstance(tests, list):
                raise ParseError(
                    f"'{section}' must be a list of tests, not a {_kind(tests)}.",
                    location=document.locate(*keys, section),
                )
            for position, definition in enumerate(tests):
                yield TestEntry(definition, column, document, (*keys, section, position))

    def _entries(
        self,
        document: YamlDocument,
        data: dict[str, Any],
        section: str,
        keys: tuple[str | int, ...] = (),
    ) -> Iterator[dict[str, Any]]:
        """The mappings of a list, each of which has a name."""
        if section not in data:
            return
        entries = data[section]
        if not isinstance(entries, list):
            raise ParseError(
                f"'{section}' must be a list, not a {_kind(entries)}.",
                location=document.locate(*keys, section),
            )
        for position, entry in enumerate(entries):
            where = (*keys, section, position)
            if not isinstance(entry, dict):
                raise ParseError(
                    f"an entry of '{section}' is a mapping with a 'name', not a {_kind(entry)}.",
                    location=document.locate(*where),
                )
            self._check_name(entry, document, section, where)
            yield entry

    def _check_name(
        self,
        entry: Mapping[str, Any],
        document: YamlDocument,
        section: str,
        keys: tuple[str | int, ...],
    ) -> None:
        if isinstance(entry.get("name"), str):
            return
        problem = "has a 'name' that is no text."
        if "name" not in entry:
            near = get_close_matches("name", map(str, entry), n=1, cutoff=0.6)
            problem = f"has no 'name'. Is '{near[0]}' it?" if near else "has no 'name'."
        raise ParseError(f"an entry of '{section}' {problem}", location=document.locate(*keys))

    def _check_column(
        self, column: Mapping[str, Any], document: YamlDocument, keys: tuple[str | int, ...]
    ) -> None:
        """Warn of a key that seems to be spelled wrong. It is kept, as every other one is."""
        for key in (key for key in column if key not in COLUMN_KEYS):
            if meant := did_you_mean(str(key), COLUMN_KEYS):
                self.warn(
                    WarningRaised(
                        "CustomKeyInObjectDeprecation",
                        f"'{key}' is no key that a column has: nothing goes by it here.{meant}",
                        document.locate(*keys, key),
                    )
                )
        if isinstance(docs := column.get("docs"), dict):
            self._refuse_keys(docs, DOCS_KEYS, document, (*keys, "docs"), "docs")

    def _refuse_keys(
        self,
        entry: Mapping[str, Any],
        known: frozenset[str],
        document: YamlDocument,
        keys: tuple[str | int, ...],
        what: str,
    ) -> None:
        for key in sorted(map(str, entry.keys() - known)):
            raise ParseError(
                f"'{key}' is no key of {what} (additional properties are not allowed)."
                f"{did_you_mean(key, known)}",
                location=document.locate(*keys, key),
            )

    def _check_keys(
        self,
        entry: Mapping[str, Any],
        known: frozenset[str],
        document: YamlDocument,
        keys: tuple[str | int, ...],
        what: str,
    ) -> None:
        for key in (key for key in entry if key not in known):
            remedy = _remedy(str(key), known)
            # As in dbt nothing is said of a key that is somebody's own, unless it seems to be
            # one that is spelled wrong, or stands in the wrong place.
            if not remedy or str(key).startswith((".", "x-")):
                continue
            self.warn(
                WarningRaised(
                    "CustomKeyInObjectDeprecation" if keys else "CustomTopLevelKeyDeprecation",
                    f"'{key}' is no key of {what}, and is ignored.{remedy}",
                    document.locate(*keys, key),
                )
            )


def _remedy(key: str, known: frozenset[str]) -> str:
    if key in MEANT_FOR_CONFIG and "config" in known:
        return f" Put it under 'config:': {{{key}: …}}."
    return did_you_mean(key, known)


def _check_places(
    entry: Mapping[str, Any],
    config: Mapping[str, Any],
    document: YamlDocument,
    keys: tuple[str | int, ...],
) -> None:
    """See that nothing is configured both beside `config:` and under it."""
    if twice := next((key for key in EITHER_BESIDE if key in entry and key in config), None):
        raise ParseError(
            f"found {twice} dictionary in 'config' dictionary and as top-level key. Remove the "
            "top-level key, and define it under 'config' only.",
            location=document.locate(*keys, twice),
        )


def _kind(value: object) -> str:
    names = {dict: "mapping", list: "list", str: "text", bool: "boolean", type(None): "nothing"}
    return names.get(type(value), "number" if isinstance(value, (int, float)) else "value")
