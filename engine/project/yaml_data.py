"""PyYAML's node graph to plain data, and to places in the file.

The nodes carry positions anyway, so a key that is given twice is noticed for free; nothing else
of the positions is kept.
"""

from __future__ import annotations

from collections.abc import Hashable

import yaml
from msgspec import Struct
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..core.checkpoints import checked
from .yaml_graph import MAX_DEPTH, too_deep
from .yaml_problems import UnreadableYamlError

_MAX_NUMBER_LENGTH = 400

_STRING = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


class RepeatedKey(Struct, frozen=True):
    """A key that stands twice in one mapping. Lines and columns count from 0, as in PyYAML."""

    key: object
    first: yaml.Mark
    last: yaml.Mark


class Builder:
    """Makes plain data of one node graph: `build(node)`, then `repeated_keys` is complete.

    Where PyYAML's own constructor goes through two generators a collection, this is a plain
    recursion, in two thirds of the time. Scalars are PyYAML's: YAML 1.1, as in dbt.
    """

    def __init__(self) -> None:
        self.repeated_keys: list[RepeatedKey] = []
        self._scalars = SafeConstructor()
        # An alias gives the same object again, as in PyYAML.
        self._built: dict[int, object] = {}

    def build(self, node: Node, depth: int = 1) -> object:
        """The data that a node stands for.

        Raises:
            UnreadableYamlError: a key can't be one, or a value doesn't fit its tag.
            yaml.YAMLError: as the last, in PyYAML's words.
        """
        if isinstance(node, ScalarNode):
            return node.value if node.tag == _STRING else self._scalar(node)
        if id(node) in self._built:
            return self._built[id(node)]
        if depth > MAX_DEPTH:
            raise too_deep(node.start_mark)
        data: object
        if isinstance(node, MappingNode) and node.tag == _MAPPING:
            data = self._mapping(node, depth)
        elif isinstance(node, SequenceNode) and node.tag == _SEQUENCE:
            data = [self.build(item, depth + 1) for item in checked(node.value)]
        else:
            data = self._tagged(node)
        self._built[id(node)] = data
        return data

    def _mapping(self, node: MappingNode, depth: int) -> dict[object, object]:
        own: dict[object, object] = {}
        merged: dict[object, object] = {}
        merges = 0
        for key_node, value_node in checked(node.value):
            if key_node.tag == _MERGE:
                merges += 1
                merged.update(self._merged(value_node, depth))
                continue
            key = self.build(key_node, depth + 1)
            if not isinstance(key, Hashable):
                raise UnreadableYamlError(
                    "a list or a mapping can't be a key",
                    key_node.start_mark,
                    "Put quotes around a value that begins with '{'.",
                )
            own[key] = self.build(value_node, depth + 1)
        if len(own) + merges != len(node.value):
            self._note_repeated_keys(node)
        return merged | own if merges else own

    def _merged(self, node: Node, depth: int) -> dict[object, object]:
        """What `<<: *a` or `<<: [*a, *b]` brings in. The first of several wins."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[object, object] = {}
        for source in reversed(sources):
            data = self.build(source, depth + 1)
            if not isinstance(data, dict):
                raise UnreadableYamlError(
                    "only a mapping, or a list of mappings, can be merged into a mapping",
                    source.start_mark,
                )
            merged.update(data)
        return merged

    def _note_repeated_keys(self, node: MappingNode) -> None:
        first: dict[object, yaml.Mark] = {}
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.build(key_node)
            if key in first:
                self.repeated_keys.append(RepeatedKey(key, first[key], key_node.start_mark))
            else:
                first[key] = key_node.start_mark

    def _scalar(self, node: ScalarNode) -> object:
        kind = node.tag.rpartition(":")[2]
        if node.tag in _NUMBERS and len(node.value) > _MAX_NUMBER_LENGTH:
            raise UnreadableYamlError("this number is too long", node.start_mark)
        _require_known_tag(node)
        try:
            return self._scalars.construct_object(node)
        except (ValueError, LookupError, AttributeError, OverflowError) as problem:
            # What SafeConstructor lets through of int(), float(), date() and the like.
            said = str(problem) if isinstance(problem, ValueError) else ""
            raise UnreadableYamlError(
                f"this is no valid {kind}", node.start_mark, said=said
            ) from problem

    def _tagged(self, node: Node) -> object:
        """A collection with a tag of its own, such as `!!set`: as PyYAML has it."""
        _require_known_tag(node)
        try:
            return self._scalars.construct_object(node, deep=True)
        except (ValueError, TypeError, AttributeError) as problem:
            raise UnreadableYamlError(
                "this value doesn't fit its tag", node.start_mark, said=str(problem)
            ) from problem


def _require_known_tag(node: Node) -> None:
    if node.tag not in SafeConstructor.yaml_constructors:
        written = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise UnreadableYamlError(
            f"the tag '{written}' means nothing here",
            node.start_mark,
            "Put quotes around a value that begins with '!'.",
        )


def _same_key(node: Node, key: object) -> bool:
    """Whether a mapping's key node stands for `key`, or is written like it."""
    if node.value == key:
        return True
    return node.tag != _STRING and Builder().build(node) == key


def find_child(node: Node, step: str | int) -> tuple[yaml.Mark, Node] | None:
    """Where a key or an item stands in a node, and the node behind it. The last of two wins."""
    if isinstance(node, SequenceNode):
        if isinstance(step, int) and -len(node.value) <= step < len(node.value):
            return node.value[step].start_mark, node.value[step]
        return None
    if not isinstance(node, MappingNode):
        return None
    for key_node, value_node in reversed(node.value):
        if key_node.tag != _MERGE and _same_key(key_node, step):
            return key_node.start_mark, value_node
    for key_node, value_node in reversed(node.value):
        if key_node.tag == _MERGE:
            sources = value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            for source in sources:
                found = find_child(source, step)
                if found:
                    return found
    return None
