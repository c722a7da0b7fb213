"""A whole manifest as bytes, and back.

Everything that a parse finds out is in there but what is cheap to make again: how names lead to
nodes, and what macros mean. Where something wouldn't come back as it is (a value that MessagePack
has no type for), the manifest isn't kept at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from ..core.checkpoints import checked
from .jinja.macro_file import MacroFile
from .jinja.macro_index import MacroIndex
from .lookup import NodeLookup
from .manifest import Manifest
from .nodes.declared_nodes import Declared, Exposure, Metric, SavedQuery, SemanticModel
from .nodes.doc import Doc
from .nodes.group import Group
from .nodes.hook_node import RunHook
from .nodes.macro import Macro, MacroProperties
from .nodes.model_node import Model
from .nodes.node import Node
from .nodes.query_nodes import Analysis
from .nodes.seed_node import Seed
from .nodes.snapshot_node import Snapshot
from .nodes.source_node import Source
from .nodes.test_nodes import GenericTest, LeftOutTest, SingularTest, Test
from .nodes.unit_test_node import UnitTest
from .reading.inputs import ParseInputs
from .reading.kept_file import survives

NodeT = TypeVar("NodeT", bound=Node)

Written = tuple[str, Raw]
"""A node: the name of its class, and what is in it."""

Parents = dict[str, tuple[str, ...]]

KEPT_CLASSES: Mapping[str, type[Node]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            Analysis,
            Exposure,
            GenericTest,
            Metric,
            Model,
            RunHook,
            SavedQuery,
            Seed,
            SemanticModel,
            SingularTest,
            Snapshot,
            Source,
            UnitTest,
        )
    }
)
"""The classes of the nodes that a manifest has on disk."""


class _Kept(Struct, array_like=True):
    """A manifest's fields, its nodes each by itself."""

    project_name: str
    nodes: list[Written]
    sources: list[Written]
    files: list[MacroFile]
    macros: list[Macro]
    docs: dict[str, Doc]
    disabled: list[tuple[str, Written]]
    left_out: list[tuple[Written, tuple[str, ...]]]
    parents: Parents
    disabled_twins: list[Written]
    groups: dict[str, Group]
    declared: list[Written]
    unit_tests: list[Written]
    macro_properties: dict[str, MacroProperties]
    run_hooks: list[Written]
    hook_parents: Parents


class NotKeptError(Exception):
    """Something wouldn't come back as it is."""


class _Bytes:
    """A `_Kept` field by field, of which there is never a second copy: it may be large."""

    def __init__(self, fields: int) -> None:
        self.content = bytearray()
        self._begin_array(fields)

    def put(self, value: object, kind: Any = None) -> None:
        """Add a field. Where it has a kind, it is tried whether it comes back."""
        if kind is not None and not survives(value, kind):
            raise NotKeptError
        self.content += _encoded(value)

    def put_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a field that is a list of nodes."""
        listed = list(nodes)
        self._begin_array(len(listed))
        for node in checked(listed):
            self.content += msgspec.msgpack.encode(written_node(node))

    def _begin_array(self, size: int) -> None:
        # https://github.com/msgpack/msgpack/blob/master/spec.md#array-format-family
        self.content += b"\xdd" + size.to_bytes(4, "big")


def encoded_manifest(manifest: Manifest) -> bytearray | None:
    """A manifest as bytes; None where it wouldn't come back as it is."""
    kept = _Bytes(len(_Kept.__struct_fields__))
    try:
        kept.put(manifest.project_name)
        kept.put_nodes(manifest.nodes.values())
        kept.put_nodes(manifest.sources.values())
        kept.put(list(manifest.macros.files.values()), list[MacroFile])
        kept.put(list(manifest.macros), list[Macro])
        kept.put(dict(manifest.docs), dict[str, Doc])
        kept.put([(key, written_node(node)) for key, node in manifest.disabled.items()])
        kept.put([(written_node(test.node), test.parents) for test in manifest.left_out.values()])
        kept.put(manifest.parents)
        kept.put_nodes(manifest.disabled_twins)
        kept.put(dict(manifest.groups), dict[str, Group])
        kept.put_nodes(manifest.declared.values())
        kept.put_nodes(manifest.unit_tests.values())
        kept.put(dict(manifest.macro_properties), dict[str, MacroProperties])
        kept.put_nodes(manifest.run_hooks.values())
        kept.put(manifest.hook_parents)
    except NotKeptError:
        return None
    return kept.content


def decoded_manifest(content: bytes | bytearray, inputs: ParseInputs) -> Manifest:
    """The manifest that `encoded_manifest` made bytes of, for a parse with the same inputs.

    Raises:
        msgspec.DecodeError: it isn't one.
    """
    kept = msgspec.msgpack.decode(content, type=_Kept)
    nodes = {node.unique_id: node for node in checked(read_nodes(kept.nodes, Node))}
    sources = {source.unique_id: source for source in read_nodes(kept.sources, Source)}
    disabled = {key: node for key, written in kept.disabled for node in read_nodes([written], Node)}
    disabled_nodes = [node for node in disabled.values() if not isinstance(node, Declared)]
    left_out = [
        LeftOutTest(test, parents)
        for written, parents in kept.left_out
        for test in read_nodes([written], Test)
    ]
    return Manifest(
        project_name=kept.project_name,
        nodes=nodes,
        sources=sources,
        macros=MacroIndex(
            kept.files,
            kept.macros,
            root_package=kept.project_name,
            dialect=inputs.dialect,
            search_orders=inputs.search_orders,
            effects=inputs.effects,
        ),
        docs=kept.docs,
        disabled=disabled,
        left_out={test.node.unique_id: test for test in left_out},
        parents=kept.parents,
        lookup=NodeLookup(nodes.values(), sources.values(), disabled_nodes, kept.project_name),
        disabled_twins=tuple(read_nodes(kept.disabled_twins, Node)),
        groups=kept.groups,
        declared={node.unique_id: node for node in read_nodes(kept.declared, Declared)},
        unit_tests={test.unique_id: test for test in read_nodes(kept.unit_tests, UnitTest)},
        macro_properties=kept.macro_properties,
        run_hooks={hook.unique_id: hook for hook in read_nodes(kept.run_hooks, RunHook)},
        hook_parents=kept.hook_parents,
    )


def written_node(node: Node) -> Written:
    """A node as it is kept.

    Raises:
        NotKeptError: it wouldn't come back as it is.
    """
    kind = type(node)
    if KEPT_CLASSES.get(kind.__name__) is not kind:
        raise NotKeptError
    content = _encoded(node)
    try:
        is_same = msgspec.msgpack.decode(content, type=kind) == node
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotKeptError from error
    if not is_same:
        raise NotKeptError
    return kind.__name__, Raw(content)


def _encoded(value: object) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotKeptError from error


def read_nodes(written: Iterable[Written], kind: type[NodeT]) -> Iterator[NodeT]:
    """The nodes out of what is kept of them, which are all of a kind.

    Raises:
        msgspec.DecodeError: something else is there.
    """
    for name, content in written:
        own = KEPT_CLASSES.get(name, Node)
        if not issubclass(own, kind):
            raise msgspec.ValidationError(f"{name} is no {kind.__name__}")
        yield msgspec.msgpack.decode(content, type=own)
