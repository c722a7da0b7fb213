"""What is the same for every node of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from jinja2.utils import missing
from msgspec import Struct, field

from ...adapters.base import Adapter, Connection
from ...adapters.column import Column
from ...adapters.relation import Relation
from ...adapters.relation_cache import RelationCache
from ..core.reporter import Emitter
from ..manifest.manifest import Manifest
from ..manifest.nodes.macro import Macro
from ..manifest.nodes.operation_node import operation_of
from ..manifest.nodes.seed_node import Seed
from ..materializations.seed import seed_columns
from ..template.compiler import Compiler
from ..template.query_comment import QueryComments
from ..template.scope import Scope
from ..template.template_engine import TemplateEngine
from ..template.template_environment import TemplateEnvironment
from ..workspace.loaded_project import LoadedProject
from ..workspace.workspace import Workspace
from .own_listing import LISTING, list_by_macro, own_macro
from .own_tables import OwnTables


class RunContext(Struct, frozen=True):
    """What a node that runs can ask of the run that it belongs to.

    Attributes:
        cache: what is known to be in the database.
        target_path: where artifacts go, as messages say it.
        compiled: takes the SQL of every node that is compiled, by unique id.
    """

    workspace: Workspace
    manifest: Manifest
    target_path: str
    adapter: Adapter
    cache: RelationCache
    templates: TemplateEngine
    compiler: Compiler
    comments: QueryComments
    own_tables: OwnTables
    emit: Emitter
    compiled: dict[str, str] = field(default_factory=dict)

    def macro_scope(self, macro: Macro, connection: Connection, thread_id: str) -> Scope:
        """A scope for a macro that is called for its own sake, without a node."""
        target = self.workspace.target
        operation = operation_of(macro, target.schema, target.database)
        # There is no relation that an operation could be about.
        return self.templates.scope(operation, connection, thread_id).scope.with_names(this=missing)


def open_context(
    project: LoadedProject,
    cache: RelationCache,
    emit: Emitter,
    selected: Iterable[str] = (),
    deferred: Mapping[str, Relation] | None = None,
) -> RunContext:
    """The context of a command that runs nodes; `selected` are their ids.

    `deferred` are the relations by unique id that an earlier run has built.
    """
    workspace = project.workspace
    templates = TemplateEngine(
        environment=TemplateEnvironment(workspace.codes),
        common=workspace.common_context(emit, selected),
        manifest=project.manifest,
        adapter=workspace.adapter,
        cache=cache,
        relations=workspace.relations,
        reading=workspace.reading,
        deferred=deferred,
    )
    comments = QueryComments(
        workspace.project.query_comment,
        target=workspace.target,
        project=workspace.project.name,
        templates=templates,
    )
    context = RunContext(
        workspace=workspace,
        manifest=project.manifest,
        target_path=workspace.target_path_display,
        adapter=workspace.adapter,
        cache=cache,
        templates=templates,
        compiler=Compiler(templates, partial(_seed_columns, workspace)),
        comments=comments,
        own_tables=OwnTables(project.manifest, workspace.relations, frozenset(selected)),
        emit=emit,
    )
    listing = own_macro(project.manifest.macros, LISTING)
    if listing is not None:
        cache.list_relations = partial(list_by_macro, context, listing)
    return context


async def _seed_columns(workspace: Workspace, seed: Seed) -> list[Column]:
    """The columns of the table that a seed becomes, which isn't there yet."""
    path = workspace.roots[seed.package_name] / seed.original_file_path
    return await seed_columns(seed, path, workspace.adapter)
