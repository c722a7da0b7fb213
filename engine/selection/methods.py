"""The methods of selection: what a value after `method:` matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from ..errors import SelectionError, did_you_mean
from ..manifest.nodes import GenericTest, Model, Node, SingularTest, Source, Test
from ..manifest.unit_test_node import UnitTest
from .grammar import Criterion
from .model_methods import by_access, by_declared_name, by_group, by_version, version_names

Matches = Callable[[Node, Criterion], bool]

_WILDCARDS = frozenset("*?[")


def matching(criterion: Criterion, nodes: Iterable[Node]) -> set[str]:
    """The ids of the nodes that a criterion names, without what it reaches along the graph.

    Raises:
        SelectionError: there is no such method.
    """
    method = METHODS.get(criterion.method)
    if method is None:
        if criterion.method in NOT_THERE_YET:
            problem = f"The selector method '{criterion.method}' isn't there yet"
        else:
            problem = f"'{criterion.method}' is not a valid method name"
        hint = did_you_mean(criterion.method, METHODS)
        raise SelectionError(f"{problem}.{hint} There are: {', '.join(sorted(METHODS))}.")
    return {node.unique_id for node in nodes if method(node, criterion)}


def _by_fqn(node: Node, criterion: Criterion) -> bool:
    value = criterion.value
    if isinstance(node, Source):
        return False
    if isinstance(node, Model) and node.is_versioned:
        if any(_matches(name, value) for name in version_names(node)):
            return True
    elif _matches(node.fqn[-1], value):
        return True
    wanted = value.split(".")
    return _is_prefix(wanted, node.fqn) or _is_prefix(wanted, node.fqn[1:])


def _is_prefix(wanted: list[str], fqn: tuple[str, ...]) -> bool:
    """Whether the parts wanted lead to the node; a last `*` stands for all that follows."""
    if len(wanted) > len(fqn):
        return False
    return all(_matches(part, want) for part, want in zip(fqn, wanted, strict=False))


def _by_path(node: Node, criterion: Criterion) -> bool:
    path = PurePosixPath(node.original_file_path)
    wanted = criterion.value.replace("\\", "/").removeprefix("./").rstrip("/")
    if _has_wildcard(wanted):
        return any(fnmatchcase(str(part), wanted) for part in (path, *path.parents))
    return path == PurePosixPath(wanted) or PurePosixPath(wanted) in path.parents


def _by_file(node: Node, criterion: Criterion) -> bool:
    path = PurePosixPath(node.original_file_path)
    return _matches(path.name, criterion.value) or _matches(path.stem, criterion.value)


def _by_tag(node: Node, criterion: Criterion) -> bool:
    return any(_matches(tag, criterion.value) for tag in node.tags)


def _by_source(node: Node, criterion: Criterion) -> bool:
    if not isinstance(node, Source):
        return False
    parts = criterion.value.split(".")
    names = (node.package_name, node.source_name, node.name)
    if len(parts) == 3:
        return all(_matches(name, part) for name, part in zip(names, parts, strict=True))
    return all(_matches(name, part) for name, part in zip(names[1:], parts, strict=False))


def _by_package(node: Node, criterion: Criterion) -> bool:
    return _matches(node.package_name, criterion.value)


def _by_resource_type(node: Node, criterion: Criterion) -> bool:
    return node.resource_type.value == criterion.value


def _by_config(node: Node, criterion: Criterion) -> bool:
    found: Any = {"materialized": node.config.materialized, **node.config.values}
    for key in criterion.arguments:
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    members = found if isinstance(found, (list, tuple)) else [found]
    return any(_config_text(member) == criterion.value for member in members)


def _config_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _by_test_type(node: Node, criterion: Criterion) -> bool:
    kinds: dict[str, type[Node]] = {
        "generic": GenericTest,
        "singular": SingularTest,
        "data": Test,
        "unit": UnitTest,
        "schema": GenericTest,
    }
    if criterion.value not in kinds:
        raise SelectionError(
            f"'{criterion.value}' is no type of test. There are: {', '.join(sorted(kinds))}."
        )
    return isinstance(node, kinds[criterion.value])


def _by_test_name(node: Node, criterion: Criterion) -> bool:
    if isinstance(node, UnitTest):
        return _matches(node.name, criterion.value)
    return isinstance(node, GenericTest) and _matches(node.test_name, criterion.value)


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern) if _has_wildcard(pattern) else text == pattern


def _has_wildcard(text: str) -> bool:
    return not _WILDCARDS.isdisjoint(text)


METHODS: Mapping[str, Matches] = MappingProxyType(
    {
        "fqn": _by_fqn,
        "name": _by_fqn,
        "path": _by_path,
        "file": _by_file,
        "tag": _by_tag,
        "source": _by_source,
        "package": _by_package,
        "resource_type": _by_resource_type,
        "config": _by_config,
        "test_type": _by_test_type,
        "test_name": _by_test_name,
        "group": by_group,
        "access": by_access,
        "version": by_version,
        "exposure": by_declared_name,
        "metric": by_declared_name,
        "semantic_model": by_declared_name,
        "saved_query": by_declared_name,
        "unit_test": by_declared_name,
    }
)

NOT_THERE_YET = frozenset("result selector source_status state".split())
"""Methods that dbt has and this version hasn't."""
