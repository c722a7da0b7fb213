"""The template engine of one command, for a project that has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from jinja2.utils import missing

from ...adapters.base import Connection
from ...adapters.relation import Relation
from ...adapters.relation_cache import RelationCache
from ..core.events import Event
from ..manifest.nodes.macro import Macro
from ..manifest.nodes.operation_node import operation_of
from ..template.query_comment import QueryComments
from ..template.scope import Scope
from ..template.template_engine import TemplateEngine
from ..template.template_environment import TemplateEnvironment
from ..workspace.loaded_project import ParsedProject


def make_templates(
    project: ParsedProject,
    cache: RelationCache,
    emit: Callable[[Event], None],
    selected: Iterable[str] = (),
    deferred: Mapping[str, Relation] | None = None,
) -> TemplateEngine:
    """The engine that renders a command's templates; `selected` are the ids that are run.

    `deferred` are the relations by unique id that an earlier run has built.
    """
    workspace = project.workspace
    return TemplateEngine(
        environment=TemplateEnvironment(workspace.codes),
        common=workspace.common_context(emit, selected),
        manifest=project.manifest,
        adapter=workspace.adapter,
        cache=cache,
        relations=workspace.relations,
        reading=workspace.reading,
        deferred=deferred,
    )


def make_comments(project: ParsedProject, templates: TemplateEngine) -> QueryComments:
    """What makes the comments of a command's statements."""
    workspace = project.workspace
    return QueryComments(
        workspace.project.query_comment,
        target=workspace.target,
        project=workspace.project.name,
        templates=templates,
    )


def macro_scope(
    project: ParsedProject,
    templates: TemplateEngine,
    macro: Macro,
    connection: Connection,
    thread_id: str,
) -> Scope:
    """A scope for a macro that is called for its own sake, without a node."""
    target = project.workspace.target
    operation = operation_of(macro, target.schema, target.database)
    # There is no relation that an operation could be about.
    return templates.scope(operation, connection, thread_id).scope.with_names(this=missing)
