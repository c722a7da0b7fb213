"""The methods of selection: what a value after `method:` matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from ..core.errors import SelectionError, did_you_mean
from ..manifest.artifact.node_dicts import config_dict
from ..manifest.nodes.declared_nodes import Declared
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.resource_type import ResourceType
from ..manifest.nodes.source_node import Source
from ..manifest.nodes.test_nodes import GenericTest, SingularTest, Test
from ..manifest.nodes.unit_test_node import UnitTest
from .grammar import Criterion
from .model_methods import by_access, by_declared_name, by_group, by_version
from .name_patterns import PathPattern, matches, matches_fqn
from .selection_context import Method, MethodContext, Predicate
from .state_methods import by_result, by_source_status, by_state


def predicate(criterion: Criterion, context: MethodContext) -> Predicate:
    """What a criterion says of a node, without what it reaches along the graph.

    Raises:
        SelectionError: there is no such method, or its value can't be.
    """
    check_method(criterion.method)
    return METHODS[criterion.method](criterion, context)


def check_method(name: str) -> None:
    """See that there is a method of a name.

    Raises:
        SelectionError: there is none; lists those that there are.
    """
    known = sorted((*METHODS, NAMED))
    if name not in known:
        raise SelectionError(
            f"'{name}' is not a valid method name.{did_you_mean(name, known)} There are: "
            f"{', '.join(known)}."
        )


def _by_fqn(criterion: Criterion, _context: MethodContext) -> Predicate:
    wanted = criterion.value

    def goes_by_it(node: Node) -> bool:
        if isinstance(node, Source):
            return False
        is_versioned = isinstance(node, Model) and node.is_versioned
        return matches_fqn(node.fqn, wanted, is_versioned=is_versioned)

    return goes_by_it


def _by_path(criterion: Criterion, context: MethodContext) -> Predicate:
    pattern = PathPattern(criterion.value, context.root)

    def is_there(node: Node) -> bool:
        if pattern.finds(PurePosixPath(node.original_file_path)):
            return True
        properties = (node.patch_path or "").partition("://")[2]
        return bool(properties) and pattern.matches(PurePosixPath(properties))

    return is_there


def _by_file(criterion: Criterion, _context: MethodContext) -> Predicate:
    wanted = criterion.value

    def is_in_it(node: Node) -> bool:
        path = PurePosixPath(node.original_file_path)
        return matches(path.name, wanted) or matches(path.stem, wanted)

    return is_in_it


def _by_tag(criterion: Criterion, _context: MethodContext) -> Predicate:
    return lambda node: any(matches(str(tag), criterion.value) for tag in node.tags)


def _by_source(criterion: Criterion, _context: MethodContext) -> Predicate:
    parts = criterion.value.split(".")
    if len(parts) > 3:
        raise SelectionError(
            f"Invalid source selector value '{criterion.value}': it is a source, a source and a "
            "table, or a package, a source and a table, as in source:shop.till.receipts."
        )

    def is_it(node: Node) -> bool:
        if not isinstance(node, Source):
            return False
        names = (node.package_name, node.source_name, node.name)
        of_those = names if len(parts) == 3 else names[1:]
        return all(matches(name, part) for name, part in zip(of_those, parts, strict=False))

    return is_it


def _by_package(criterion: Criterion, context: MethodContext) -> Predicate:
    is_own = criterion.value == "this"
    wanted = context.manifest.project_name if is_own else criterion.value
    return lambda node: matches(node.package_name, wanted)


def _by_resource_type(criterion: Criterion, _context: MethodContext) -> Predicate:
    wanted = criterion.value
    types = sorted(kind.value for kind in ResourceType)
    if wanted not in types:
        raise SelectionError(
            f"Invalid resource_type selector '{wanted}'.{did_you_mean(wanted, types)} There are: "
            f"{', '.join(types)}."
        )
    return lambda node: node.resource_type.value == wanted


def _by_config(criterion: Criterion, _context: MethodContext) -> Predicate:
    keys, wanted = criterion.arguments, criterion.value
    if not keys:
        raise SelectionError(
            f"'{criterion.raw}' doesn't say which configuration is meant, as in "
            "config.materialized:table or config.meta.owner:me."
        )
    if keys == ("severity",):
        return lambda node: (
            _config_text(node.config.severity).upper() == wanted.upper()
            and (isinstance(node, Test))
        )

    def is_configured_so(node: Node) -> bool:
        if isinstance(node, Declared):
            return False
        found = _descend(node, keys)
        members = found if isinstance(found, list | tuple) else [found]
        return any(_says(member, wanted) for member in members)

    return is_configured_so


def _descend(node: Node, keys: Sequence[str]) -> object:
    """The value at the end of a way of keys through a node's configuration; None without one."""
    found: Any = config_dict(node) if keys[0] not in node.config.values else node.config.values
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return found


def _says(value: object, wanted: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == wanted.lower()
    return value is not None and _config_text(value) == wanted


def _config_text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _by_test_type(criterion: Criterion, _context: MethodContext) -> Predicate:
    kind = _TEST_TYPES.get(criterion.value)
    if kind is None:
        raise SelectionError(
            f"'{criterion.value}' is no type of test.{did_you_mean(criterion.value, _TEST_TYPES)} "
            f"There are: {', '.join(sorted(_TEST_TYPES))}."
        )
    return lambda node: isinstance(node, kind)


_TEST_TYPES: Mapping[str, type[Node]] = {
    "generic": GenericTest,
    "singular": SingularTest,
    "data": Test,
    "unit": UnitTest,
    "schema": GenericTest,
}


def _by_test_name(criterion: Criterion, _context: MethodContext) -> Predicate:
    wanted = criterion.value

    def is_called_so(node: Node) -> bool:
        if isinstance(node, UnitTest):
            return matches(node.name, wanted)
        return isinstance(node, GenericTest) and matches(node.test_name, wanted)

    return is_called_so


NAMED = "selector"
"""The method whose values are selections themselves, those of selectors.yml."""

METHODS: Mapping[str, Method] = MappingProxyType(
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
        "state": by_state,
        "result": by_result,
        "source_status": by_source_status,
    }
)
