"""The manifest of an earlier run: versions 1 to 12, the one without a number, and headrace's.

Only what a comparison or a deferral asks for is read. Today's nodes are brought into the same
shape, so that a comparison is one of like with like.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from .artifact_files import read_artifact

MANIFEST_NAME = "manifest.json"
_NEWEST = 12
_VERSION, _VARS = "HEADRACE_VERSION", "HEADRACE_VARS"


class PastColumn(Struct):
    """A column, as far as comparisons go."""

    name: str = ""
    description: str | None = None
    data_type: str | None = None
    constraints: list[Any] | None = None


class PastContract(Struct):
    """What a model promised of its columns."""

    enforced: bool | None = False
    checksum: str | None = None


class PastDependencies(Struct):
    """What a node needs, by unique id."""

    nodes: list[str] = []
    macros: list[str] = []


class PastNode(Struct):
    """A node, a source, an exposure… of a manifest. What its kind or its version lacks is None."""

    unique_id: str
    resource_type: str
    name: str = ""
    package_name: str = ""
    fqn: list[str] | None = None
    original_file_path: str = ""
    database: str | None = None
    schema: str | None = None
    alias: str | None = None
    identifier: str | None = None
    relation_name: str | None = None
    raw_code: str | None = None
    raw_sql: str | None = None
    checksum: Any = None
    config: dict[str, Any] | None = None
    unrendered_config: dict[str, Any] | None = None
    unrendered_database: str | None = None
    unrendered_schema: str | None = None
    description: str | None = None
    columns: dict[str, PastColumn] | None = None
    depends_on: PastDependencies | None = None
    contract: PastContract | None = None
    constraints: list[Any] | None = None
    access: str | None = None
    version: Any = None
    latest_version: Any = None
    deprecation_date: str | None = None
    quoting: dict[str, Any] | None = None
    freshness: dict[str, Any] | None = None
    loaded_at_field: str | None = None
    external: Any = None
    type: str | None = None
    owner: Any = None
    maturity: str | None = None
    url: str | None = None
    label: str | None = None
    model: str | None = None
    defaults: Any = None
    entities: Any = None
    dimensions: Any = None
    measures: Any = None
    primary_entity: str | None = None
    group: str | None = None
    query_params: Any = None
    given: list[Any] | None = None
    expect: Any = None
    overrides: Any = None
    versions: Any = None
    exports: list[Any] | None = None
    tags: Any = None

    @property
    def body(self) -> str:
        """Its template, by whichever name its version has for it."""
        code = self.raw_code if self.raw_code is not None else self.raw_sql
        return (code or "").strip()

    @property
    def configuration(self) -> Mapping[str, Any]:
        return self.config or {}

    @property
    def materialized(self) -> str:
        return str(self.configuration.get("materialized") or "")


class PastMacro(Struct):
    """A macro's text."""

    macro_sql: str = ""
    package_name: str = ""


class PastMetadata(Struct):
    """Who wrote a manifest, and with which variables."""

    dbt_version: str | None = None
    adapter_type: str | None = None
    env: dict[str, Any] | None = None
    headrace_vars: dict[str, dict[str, Any]] | None = None
    """In manifests of headrace's own that are older than their place in `env`."""

    def variables(self) -> Mapping[str, Mapping[str, Any]] | None:
        """The values of the variables that each node used; None where the manifest doesn't say."""
        noted = (self.env or {}).get(_VARS)
        if not isinstance(noted, str):
            return self.headrace_vars
        try:
            return msgspec.json.decode(noted, type=dict[str, dict[str, Any]])
        except msgspec.MsgspecError:
            return None


def own_metadata(variables: str, version: str) -> dict[str, str]:
    """What a manifest says in `env` of what dbt's format has no place for.

    `variables` are those that nodes use, by the nodes' ids, as JSON.
    """
    return {_VERSION: version, _VARS: variables}


class PastManifest(Struct):
    """All that an earlier run knew of its project."""

    nodes: dict[str, PastNode]
    metadata: PastMetadata = field(default_factory=PastMetadata)
    sources: dict[str, PastNode] = {}
    exposures: dict[str, PastNode] = {}
    metrics: dict[str, PastNode] = {}
    semantic_models: dict[str, PastNode] = {}
    saved_queries: dict[str, PastNode] = {}
    unit_tests: dict[str, PastNode] = {}
    macros: dict[str, PastMacro] = {}

    def find(self, unique_id: str) -> PastNode | None:
        """What had an id, whatever it was."""
        for section in (
            self.nodes,
            self.sources,
            self.exposures,
            self.metrics,
            self.semantic_models,
            self.saved_queries,
            self.unit_tests,
        ):
            if unique_id in section:
                return section[unique_id]
        return None


def read_past_manifest(directory: Path) -> PastManifest:
    """The manifest in a directory of artifacts.

    Raises:
        UsageError: it can't be read, or is no manifest of a version that is known.
    """
    return read_artifact(
        directory / MANIFEST_NAME,
        PastManifest,
        name="manifest",
        newest=_NEWEST,
        prepare=_with_plain_line_ends,
    )


def as_past(described: Mapping[str, Any]) -> PastNode:
    """One of today's nodes in the shape that it will have for those who come later."""
    content = _with_plain_line_ends(msgspec.json.encode(described, enc_hook=str))
    return msgspec.json.decode(content, type=PastNode)


def _with_plain_line_ends(content: bytes) -> bytes:
    """JSON in whose texts each line ends as on Unix: how a file was checked out is no change."""
    return content.replace(rb"\r\n", rb"\n") if rb"\r\n" in content else content


def plain(value: Any) -> Any:
    """A value as it comes back from an artifact."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))
