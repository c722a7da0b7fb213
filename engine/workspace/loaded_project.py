"""A workspace's nodes, read and checked, and the manifest that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from ...adapters.base import Adapter
from ...adapters.offline import offline
from ..core.errors import CycleError, Location
from ..core.events import Event, WarningRaised
from ..core.graph import Graph
from ..core.version import VERSION
from ..manifest.artifact.manifest_document import manifest_document
from ..manifest.jinja.macro_file import MacroFile, macro_files_in
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.loader import load_manifest
from ..manifest.manifest import Manifest
from ..manifest.reading.inputs import ParseInputs
from ..manifest.reading.macro_annotations import FLAG as VALIDATES_ARGUMENTS
from ..manifest.reading.parse_cache import FILE_NAME as CACHE_NAME
from ..manifest.reading.parse_cache import ParseCache, load_cache
from ..manifest.reading.parse_renderer import ParseRenderer
from ..manifest.reading.render_memory import FILE_NAME as MEMORY_NAME
from ..manifest.reading.render_memory import RenderMemory, load_memory
from ..manifest.used_vars import UsedVars
from ..project.render import has_template
from ..settings.environment_variables import custom_environment
from ..state.past_manifest import own_metadata
from ..template.context import DBT_VERSION
from ..template.parsing import PARSE_NAMES, TemplateParseRenderer
from ..template.query_comment import check_comment, comment_operation
from ..template.questions import Answers, Asked
from ..template.remembering import RememberingRenderer
from ..template.template_environment import LenientUndefined, TemplateEnvironment
from .workspace import Workspace

BUILTIN_MACROS = Path(__file__).parents[1] / "template" / "sql"

_EFFECTS = frozenset({"env_var", "set_strict", "zip_strict"})
"""Names whose use may be an error, which dbt meets while parsing. A variable that is a template
may refer to a node besides.
"""

_QUOTING = {"database": True, "schema": True, "identifier": True, "column": None}
"""Of which parts of a name dbt's manifest says whether they are quoted, and what is usual."""


class LoadedProject(Struct, frozen=True):
    """A workspace whose nodes have been read, and don't go in circles."""

    workspace: Workspace
    manifest: Manifest
    graph: Graph
    kept: Mapping[str, bytes] = {}
    """What files in the target path are to hold for the next parse, where they don't yet."""
    renderings: RenderMemory | None = None
    """Which templates were rendered, and which were as they had been."""

    def offline(self) -> LoadedProject:
        """The same project, of which nothing asks the database."""
        workspace = structs.replace(self.workspace, adapter=offline(self.workspace.adapter))
        return structs.replace(self, workspace=workspace)


def parse_project(workspace: Workspace, warn: Callable[[WarningRaised], None]) -> LoadedProject:
    """Parse the project's nodes, and check that they don't go in circles. Connects to nothing.

    Raises:
        HeadraceError: a file can't be read or parsed, or refers to what isn't there.
    """
    adapter = workspace.adapter
    messages: list[Event] = []
    environment = TemplateEnvironment(workspace.codes, LenientUndefined)
    cache, memory = _kept(workspace)

    def make_renderer(macros: MacroIndex) -> ParseRenderer:
        asked = Asked()
        common = workspace.common_context(messages.append, note=asked.note)
        renderer = TemplateParseRenderer(
            macros,
            environment=environment,
            strict=TemplateEnvironment(workspace.codes),
            common=common,
            adapter=adapter,
            relations=workspace.relations,
            warn=warn,
            asked=asked,
        )
        _check_query_comment(workspace, renderer)
        answers = Answers(macros, workspace.variables, common.answers)
        return RememberingRenderer(renderer, memory, asked, answers, is_secret=workspace.is_secret)

    manifest = load_manifest(
        ParseInputs(
            projects=(workspace.project, *workspace.packages),
            schema=workspace.target.schema,
            database=workspace.target.database,
            vars=workspace.variables,
            builtin_macros=_builtin_macros(adapter),
            dialect=(*adapter.dialect, "default"),
            ignored_configs=adapter.ignored_configs,
            context_names=PARSE_NAMES,
            make_renderer=make_renderer,
            yaml=workspace.yaml,
            warn=warn,
            cache=cache,
            inline=workspace.start.options.query,
            names_each_space=workspace.settings.report.debug,
            locates_each_deprecation=workspace.settings.warnings.shows_all_deprecations,
            effects=_EFFECTS | {"var"} if workspace.variables.hold_templates else _EFFECTS,
        )
    )
    graph = Graph({**dict.fromkeys(manifest.sources, ()), **manifest.parents})
    _check_acyclic(graph, manifest)
    workspace.codes.flush()
    made = {CACHE_NAME: cache.encoded(), MEMORY_NAME: memory.encoded()}
    kept = {name: content for name, content in made.items() if content is not None}
    return LoadedProject(workspace, manifest, graph, kept, memory)


