"""In what two nodes of one id are the same: an earlier one, and today's in the same shape.

Configuration is compared as its authors wrote it. What stands in a `config()` call is part of
the template: where that is the same, the value is only what an environment has made of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from .past_manifest import PastNode

NAMES = ("database", "schema", "alias")
NOT_COMPARED = frozenset((*NAMES, "tags", "group"))
"""A node's configuration that says how it is found and called, and not what it is."""

_COMPARED_OF_SOURCE = frozenset(("freshness", "loaded_at_field", "loaded_at_query"))
"""A source's configuration that is compared as what it comes to: not every version noted it."""

_COLLECTIONS = ("tags", "meta")
_JINJA = "{{"
_ABSENT = object()
_DECLARED: Mapping[str, tuple[str, ...]] = {
    "exposure": ("fqn", "type", "owner", "maturity", "url", "description", "label"),
    "metric": ("type", "description", "label"),
    "semantic_model": (
        *("model", "description", "defaults", "entities", "dimensions", "measures"),
        *("config", "primary_entity", "group"),
    ),
    "saved_query": ("description", "label", "config", "group", "tags"),
}
"""What counts of each kind that nothing is built of, beside what is compared by its own rule."""


def is_same_config(old: PastNode, new: PastNode, left_out: Collection[str] = ()) -> bool:
    """Whether both are configured the same, but for the keys left out."""
    if old.unrendered_config is None:
        return _is_same_rendered(old, new, left_out)
    before, now = _written(old), _written(new)
    keys = (before.keys() | now.keys()) - set(left_out)
    return all(_is_same_key(key, before, now, old, new) for key in keys)


def is_same_naming(old: PastNode, new: PastNode) -> bool:
    """Whether database, schema and alias are configured the same."""
    if old.unrendered_config is None:
        return True
    before, now = _written(old), _written(new)
    return all(_is_same_key(key, before, now, old, new) for key in NAMES)


def is_same_persisted_description(old: PastNode, new: PastNode) -> bool:
    """Whether the database would be told the same, as far as it is told descriptions at all."""
    persisted = new.configuration.get("persist_docs") or {}
    if persisted.get("relation") and (old.description or "") != (new.description or ""):
        return False
    return not persisted.get("columns") or _descriptions(old) == _descriptions(new)


def is_same_to_refs(old: PastNode, new: PastNode) -> bool:
    """Whether what refers to the model finds the same version, and may."""
    return (
        old.latest_version == new.latest_version
        and old.access in (None, new.access)
        and old.deprecation_date == new.deprecation_date
    )


def is_same_source(old: PastNode, new: PastNode) -> bool:
    """Whether a source means the same table, and is watched the same way."""
    return (
        is_same_source_relation(old, new)
        and old.fqn == new.fqn
        and is_same_config(old, new, _COMPARED_OF_SOURCE)
        and _without_none(old.quoting) == _without_none(new.quoting)
        and _without_none(old.freshness) == _without_none(new.freshness)
        and old.loaded_at_field == new.loaded_at_field
        and _without_none(old.external) == _without_none(new.external)
    )


def is_same_source_relation(old: PastNode, new: PastNode) -> bool:
    """Whether a source's database, schema and table are written the same."""
    parts = (
        (old.unrendered_database, old.database, new.unrendered_database),
        (old.unrendered_schema, old.schema, new.unrendered_schema),
    )
    return old.identifier == new.identifier and all(
        _is_same_part(written, rendered, now) for written, rendered, now in parts
    )


def is_same_unit_test(old: PastNode, new: PastNode) -> bool:
    """Whether a unit test tests the same."""
    keys = ("model", "given", "expect", "overrides", "versions")
    return all(getattr(old, key) == getattr(new, key) for key in keys)


def is_same_declaration(old: PastNode, new: PastNode) -> bool:
    """Whether an exposure, a metric, a semantic model or a saved query says the same."""
    kind = new.resource_type
    if any(getattr(old, key) != getattr(new, key) for key in _DECLARED[kind]):
        return False
    if kind in ("exposure", "metric") and not is_same_config(old, new, NOT_COMPARED & {"group"}):
        return False
    if kind == "exposure":
        return set(_parents(old)) == set(_parents(new))
    return kind != "saved_query" or (_asked(old), _exported(old)) == (_asked(new), _exported(new))


