"""A workspace's nodes, read and checked, and the manifest that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b

from msgspec import Struct, structs

from ...adapters.offline import offline
from ..core.graph import Graph
from ..core.version import VERSION
from ..manifest.artifact.manifest_document import ManifestDocument
from ..manifest.manifest import Manifest
from ..manifest.reading.macro_annotations import FLAG as VALIDATES_ARGUMENTS
from ..settings.environment_variables import custom_environment
from ..state.past_manifest import own_metadata
from ..template.context import DBT_VERSION
from .last_parse import Facts
from .workspace import Workspace

_QUOTING = {"database": True, "schema": True, "identifier": True, "column": None}
"""Of which parts of a name dbt's manifest says whether they are quoted, and what is usual."""


class Parsed:
    """A project's nodes, read from what was kept of them once somebody asks for them.

    Attributes:
        facts: what is known of them without that.
        origin: a digest of what they were made from; None where they aren't kept.
    """

    def __init__(
        self,
        facts: Facts,
        load: Callable[[], Manifest],
        origin: bytes | None = None,
        graph: Graph | None = None,
    ) -> None:
        """Of nodes that are known already, `graph` may be so as well."""
        self.facts = facts
        self.origin = origin
        self._load = load
        self._graph = graph

    def read(self) -> None:
        """Have everything at hand, so that asking for it doesn't block."""
        _ = self.graph

    @cached_property
    def manifest(self) -> Manifest:
        return self._load()

    @cached_property
    def graph(self) -> Graph:
        return graph_of(self.manifest) if self._graph is None else self._graph


class Renderings(Struct, frozen=True):
    """How many templates a parse has rendered, and how many are as they had been."""

    rendered: int = 0
    recalled: int = 0


class LoadedProject(Struct, frozen=True):
    """A workspace whose nodes are known, and don't go in circles.

    Attributes:
        kept: what files in the target path are to hold for the next parse, where they don't yet.
    """

    workspace: Workspace
    parsed: Parsed
    kept: Mapping[str, bytes | bytearray] = {}
    renderings: Renderings = Renderings()

    @property
    def manifest(self) -> Manifest:
        return self.parsed.manifest

    @property
    def graph(self) -> Graph:
        return self.parsed.graph

    def offline(self) -> LoadedProject:
        """The same project, of which nothing asks the database."""
        workspace = structs.replace(self.workspace, adapter=offline(self.workspace.adapter))
        return structs.replace(self, workspace=workspace)


def graph_of(manifest: Manifest) -> Graph:
    """How the nodes of a manifest hang together."""
    return Graph({**dict.fromkeys(manifest.sources, ()), **manifest.parents})


def manifest_of(project: LoadedProject, compiled: Mapping[str, str]) -> ManifestDocument:
    """`manifest.json`. `compiled` holds the SQL of the nodes that were compiled."""
    workspace = project.workspace
    start = workspace.start
    metadata = {
        "dbt_version": DBT_VERSION,
        "generated_at": utc_text(datetime.now(UTC)),
        "invocation_id": start.invocation_id,
        "invocation_started_at": utc_text(start.started_at),
        "env": {
            **custom_environment(start.environ),
            **own_metadata(project.parsed.facts.used_vars, VERSION),
        },
        "project_name": workspace.project.name,
        "project_id": None,
        "user_id": None,
        "send_anonymous_usage_stats": False,
        "adapter_type": workspace.adapter.type,
        "quoting": {**_QUOTING, **workspace.project.quoting},
    }
    return ManifestDocument(
        lambda: project.manifest,
        metadata=metadata,
        relation_name=workspace.relation_name,
        compiled=compiled,
        selectors=workspace.selectors.described,
        target_path=workspace.target_path_display,
        tells_arguments=bool(workspace.project.flags.get(VALIDATES_ARGUMENTS)),
    )


def origin_of(document: ManifestDocument, project: LoadedProject) -> bytes | None:
    """A digest of all that a manifest is made of but its metadata; None where that isn't known.

    Two manifests of one origin are the same after their metadata.
    """
    origin = project.parsed.origin
    if origin is None or document.compiled:
        return None
    stores_failures = project.workspace.settings.build.store_failures
    said = (origin, dict(document.selectors), document.target_path, stores_failures)
    return blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def utc_text(moment: datetime) -> str:
    """A moment in UTC as artifacts have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