def _kept(workspace: Workspace) -> tuple[ParseCache, RenderMemory]:
    """What the last parse has kept, as far as it is to be used."""
    settings = _settings(workspace)
    if not workspace.settings.project.partial_parse:
        return ParseCache(), RenderMemory.decoded(b"", settings)
    root, target_path = workspace.project.root, workspace.target_path
    memory = load_memory(target_path / MEMORY_NAME, root, settings)
    return load_cache(target_path / CACHE_NAME, root), memory


def _settings(workspace: Workspace) -> bytes:
    """A digest of what every rendering depends on, whatever its template asks."""
    project, adapter = workspace.project, workspace.adapter
    said = (
        DBT_VERSION,
        adapter.type,
        adapter.dialect,
        project.name,
        sorted(project.quoting.items()),
        project.dispatch,
        [package.name for package in workspace.packages],
    )
    return blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _check_query_comment(workspace: Workspace, renderer: TemplateParseRenderer) -> None:
    """See that there can be a query comment, as dbt does before it reads a node.

    Raises:
        CompilationError: its template fails also where there is no node.
    """
    comment = workspace.project.query_comment.comment
    if comment and has_template(comment):
        operation = comment_operation(workspace.project.name, workspace.target)
        comment = renderer.render_comment(operation, comment)
    check_comment(comment or "")


def manifest_of(project: LoadedProject, compiled: Mapping[str, str]) -> dict[str, Any]:
    """`manifest.json`. `compiled` holds the SQL of the nodes that were compiled."""
    workspace = project.workspace
    start = workspace.start
    variables = UsedVars(project.manifest, workspace.variables).all()
    metadata = {
        "dbt_version": DBT_VERSION,
        "generated_at": utc_text(datetime.now(UTC)),
        "invocation_id": start.invocation_id,
        "invocation_started_at": utc_text(start.started_at),
        "env": {**custom_environment(start.environ), **own_metadata(variables, VERSION)},
        "project_name": workspace.project.name,
        "project_id": None,
        "user_id": None,
        "send_anonymous_usage_stats": False,
        "adapter_type": workspace.adapter.type,
        "quoting": {**_QUOTING, **workspace.project.quoting},
    }
    return manifest_document(
        project.manifest,
        metadata=metadata,
        relation_name=workspace.relation_name,
        compiled=compiled,
        selectors=workspace.selectors.described,
        target_path=workspace.target_path_display,
        tells_arguments=bool(workspace.project.flags.get(VALIDATES_ARGUMENTS)),
    )


def _builtin_macros(adapter: Adapter) -> list[MacroFile]:
    files = list(macro_files_in(BUILTIN_MACROS, "macros"))
    if adapter.macro_directory is not None:
        files += macro_files_in(adapter.macro_directory, f"macros/{adapter.type}")
    return files


def _check_acyclic(graph: Graph, manifest: Manifest) -> None:
    try:
        graph.check_acyclic()
    except CycleError as error:
        nodes = [manifest.everything[unique_id] for unique_id in error.cycle]
        # Within a project a model's name says enough; the files say where to look.
        first = nodes[0]
        following = nodes[1] if len(nodes) > 1 else first
        line = next((call.line for call in following.refs if call.name == first.name), None)
        raise CycleError(
            [node.name for node in nodes],
            location=Location(following.original_file_path, line),
        ) from error


def utc_text(moment: datetime) -> str:
    """A moment in UTC as artifacts have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
