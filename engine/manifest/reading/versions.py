"""Model versions: what one entry of a properties file says of each version of a model.

(https://docs.getdbt.com/docs/collaborate/govern/model-versions)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ...core.errors import ParseError, did_you_mean
from ...project.yaml_file import YamlDocument
from ..nodes.node_calls import Version
from ..nodes.version_order import newest

Keys = tuple[str | int, ...]
PlacedColumn = tuple[Mapping[str, Any], Keys]
"""A column's entry, and the keys that lead to it."""

VERSION_KEYS = frozenset(
    "v defined_in description access config constraints docs tests data_tests columns "
    "deprecation_date meta tags".split()
)
_EVERYTHING = ("*", "all")
_FALLS_BACK = ("description", "constraints")
"""What a version that is silent takes from its model's entry; `config` is merged instead."""


class VersionOf(Struct, frozen=True):
    """Which version of its model an entry describes, and the model's own entry."""

    version: Version
    latest: Version
    defined_in: str | None
    model_values: Mapping[str, Any]
    written_model: Mapping[str, Any]
    model_keys: Keys

    def file_names(self, model: str) -> list[str]:
        """The names that the version's file may have, without a suffix, best first."""
        if self.defined_in:
            names = [self.defined_in]
        else:
            names = [f"{model}_v{self.version}", f"{model}.v{self.version}"]
        return [*names, model] if self.version == self.latest else names


class VersionEntry(Struct, frozen=True):
    """One item under `versions:`, with what it takes from the model's entry filled in."""

    of: VersionOf
    values: Mapping[str, Any]
    written: Mapping[str, Any]
    keys: Keys
    columns: tuple[PlacedColumn, ...]

    @property
    def tested(self) -> tuple[Mapping[str, Any], Keys]:
        """The entry whose tests are the version's: its own, or its model's."""
        has_own = any(self.values.get(key) is not None for key in ("tests", "data_tests"))
        if has_own:
            return self.values, self.keys
        return self.of.model_values, self.of.model_keys


def read_versions(
    model: Mapping[str, Any], written: Mapping[str, Any], document: YamlDocument, keys: Keys
) -> Iterator[VersionEntry]:
    """The versions that a model's entry declares; `keys` lead to that entry.

    `model` is the entry with its Jinja done, `written` as its author wrote it.

    Raises:
        ParseError: they contradict each other, or one has the wrong shape; says where.
    """
    entries = _checked(model, document, keys)
    versions = [entry["v"] for entry in entries]
    latest = model.get("latest_version")
    if latest is None:
        latest = newest(versions)
    elif latest not in versions:
        raise no_such_latest(model, versions, document, keys)
    for position, entry in enumerate(entries):
        of = VersionOf(entry["v"], latest, entry.get("defined_in"), model, written, keys)
        version_keys = (*keys, "versions", position)
        inherited = {key: model[key] for key in _FALLS_BACK if model.get(key)}
        own = {key: value for key, value in entry.items() if value not in (None, "")}
        yield VersionEntry(
            of,
            {**inherited, **own, "name": model["name"]},
            written["versions"][position],
            version_keys,
            tuple(_columns(model, entry, document, keys, version_keys)),
        )


def no_such_latest(
    model: Mapping[str, Any], versions: Sequence[Any], document: YamlDocument, keys: Keys
) -> ParseError:
    """A model's `latest_version` is none of its versions."""
    latest = model["latest_version"]
    return ParseError(
        f"latest_version: {latest} is not one of model '{model['name']}' versions: {versions}."
        f"{did_you_mean(str(latest), map(str, versions))}",
        location=document.locate(*keys, "latest_version"),
    )


def _checked(
    model: Mapping[str, Any], document: YamlDocument, keys: Keys
) -> list[Mapping[str, Any]]:
    entries = model["versions"]
    if not isinstance(entries, list):
        raise ParseError(
            "'versions' must be a list, as in versions: [{v: 1}, {v: 2}].",
            location=document.locate(*keys, "versions"),
        )
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        where = (*keys, "versions", position)
        version = entry.get("v") if isinstance(entry, dict) else None
        if not isinstance(version, (str, int, float)) or isinstance(version, bool):
            raise ParseError(
                "an entry of 'versions' is a mapping with a 'v' that is a number or a text.",
                location=document.locate(*where),
            )
        if not isinstance(entry.get("defined_in"), str | None):
            raise ParseError(
                "'defined_in' is the name of the version's file, without its suffix.",
                location=document.locate(*where, "defined_in"),
            )
        if str(version) in seen:
            raise ParseError(
                f"Found duplicate version: '{version}' in versions list of model "
                f"'{model['name']}'. Merge the two entries.",
                location=document.locate(*where),
            )
        seen.add(str(version))
    return entries


def _columns(
    model: Mapping[str, Any],
    version: Mapping[str, Any],
    document: YamlDocument,
    keys: Keys,
    version_keys: Keys,
) -> Iterator[PlacedColumn]:
    """The columns of a version: those of the model that it includes, then its own."""
    own: list[PlacedColumn] = []
    include, exclude = _names("*"), _names(None)
    has_choice = False
    columns = version.get("columns") or []
    if not isinstance(columns, list):
        raise ParseError(
            "'columns' must be a list of columns.",
            location=document.locate(*version_keys, "columns"),
        )
    for position, column in enumerate(columns):
        where = (*version_keys, "columns", position)
        if not isinstance(column, dict) or not {"name", "include", "exclude"} & column.keys():
            raise ParseError(
                "a column of a version has a 'name', or chooses among those of the model with "
                "'include' and 'exclude'.",
                location=document.locate(*where),
            )
        if "name" in column:
            own.append((column, where))
            continue
        if others := sorted(map(str, column.keys() - {"include", "exclude"})):
            raise ParseError(
                f"'{others[0]}' is no key beside 'include' and 'exclude' (additional properties "
                "are not allowed).",
                location=document.locate(*where, others[0]),
            )
        if has_choice:
            raise ParseError(
                "a version can have at most one include/exclude element. Merge the two.",
                location=document.locate(*where),
            )
        has_choice = True
        include, exclude = _names(column.get("include")), _names(column.get("exclude"))
        if exclude and not _is_everything(include):
            raise ParseError(
                "'exclude' takes columns away from 'include: all'. Beside a list there is "
                "nothing to take away: name the columns that you want.",
                location=document.locate(*where, "exclude"),
            )
    for position, column in enumerate(model.get("columns") or ()):
        name = column["name"]
        if (_is_everything(include) or name in include) and name not in exclude:
            yield column, (*keys, "columns", position)
    yield from own


def _names(value: object) -> list[str]:
    """What `include` and `exclude` are given: a list of names, or one."""
    if value is None:
        return []
    return [str(name) for name in value] if isinstance(value, list) else [str(value)]


def _is_everything(names: list[str]) -> bool:
    return len(names) == 1 and names[0] in _EVERYTHING


def deep_merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Two configurations as one: mappings merge, lists go before those below, all else replaces.

    So a version's `config:` goes with its model's.
    """
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = deep_merge(below, value)
        elif isinstance(below, list) and isinstance(value, list):
            merged[key] = [*value, *below]
        else:
            merged[key] = value
    return merged
