"""Nodes out of SQL templates: what each refers to and configures, with as little as needs be."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ...project.render import has_template
from ..jinja.scanner import Scan
from ..jinja.template_reader import read_template
from ..nodes.model_node import Model
from ..nodes.node import Node
from ..nodes.node_calls import SourceCall
from ..nodes.pieces import Constant
from ..nodes.query_nodes import Analysis
from ..nodes.seed_node import Seed
from ..nodes.snapshot_node import Snapshot
from ..nodes.test_nodes import SingularTest
from .constraint_entries import split_calls
from .draft import Draft
from .package_parse import PackageParse
from .parse_renderer import Captured

SqlNodeT = TypeVar("SqlNodeT", bound=Model | SingularTest | Analysis | Snapshot)
HookedT = TypeVar("HookedT", bound=Model | SingularTest | Analysis | Snapshot | Seed)

_REFERRING = ("ref", "source")
_OVERRIDDEN = ("ref", "source", "config", "var")


def sql_node(package: PackageParse, kind: type[SqlNodeT], draft: Draft, **fields: Any) -> SqlNodeT:
    """The node of a draft, with what its template says. `fields` only its kind has.

    Raises:
        CompilationError: its template isn't Jinja, or fails while nothing is executed.
        ParseError: a value of its configuration has the wrong type.
    """
    found = _scan(package, draft.raw_code, draft.original_file_path)
    captured = _said(package, found)
    if found.needs_render:
        draft.in_file_config = found.config
        bare = package.factory.make(kind, draft, **fields)
        captured = package.parse.renderer.render(bare, draft.raw_code)
    elif kind is Model and _is_plain(found):
        # A model that dbt reads without rendering has each of its sources once.
        once: dict[tuple[str, str], SourceCall] = {}
        for call in captured.sources:
            once.setdefault((call.source_name, call.table_name), call)
        captured = msgspec.structs.replace(captured, sources=tuple(once.values()))
    draft.in_file_config = captured.config
    refs, sources = split_calls(draft.referred)
    node = package.factory.make(
        kind,
        draft,
        refs=(*captured.refs, *refs),
        sources=(*captured.sources, *sources),
        macros=package.macros.ids_named_in(found, package.name),
        called_macros=captured.macros,
        pieces=found.pieces,
        **fields,
    )
    return with_hooks(package, node)


def _is_plain(found: Scan) -> bool:
    """Whether a template refers and configures, and does nothing else; nor has it hooks."""
    if found.pieces is None or found.config.keys() & {"pre_hook", "post_hook"}:
        return False
    return all(isinstance(part, Constant) or part.function in _REFERRING for part in found.pieces)


def with_hooks(package: PackageParse, node: HookedT) -> HookedT:
    """The node with what its hooks refer to, which it depends on as well.

    Raises:
        CompilationError: a hook isn't Jinja, or fails while nothing is executed.
    """
    hooks = (*node.config.pre_hook, *node.config.post_hook)
    templates = [hook.sql for hook in hooks if has_template(hook.sql)]
    if not templates:
        return node
    refs, sources = list(node.refs), list(node.sources)
    macros, called = list(node.macros), list(node.called_macros)
    for template in templates:
        captured, named = captured_in(package, node, template)
        refs += captured.refs
        sources += captured.sources
        macros += named
        called += captured.macros
    return msgspec.structs.replace(
        node,
        refs=tuple(refs),
        sources=tuple(sources),
        macros=tuple(dict.fromkeys(macros)),
        called_macros=tuple(dict.fromkeys(called)),
    )


def captured_in(
    package: PackageParse, node: Node, template: str
) -> tuple[Captured, tuple[str, ...]]:
    """What a further template of a node refers to, and the macros that it names.

    Raises:
        CompilationError: it isn't Jinja, or fails while nothing is executed.
    """
    found = _scan(package, template, node.original_file_path)
    captured = _said(package, found)
    if found.needs_render:
        captured = package.parse.renderer.render(node, template)
    return captured, package.macros.ids_named_in(found, package.name)


def _said(package: PackageParse, found: Scan) -> Captured:
    """What a template's syntax tree says, for one that needs no render."""
    called = package.macros.ids_called_in(found.calls.made, package.name)
    return Captured(found.refs, found.sources, found.config, called)


def _scan(package: PackageParse, text: str, path: str) -> Scan:
    """What a template says among the macros of its project."""

    def fresh() -> Scan:
        return read_template(package.parse.syntax, text, path)

    def is_inert(names: frozenset[str], attributes: frozenset[str]) -> bool:
        return _is_inert(package, names, attributes)

    found = package.inputs.cache.scan(text, fresh)
    if package.macros.leaves_open(found.calls, package.name):
        return msgspec.structs.replace(found, needs_render=True, pieces=None)
    return found.judged(is_inert)


def _is_inert(package: PackageParse, names: frozenset[str], attributes: frozenset[str]) -> bool:
    inputs, macros = package.inputs, package.macros
    if names & inputs.effects:
        return False
    visible = macros.visible_from(package.name)
    for name in names:
        macro = visible.get(name)
        if macro is not None:
            if not macros.is_inert(macro):
                return False
        elif name in macros.packages:
            for member in attributes:
                owner, _, macro_name = member.partition(".")
                found = macros.find_in(owner, macro_name)
                if owner == name and (found is None or not macros.is_inert(found)):
                    return False
        elif name not in inputs.context_names:
            return False
    return not any(visible.get(name) for name in _OVERRIDDEN)
