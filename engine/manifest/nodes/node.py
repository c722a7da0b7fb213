"""What every node of a project has: frozen, typed, and complete once the loader has made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from ...core.errors import Location
from ...core.results import EPHEMERAL, GroupInfo, NodeDetails, NodeInfo
from .node_calls import RefCall, SourceCall
from .resource_type import ResourceType


class Checksum(msgspec.Struct, frozen=True):
    """A digest of a file's content, with the name of the algorithm."""

    name: str
    checksum: str


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column as a properties file describes it.

    `constraints` are in the shape of the artifact. `doc_blocks` are the ids of the docs blocks
    that its description calls. `extra` are keys of the project's own.
    """

    name: str
    description: str = ""
    meta: dict[str, Any] = {}
    data_type: str | None = None
    quote: bool | None = None
    tags: tuple[str, ...] = ()
    constraints: tuple[Mapping[str, Any], ...] = ()
    granularity: str | None = None
    doc_blocks: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


class Hook(msgspec.Struct, frozen=True):
    """SQL to run before or after a model. It is rendered when its turn comes."""

    sql: str
    transaction: bool = True


MAX_TIMEOUT = 1_000_000
"""The most seconds that a node may be given: some eleven days."""


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node's resolved configuration.

    The fields are those that the engine acts on; `values` is the whole of it, as templates
    and artifacts see it. `timeout` is how many seconds the node may take.
    """

    enabled: bool = True
    materialized: str = "view"
    alias: str | None = None
    schema: str | None = None
    database: str | None = None
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = {}
    full_refresh: bool | None = None
    unique_key: str | tuple[str, ...] | None = None
    incremental_strategy: str | None = None
    pre_hook: tuple[Hook, ...] = ()
    post_hook: tuple[Hook, ...] = ()
    quoting: dict[str, bool | None] = {}
    column_types: dict[str, str] = {}
    quote_columns: bool | None = None
    delimiter: str = ","
    timeout: Annotated[float, msgspec.Meta(gt=0, le=MAX_TIMEOUT)] | None = None
    severity: str = "ERROR"
    where: str | None = None
    limit: int | None = None
    fail_calc: str = "count(*)"
    warn_if: str = "!= 0"
    error_if: str = "!= 0"
    values: Mapping[str, Any] = {}


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every node that is built, tested or read has.

    `path` is relative to the directory it was found by ("staging/stg_orders.sql"),
    `original_file_path` to the project ("models/staging/stg_orders.sql"). `raw_code` has the
    file's lines, counted as its author sees them; dbt's has no white space around it.
    """

    unique_id: str
    name: str
    package_name: str
    resource_type: ResourceType
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    config: NodeConfig
    unrendered_config: Mapping[str, Any] = {}
    description: str = ""
    doc_blocks: tuple[str, ...] = ()
    columns: Mapping[str, Column] = {}
    schema: str
    database: str | None = None
    alias: str
    raw_code: str = ""
    checksum: Checksum
    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    macros: tuple[str, ...] = ()
    """Unique ids of the macros that its templates name, whether they come to call them or not."""
    called_macros: tuple[str, ...] = ()
    """Of those, the ones that its templates call while parsing, in their order, as dbt notes it."""
    patch_path: str | None = None
    first_tags: tuple[str, ...] = ()
    """Tags that come before those of its configuration, where it has them from elsewhere."""
    created_at: float = 0.0

    @property
    def location(self) -> Location:
        return Location(self.original_file_path)

    @property
    def group(self) -> str | None:
        """The group of models that it belongs to."""
        return self.config.values.get("group")

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.first_tags, *self.config.tags)))

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is a model of which nothing is built.

        What is configured for models holds for others as well: a hook that is called ephemeral by
        that is run all the same.
        """
        is_model = self.resource_type is ResourceType.MODEL
        return is_model and self.config.materialized == EPHEMERAL

    @property
    def is_embedded(self) -> bool:
        """Whether its code is a value in a file, so that its lines aren't the file's."""
        return False

    @property
    def kind(self) -> str:
        """The noun of its log lines."""
        return self.resource_type.value

    @property
    def display_name(self) -> str:
        return f"{self.schema}.{self.alias}"

    @property
    def inner_path(self) -> str:
        """Its file's path for a place where nothing may lead out of, whatever its project names."""
        path = self.original_file_path.lstrip("/")
        return "/".join("__" if step == ".." else step for step in path.split("/"))

    @property
    def build_path(self) -> str:
        """Where its compiled SQL goes, below target/compiled and target/run."""
        path = self.original_file_path
        leads_out = path.startswith("/") or ".." in path
        return f"{self.package_name}/{self.inner_path if leads_out else path}"

    @property
    def details(self) -> NodeDetails:
        """What tools read of it in the log. Its group is known to the manifest alone."""
        return NodeDetails(
            path=self.path,
            database=self.database or "",
            schema=self.schema,
            alias=self.alias,
            checksum=self.checksum.checksum,
            meta=self.config.meta,
        )

    def info(self, relation_name: str | None = None, group: GroupInfo | None = None) -> NodeInfo:
        return NodeInfo(
            unique_id=self.unique_id,
            name=self.name,
            resource_type=self.resource_type.value,
            kind=self.kind,
            display_name=self.display_name,
            path=self.original_file_path,
            materialized=self.config.materialized,
            relation_name=relation_name,
            details=replace(self.details, group=group) if group else self.details,
        )
