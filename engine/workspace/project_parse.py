"""Parsing a workspace's project: from what the last parse has kept, or anew.

The readers and checks, and what renders templates, are imported where a project is read anew: that
is a fifth of what a command takes that finds its project as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from ...adapters.base import Adapter
from ..core.checkpoints import checked
from ..core.encoding import encode
from ..core.errors import CycleError, HeadraceError, Location
from ..core.events import Event, WarningRaised
from ..core.graph import Graph
from ..manifest.manifest import Manifest
from ..manifest.reading.inputs import ParseInputs
from ..manifest.reading.parse_cache import FILE_NAME as CACHE_NAME
from ..manifest.reading.parse_cache import ParseCache, load_cache
from ..manifest.reading.render_memory import FILE_NAME as MEMORY_NAME
from ..manifest.reading.render_memory import Question, RenderMemory, load_memory
from ..manifest.used_vars import UsedVars
from ..project.render import has_template
from ..template.context import DBT_VERSION
from ..template.parse_names import PARSE_NAMES
from ..template.query_comment import check_comment, comment_operation
from ..template.questions import Answers, Asked, value_digest
from ..template.template_environment import LenientUndefined, TemplateEnvironment
from .last_parse import (
    Facts,
    LastParse,
    ParseRecord,
    files_of,
    left_out_of,
    load_last_manifest,
    load_last_parse,
)
from .loaded_project import LoadedProject, Parsed, Renderings, graph_of
from .workspace import Workspace

if TYPE_CHECKING:
    from ..manifest.jinja.macro_file import MacroFile
    from ..manifest.jinja.macro_index import MacroIndex
    from ..manifest.reading.parse_renderer import ParseRenderer
    from ..template.parsing import TemplateParseRenderer

BUILTIN_MACROS = Path(__file__).parents[1] / "template" / "sql"

_EFFECTS = frozenset({"env_var", "set_strict", "zip_strict"})
"""Names whose use may be an error, which dbt meets while parsing. A variable that is a template
may refer to a node besides.
"""


def parse_project(workspace: Workspace, warn: Callable[[WarningRaised], None]) -> LoadedProject:
    """Parse the project's nodes, and check that they don't go in circles. Connects to nothing.

    Where nothing has changed since the last parse, its nodes are read once they are asked for.

    Raises:
        HeadraceError: a file can't be read or parsed, or refers to what isn't there.
    """
    return _ProjectParse(workspace, warn).project()


class _ProjectParse:
    """One parse of a workspace's project."""

    def __init__(self, workspace: Workspace, warn: Callable[[WarningRaised], None]) -> None:
        self._workspace = workspace
        self._warn = warn
        self._warnings: list[WarningRaised] = []
        self._asked = Asked()
        self._messages: list[Event] = []
        self._memory = RenderMemory()

    def project(self) -> LoadedProject:
        """The project, from what was kept of it or anew."""
        inputs = self._inputs()
        if not self._is_whole_kept:
            return self._anew(inputs, None)
        workspace = self._workspace
        record = ParseRecord(inputs, workspace.adapter.type)
        last = load_last_parse(workspace.target_path, workspace.project.root)
        if last is None or not record.matches(last, self._answer):
            return self._anew(inputs, record)
        parsed = Parsed(last.facts, partial(self._last_manifest, last, inputs), last.origin)
        if last.left and not self._give_the_same(last, parsed.manifest.macros):
            return self._anew(inputs, record)
        for warning in last.warnings:
            self._warn(warning)
        renderings = Renderings(len(last.left), last.renderings)
        return LoadedProject(workspace, parsed, renderings=renderings)

    def _give_the_same(self, last: LastParse, macros: MacroIndex) -> bool:
        """Whether renderings that can't be kept give what they gave then."""
        from ..template.remembering import done

        warnings: list[WarningRaised] = []
        renderer = self._template_renderer(macros, Asked(), warnings.append)
        try:
            same = all(
                done(renderer, left.work, left.node) == left.found
                for left in checked(left_out_of(last))
            )
        except (HeadraceError, msgspec.DecodeError):
            return False
        return same and not warnings

    def _last_manifest(self, last: LastParse, inputs: ParseInputs) -> Manifest:
        workspace = self._workspace
        kept = load_last_manifest(last, inputs, workspace.target_path, workspace.project.root)
        if kept is None:
            # Somebody has deleted it meanwhile. What there is to warn of has been said.
            again = _ProjectParse(workspace, lambda warning: None)
            return again._anew(again._inputs(), None).manifest
        return kept

    @property
    def _is_whole_kept(self) -> bool:
        """Whether a parse is taken over as a whole, where nothing has changed."""
        workspace = self._workspace
        options = workspace.start.options
        return (
            workspace.settings.project.partial_parse
            and options.query is None
            # It is rendered with each parse, to see that it can be.
            and not has_template(workspace.project.query_comment.comment or "")
            and not workspace.is_secret(dict(options.vars))
        )

    def _anew(self, inputs: ParseInputs, record: ParseRecord | None) -> LoadedProject:
        from ..manifest.loader import load_manifest

        workspace = self._workspace
        cache, self._memory = _kept(workspace)
        macros = _builtin_macros(workspace.adapter)
        manifest = load_manifest(structs.replace(inputs, cache=cache, builtin_macros=macros))
        graph = graph_of(manifest)
        _check_acyclic(graph, manifest)
        workspace.codes.flush()
        memory = self._memory
        made = {CACHE_NAME: cache.encoded(), MEMORY_NAME: memory.encoded()}
        kept = dict[str, bytes | bytearray]()
        kept.update((name, content) for name, content in made.items() if content is not None)
        facts = Facts(
            counts=manifest.counts(),
            used_vars=encode(UsedVars(manifest, workspace.variables).all()).decode(),
            has_metrics=manifest.has_metrics,
        )
        last = self._last(record, manifest, facts) if record is not None else None
        if last is not None:
            kept |= files_of(*last)
        origin = last[0].origin if last is not None else None
        parsed = Parsed(facts, lambda: manifest, origin, graph)
        renderings = Renderings(memory.rendered + len(memory.left), memory.recalled)
        return LoadedProject(workspace, parsed, kept, renderings)

    def _last(
        self, record: ParseRecord, manifest: Manifest, facts: Facts
    ) -> tuple[LastParse, bytearray] | None:
        """What the next parse is to know of this one as a whole."""
        asked = self._asked.taken()
        if asked is None:
            return None
        return record.kept(manifest, facts, asked, self._answer, self._warnings, self._memory)

    def _inputs(self) -> ParseInputs:
        workspace = self._workspace
        adapter, settings = workspace.adapter, workspace.settings
        return ParseInputs(
            projects=(workspace.project, *workspace.packages),
            schema=workspace.target.schema,
            database=workspace.target.database,
            vars=workspace.variables,
            builtin_macros=(),  # read only where files are
            dialect=(*adapter.dialect, "default"),
            ignored_configs=adapter.ignored_configs,
            context_names=PARSE_NAMES,
            make_renderer=self._make_renderer,
            yaml={name: each.watched(self._asked.note) for name, each in workspace.yaml.items()},
            warn=self._tell,
            inline=workspace.start.options.query,
            names_each_space=settings.report.debug,
            locates_each_deprecation=settings.warnings.shows_all_deprecations,
            effects=_EFFECTS | {"var"} if workspace.variables.hold_templates else _EFFECTS,
        )

    def _tell(self, warning: WarningRaised) -> None:
        self._warnings.append(warning)
        self._warn(warning)

    def _make_renderer(self, macros: MacroIndex) -> ParseRenderer:
        from ..template.remembering import RememberingRenderer

        workspace = self._workspace
        asked = Asked()
        renderer = self._template_renderer(macros, asked, self._tell)
        _check_query_comment(workspace, renderer)
        answers = Answers(macros, workspace.variables, self._values)
        is_secret = workspace.is_secret
        return RememberingRenderer(renderer, self._memory, asked, answers, is_secret=is_secret)

    def _template_renderer(
        self, macros: MacroIndex, asked: Asked, warn: Callable[[WarningRaised], None]
    ) -> TemplateParseRenderer:
        from ..template.parsing import TemplateParseRenderer

        workspace = self._workspace
        return TemplateParseRenderer(
            macros,
            environment=self._environment,
            strict=TemplateEnvironment(workspace.codes),
            common=workspace.common_context(self._messages.append, note=asked.note),
            adapter=workspace.adapter,
            relations=workspace.relations,
            warn=warn,
            asked=asked,
        )

    @cached_property
    def _environment(self) -> TemplateEnvironment:
        return TemplateEnvironment(self._workspace.codes, LenientUndefined)

    @cached_property
    def _values(self) -> dict[str, Mapping[str, Any]]:
        """What templates may ask of the invocation."""
        return self._workspace.common_context(self._messages.append).answers

    def _answer(self, question: Question) -> bytes | None:
        """A digest of the answer to a question; None where it is none to be kept."""
        kind, *about = question
        values = self._values.get(kind, {})
        name = about[0] if about else ""
        if name in values:
            return None if self._workspace.is_secret(values[name]) else value_digest(values, name)
        # An environment variable or a flag may be missing; any other name is another thing.
        return value_digest(values, name) if kind in ("env", "flag") else None


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


def _builtin_macros(adapter: Adapter) -> list[MacroFile]:
    from ..manifest.jinja.macro_file import macro_files_in

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
