"""Which nodes a command is about: its flags, the project's selectors and an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from ..core.errors import UsageError
from ..core.events import WarningRaised
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.query_nodes import Analysis, inline_id
from ..manifest.nodes.resource_type import ResourceType
from ..manifest.nodes.source_node import Source
from ..manifest.nodes.test_nodes import Test
from ..selection.grammar import Specification, parse_flags
from ..selection.resource_types import NodeTypes, wanted_types
from ..selection.selection_context import MethodContext
from ..selection.selector import IndirectSelection, Selector, no_such_selector
from ..settings.options import Options
from ..state.previous import PreviousState
from .loaded_project import LoadedProject
from .workspace import Workspace


class Choice(Struct, frozen=True):
    """What was chosen.

    Attributes:
        nodes: the ids that the command works on.
        named: the ids that the selection names, of whatever type.
        is_everything: whether nobody has asked for less than all.
        unmatched: the parts of the selection that matched nothing, each with a message.
    """

    nodes: frozenset[str]
    named: frozenset[str]
    is_everything: bool
    unmatched: Mapping[str, str] = field(default_factory=dict)


def choose_nodes(
    project: LoadedProject,
    options: Options,
    takes: NodeTypes,
    warn: Callable[[WarningRaised], None],
) -> Choice:
    """Select by the flags, or else by the project's default selector. May read files.

    Raises:
        HeadraceError: the selection can't be read, or what it asks for isn't there.
    """
    workspace = project.workspace
    for warning in workspace.state.warnings(workspace.target_path):
        warn(warning)
    if options.query is not None:
        inline = frozenset({inline_id(workspace.project.name)})
        return Choice(inline, inline, is_everything=False)
    specification = _specification(options, workspace)
    context = MethodContext(
        project.manifest,
        root=workspace.project.root,
        variables=workspace.variables,
        state=PreviousState(workspace.state.directory, workspace.target_path),
        warn=warn,
        flags=workspace.project.flags,
    )
    selector = Selector(
        project.graph,
        context,
        indirect=IndirectSelection(workspace.settings.selection.indirect_selection),
        named=workspace.selectors.named,
    )
    found = selector.evaluate(specification or parse_flags((), ()))
    settings = workspace.settings.selection
    included, excluded = settings.resource_types, settings.exclude_resource_types
    if takes.models_flag_narrows and options.uses_models_flag and not included:
        included = (ResourceType.MODEL.value,)
    if not settings.include_saved_query:
        excluded = (*excluded, ResourceType.SAVED_QUERY.value)
    wanted = wanted_types(takes, included, excluded)
    narrows = bool(settings.resource_types or excluded)
    return Choice(
        frozenset(
            unique_id for unique_id in found.selected if unique_id.partition(".")[0] in wanted
        ),
        found.selected,
        is_everything=specification is None and not narrows,
        unmatched=found.unmatched,
    )


def _specification(options: Options, workspace: Workspace) -> Specification | None:
    """What is asked for; None where nobody asks."""
    selectors = workspace.selectors
    if options.selector is not None:
        if options.select or options.exclude:
            raise UsageError(
                "--selector can't go together with --select or --exclude: a selector is the whole "
                "selection. Use --select selector:"
                f"{options.selector} to combine it."
            )
        if options.selector not in selectors.named:
            raise no_such_selector(options.selector, selectors.named)
        return selectors.named[options.selector]
    if options.select or options.exclude:
        return parse_flags(options.select, options.exclude)
    return None if selectors.default is None else selectors.named[selectors.default]


def is_run(node: Node, takes: NodeTypes) -> bool:
    """Whether there is something to do for a node of a command that runs nodes."""
    if isinstance(node, Source):
        return node.freshness is not None and node.freshness.is_checked
    if isinstance(node, (Model, Test, Analysis)) and not node.raw_code.strip():
        return False  # As in dbt, an empty file is a node of which nothing is built.
    return takes.takes_ephemeral or not node.is_ephemeral
