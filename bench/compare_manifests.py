"""Two manifests of one project, node by node: what headrace and dbt make of the same files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_OWN_TEXT = frozenset({"test", "unit_test"})
"""Their SQL is made by built-in macros, whose text is each tool's own."""


@dataclass(frozen=True)
class ManifestDifference:
    """One thing in which two manifests don't agree."""

    unique_id: str
    what: str
    ours: object
    theirs: object


def manifest_differences(
    ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[ManifestDifference]:
    """What differs in the nodes that there are: parents, macros, configuration, relation, SQL.

    White space doesn't count, and neither does the SQL of a model that calls a built-in macro:
    see `calls_built_in_sql`.
    """
    for section in ("nodes", "sources", "exposures", "metrics", "groups", "unit_tests"):
        mine, other = ours.get(section) or {}, theirs.get(section) or {}
        for unique_id in sorted(mine.keys() | other.keys()):
            if unique_id not in mine or unique_id not in other:
                there = "headrace" if unique_id in mine else "dbt"
                yield ManifestDifference(unique_id, f"only {there} has it", None, None)
                continue
            yield from _node_differences(unique_id, mine[unique_id], other[unique_id])


def _node_differences(
    unique_id: str, mine: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[ManifestDifference]:
    for what, value in (
        ("depends_on.nodes", _parents),
        ("depends_on.macros", _macros),
        ("config", _config),
        ("relation_name", _relation_name),
    ):
        if value(mine) != value(other):
            yield ManifestDifference(unique_id, what, value(mine), value(other))
    if mine.get("resource_type") in _OWN_TEXT or calls_built_in_sql(other):
        return
    texts = [_text(node) for node in (mine, other)]
    if all(text is not None for text in texts) and texts[0] != texts[1]:
        yield ManifestDifference(unique_id, "compiled_code", *texts)


def calls_built_in_sql(node: Mapping[str, Any]) -> bool:
    """Whether a node's own SQL comes from a macro of the tool's, such as `dbt.datediff`."""
    macros = (node.get("depends_on") or {}).get("macros") or []
    return any(macro.startswith("macro.dbt.") and "is_incremental" not in macro for macro in macros)


def _parents(node: Mapping[str, Any]) -> object:
    return sorted((node.get("depends_on") or {}).get("nodes") or [])


def _macros(node: Mapping[str, Any]) -> object:
    return sorted(set((node.get("depends_on") or {}).get("macros") or ()))


def _config(node: Mapping[str, Any]) -> object:
    """A node's configuration; in no order of tags, which has no meaning."""
    config = dict(node.get("config") or {})
    return {**config, "tags": sorted(config.get("tags") or ())}


def _relation_name(node: Mapping[str, Any]) -> object:
    return _in_no_database(node.get("relation_name") or "", node)


def _text(node: Mapping[str, Any]) -> str | None:
    code = node.get("compiled_code")
    if code is None:
        return None
    return " ".join(_in_no_database(code, node).split())


def _in_no_database(text: str, node: Mapping[str, Any]) -> str:
    """A text without the name of the database: each tool builds in one of its own."""
    return text.replace(f'"{node.get("database")}".', "")
