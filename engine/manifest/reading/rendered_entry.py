"""Entries of properties files with their Jinja done, wherever in them it stands.

Some values are left as they are, since what they mean is known only later: descriptions, which
call docs blocks; the arguments of tests, which refer to nodes; hooks; filters of the semantic
layer (https://docs.getdbt.com/reference/dbt-jinja-functions/env_var).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...project.render import Renderer
from ...project.yaml_file import YamlDocument

Keys = tuple[str | int, ...]

_PARTS = ("config", "versions", "tables")

_LATER = frozenset({"description", "tests", "data_tests", "loaded_at_query"})
_LATER_IN_CONFIG = frozenset({"pre_hook", "post_hook", "pre-hook", "post-hook", "loaded_at_query"})
_DESCRIBED_LISTS = frozenset({"columns", "dimensions", "measures", "entities", "arguments"})
_QUERY_FILTER = ("query_params", "where")


def rendered_entry(
    yaml: Renderer, document: YamlDocument, section: str, entry: Mapping[str, Any], keys: Keys
) -> dict[str, Any]:
    """An entry of a section with its Jinja done; `keys` lead to it in its document.

    Raises:
        ProjectError: a template in it fails.
    """
    is_later = _OF_SECTION.get(section, _is_later)
    keep = partial(_is_kept, len(keys), is_later)
    rendered = yaml.render(document, entry, keys, keep=keep)
    assert isinstance(rendered, dict)  # a mapping is rendered to a mapping
    return rendered


def written_entry(written: Mapping[str, Any], rendered: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry as its author wrote it; where one template stands for a whole part of it, that
    part as it was rendered, since its keys aren't written anywhere.
    """
    whole = {key: rendered[key] for key in _PARTS if isinstance(written.get(key), str)}
    return {**written, **whole} if whole else written


def _is_kept(depth: int, is_later: Callable[[Keys], bool], path: Keys) -> bool:
    below = path[depth:]
    return bool(below) and is_later(below)


def _is_later(path: Keys) -> bool:
    """Whether what a path leads to, from an entry on, is rendered later."""
    match path:
        case (key,) if key in _LATER:
            return True
        case (_, key) if key in _LATER:
            return True
        case ("config", key) if key in _LATER_IN_CONFIG:
            return True
        case (listed, _, key) if listed in _DESCRIBED_LISTS and key in _LATER:
            return True
        case ("versions", _, *below) if below and below[0] != "versions":
            return _is_later(tuple(below))
    return False


def _is_later_of_source(path: Keys) -> bool:
    match path:
        case ("tables", _, *below):
            return _is_later(tuple(below))
    return _is_later(path)


def _is_later_of_metric(path: Keys) -> bool:
    return "filter" in path or _is_later(path)


def _is_later_of_saved_query(path: Keys) -> bool:
    return path[:2] == _QUERY_FILTER or _is_later(path)


_OF_SECTION: Mapping[str, Callable[[Keys], bool]] = {
    "sources": _is_later_of_source,
    "metrics": _is_later_of_metric,
    "saved_queries": _is_later_of_saved_query,
}
