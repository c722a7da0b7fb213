"""The template engine of one command, for a project that has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..adapters.cache import RelationCache
from .events import Event
from .parsed_project import ParsedProject
from .query_comment import QueryComments
from .template.engine import TemplateEngine
from .template.environment import TemplateEnvironment


def make_templates(
    project: ParsedProject,
    cache: RelationCache,
    emit: Callable[[Event], None],
    selected: Iterable[str] = (),
) -> TemplateEngine:
    """The engine that renders a command's templates; `selected` are the ids that are run."""
    workspace = project.workspace
    return TemplateEngine(
        environment=TemplateEnvironment(workspace.codes),
        common=workspace.common_context(emit, selected),
        manifest=project.manifest,
        adapter=workspace.adapter,
        cache=cache,
        relations=workspace.relations,
        reading=workspace.reading,
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