def _is_same_rendered(old: PastNode, new: PastNode, left_out: Collection[str]) -> bool:
    """For a manifest of dbt 0.18, which may know configuration only as it came out."""
    keys = ({"materialized", *(new.unrendered_config or {})} - set(left_out)) & {*old.configuration}
    return all(old.configuration[key] == new.configuration.get(key) for key in keys)


def _written(node: PastNode) -> dict[str, Any]:
    """The configuration as it was written, with one spelling of each key."""
    return {
        key.replace("_", "-") if key in ("pre_hook", "post_hook") else key: value
        for key, value in (node.unrendered_config or {}).items()
    }


def _is_same_key(
    key: str, before: Mapping[str, Any], now: Mapping[str, Any], old: PastNode, new: PastNode
) -> bool:
    was, is_now = before.get(key, _ABSENT), now.get(key, _ABSENT)
    if was == is_now or (key in _COLLECTIONS and _is_same_collection(was, is_now)):
        return True
    if _is_noted_twice(was, is_now, new.configuration.get(key)):
        return True
    if was is not _ABSENT and _holds_jinja(is_now) and not _holds_jinja(was):
        # Written by a version that noted only what an environment made of it, as dbt does.
        return bool(old.configuration.get(key) == new.configuration.get(key))
    return old.body == new.body and _is_in_template(key, new.body)


def _is_same_collection(was: object, is_now: object) -> bool:
    """Whether two say the same: in whichever order, and nothing is as good as an empty one."""
    before, now = (value if value is not _ABSENT else None for value in (was, is_now))
    if isinstance(before, list) and isinstance(now, list):
        return sorted(map(str, before)) == sorted(map(str, now))
    return not before and not now


def _is_noted_twice(was: object, is_now: object, rendered: object) -> bool:
    """Whether two say the same but for lists that dbt has noted as written, and as rendered.

    It does so where it is to compare more of what is written.
    """
    if isinstance(was, list) and isinstance(is_now, list):
        half = len(is_now)
        return was == is_now or (was[:half] == is_now and was[half:] in (is_now, rendered))
    if isinstance(was, Mapping) and isinstance(is_now, Mapping):
        known = rendered if isinstance(rendered, Mapping) else {}
        return was.keys() == is_now.keys() and all(
            _is_noted_twice(was[key], is_now[key], known.get(key)) for key in was
        )
    return was == is_now


def _holds_jinja(value: object) -> bool:
    return value is not _ABSENT and _JINJA in str(value)


def _is_in_template(key: str, body: str) -> bool:
    if "config" not in body:
        return False
    spelled = re.escape(key).replace(r"\-", "[-_]")
    return re.search(rf"\b{spelled}\s*=(?!=)|['\"]{spelled}['\"]\s*:", body) is not None


def _is_same_part(written: str | None, rendered: str | None, now: str | None) -> bool:
    if written is not None or now is None or _JINJA not in now:
        return (rendered if written is None else written) == now or now is None
    return True  # written by a version that noted only what an environment made of it


def _descriptions(node: PastNode) -> dict[str, str]:
    return {name: column.description or "" for name, column in (node.columns or {}).items()}


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_none(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {})}
    return value or {}


def _parents(node: PastNode) -> list[str]:
    return node.depends_on.nodes if node.depends_on else []


def _asked(node: PastNode) -> list[Any]:
    params = node.query_params if isinstance(node.query_params, dict) else {}
    return [params.get(key) for key in ("metrics", "group_by", "where")]


def _exported(node: PastNode) -> list[Any]:
    return [
        [export.get("name"), *(_export_config(export).get(key) for key in _EXPORT_KEYS)]
        for export in node.exports or ()
        if isinstance(export, dict)
    ]


_EXPORT_KEYS = ("export_as", "schema", "alias")


def _export_config(export: Mapping[str, Any]) -> Mapping[str, Any]:
    return export.get("unrendered_config") or {}
