"""What was found, connected: every `ref` and `source` leads to the node that it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from ...core.checkpoints import checked
from ...core.errors import Location
from ...core.events import WarningRaised
from ..lookup import MissingTargetError, NodeLookup
from ..manifest import Manifest
from ..nodes.node import Node
from ..nodes.test_nodes import LeftOutTest, Test
from .docs import OVERVIEW
from .model_access import reference_check
from .package_parse import Parse
from .run_hooks import in_order

CheckReference = Callable[[Node, Node, Location], None]


def connect(parse: Parse) -> Manifest:
    """Resolve every reference, and give the whole as a manifest.

    As in dbt, a test whose model isn't there is left out.

    Raises:
        ParseError: another node refers to what isn't there, is disabled, or is nobody else's
            to refer to.
    """
    found, root = parse.found, parse.inputs.root
    check_reference = reference_check(parse.inputs.projects)
    lookup = NodeLookup(
        found.nodes.values(), found.sources.values(), found.disabled.values(), root.name
    )
    for node in checked(list(found.nodes.values())):
        try:
            found.parents[node.unique_id] = _parents(node, lookup, check_reference)
        except MissingTargetError as error:
            _leave_out(parse, node, lookup, error)
    found.declared.connect(lookup, check_reference, root.name)
    roots = {project.name: project.root for project in parse.inputs.projects}
    found.unit_tests.connect(found.nodes, lookup, roots)
    declared, unit_tests, hooks = found.declared, found.unit_tests, in_order(found.hooks)
    return Manifest(
        project_name=root.name,
        nodes=found.nodes,
        sources=found.sources,
        macros=parse.macros,
        docs={OVERVIEW.unique_id: OVERVIEW, **parse.docs.by_id},
        left_out=found.left_out,
        disabled={**found.disabled, **declared.disabled, **unit_tests.disabled},
        disabled_twins=tuple(found.disabled_twins),
        parents={**found.parents, **declared.parents, **unit_tests.parents},
        lookup=lookup,
        groups={group.unique_id: group for group in found.groups},
        declared=declared.nodes,
        unit_tests=unit_tests.nodes,
        macro_properties=found.macro_properties,
        run_hooks={hook.unique_id: hook for hook in hooks},
        hook_parents={hook.unique_id: _parents(hook, lookup, check_reference) for hook in hooks},
    )


def _leave_out(parse: Parse, node: Node, lookup: NodeLookup, error: MissingTargetError) -> None:
    """Leave out a test whose model isn't there; for any other node it's fatal."""
    if not isinstance(node, Test):
        raise error
    values = {**node.config.values, "enabled": False}
    config = replace(node.config, enabled=False, values=values)
    parents = tuple(dict.fromkeys(_there(node, lookup)))
    parse.found.left_out[node.unique_id] = LeftOutTest(replace(node, config=config), parents)
    del parse.found.nodes[node.unique_id]
    if not error.is_disabled:
        message = f"{error.problem} The test is left out."
        facts = {
            "original_file_path": node.original_file_path,
            "unique_id": node.unique_id,
            "resource_type_title": node.resource_type.value.title(),
        }
        parse.inputs.warn(WarningRaised("NodeNotFoundOrDisabled", message, error.location, facts))


def _parents(node: Node, lookup: NodeLookup, check_reference: CheckReference) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_referred(node, lookup, check_reference)))


def _there(node: Node, lookup: NodeLookup) -> Iterator[str]:
    """What a test refers to, as far as it is there."""
    sources = (lookup.source(call, node.package_name) for call in node.sources)
    refs = (lookup.ref(call, node.package_name) for call in node.refs)
    return (found.unique_id for found in (*sources, *refs) if found is not None)


def _referred(node: Node, lookup: NodeLookup, check_reference: CheckReference) -> Iterator[str]:
    for source_call in node.sources:
        source = lookup.source(source_call, node.package_name)
        if source is None:
            raise lookup.missing_source(source_call, node)
        yield source.unique_id
    for call in node.refs:
        # The lines of a value in a file aren't the file's.
        is_embedded = node.is_embedded
        place = node.location if is_embedded else Location(node.original_file_path, call.line)
        target = lookup.ref(call, node.package_name, place)
        if target is None:
            raise lookup.missing_ref(call, node)
        check_reference(node, target, place)
        yield target.unique_id
