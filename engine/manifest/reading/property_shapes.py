"""The shapes that values of properties have, whatever they say: dbt's, as it refuses others.

A key with nothing after it is no empty list, and no empty mapping: it is refused as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.errors import ParseError
from ...core.nouns import noun_of
from ...project.yaml_file import YamlDocument

_SHAPES: Mapping[str, str] = {
    "config": "a mapping",
    "columns": "a list",
    "tests": "a list",
    "data_tests": "a list",
    "tables": "a list",
    "versions": "a list",
}
"""What may not be empty. Who reads them says what else they may not be."""

_TEXTS = frozenset("database schema identifier loaded_at_field loaded_at_query".split())
"""What of a source, or of a table of one, is a text, or isn't there."""

_BELOW = ("columns", "tables")

Keys = tuple[str | int, ...]


def check_shapes(
    entry: Mapping[str, object], document: YamlDocument, keys: Keys, *, of_source: bool = False
) -> None:
    """See that an entry's values, and those of its columns and tables, have dbt's shapes.

    `of_source` where it is a source's, or that of a table of one.

    Raises:
        ParseError: one hasn't; says which and where.
    """
    for key in (key for key in entry if key in _SHAPES):
        if entry[key] is None:
            raise _wrong(key, _SHAPES[key], None, document, keys)
    if not isinstance(entry.get("description", ""), str):
        raise _wrong("description", "a text", entry["description"], document, keys)
    if of_source:
        _check_source(entry, document, keys)
    for key, position, below in _entries_below(entry):
        is_table = of_source and key == "tables"
        check_shapes(below, document, (*keys, key, position), of_source=is_table)


def _check_source(entry: Mapping[str, object], document: YamlDocument, keys: Keys) -> None:
    tags = entry.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise _wrong("tags", "a list of texts", tags, document, keys)
    for key in (key for key in entry if key in _TEXTS):
        if not isinstance(entry[key], str | None):
            raise _wrong(key, "a text", entry[key], document, keys)


def _entries_below(
    entry: Mapping[str, object],
) -> Iterator[tuple[str, int, Mapping[str, object]]]:
    for key in _BELOW:
        listed = entry.get(key)
        for position, below in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(below, Mapping):
                yield key, position, below


def _wrong(key: str, shape: str, given: object, document: YamlDocument, keys: Keys) -> ParseError:
    is_empty = given is None
    found = "there is nothing after it. Take it away" if is_empty else f"it is {noun_of(given)}"
    return ParseError(
        f"'{key}' must be {shape}, but {found}.", location=document.locate(*keys, key)
    )
