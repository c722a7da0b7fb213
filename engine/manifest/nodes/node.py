"""The nodes of a project: frozen, typed, and complete once the loader has made them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from ...core.errors import Location
from ...core.results import NodeInfo
from .freshness_rules import Freshness


class ResourceType(StrEnum):
    """What a node is."""

    MODEL = "model"
    SEED = "seed"
    TEST = "test"
    UNIT_TEST = "unit_test"
    SNAPSHOT = "snapshot"
    ANALYSIS = "analysis"
    SOURCE = "source"
    EXPOSURE = "exposure"
    METRIC = "metric"
    SEMANTIC_MODEL = "semantic_model"
    SAVED_QUERY = "saved_query"
    OPERATION = "operation"
    SQL_OPERATION = "sql_operation"


Version = str | int | float
"""What comes after `v:` in a properties file."""


class RefCall(msgspec.Struct, frozen=True):
    """One `ref(…)` of a template. `line` is where it stands in its file, from 1."""

    name: str
    package: str | None = None
    version: Version | None = None
    line: int | None = None

    def __str__(self) -> str:
        """The call as a template has it."""
        names = f"'{self.package}', '{self.name}'" if self.package else f"'{self.name}'"
        return f"ref({names})" if self.version is None else f"ref({names}, v={self.version!r})"


class SourceCall(msgspec.Struct, frozen=True):
    """One `source(…)` of a template."""

    source_name: str
    table_name: str
    line: int | None = None


class Constant(msgspec.Struct, frozen=True, tag="constant"):
    """A piece of a template that is text already."""

    text: str


class Hole(msgspec.Struct, frozen=True, tag="hole"):
    """A piece of a template that is one call with literal arguments, or `this`."""

    function: str
    arguments: tuple[Any, ...] = ()
    line: int = 0


Piece = Constant | Hole


class Checksum(msgspec.Struct, frozen=True):
    """A digest of a file's content, with the name of the algorithm."""

    name: str
    checksum: str


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column as a properties file describes it.

    `constraints` are in the shape of the artifact. `doc_blocks` are the ids of the docs blocks
    that its description calls.
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


class Hook(msgspec.Struct, frozen=True):
    """SQL to run before or after a model. It is rendered when its turn comes."""

    sql: str
    transaction: bool = True


MAX_TIMEOUT = 1_000_000
"""The most seconds that a node may be given: some eleven days."""


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
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


class Node(msgspec.Struct, frozen=True, kw_only=True):
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
    """Unique ids of the macros that its template names."""
    patch_path: str | None = None
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
        return self.config.tags

    @property
    def is_ephemeral(self) -> bool:
        return self.config.materialized == "ephemeral"

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
    def build_path(self) -> str:
        """Where its compiled SQL goes, below target/compiled and target/run."""
        return f"{self.package_name}/{self.original_file_path}"

    def info(self, relation_name: str | None = None) -> NodeInfo:
        return NodeInfo(
            unique_id=self.unique_id,
            name=self.name,
            resource_type=self.resource_type.value,
            kind=self.kind,
            display_name=self.display_name,
            path=self.original_file_path,
            materialized=self.config.materialized,
            relation_name=relation_name,
        )


class Model(Node, frozen=True, kw_only=True):
    """A select that becomes a relation.

    `pieces` is its template taken apart, where it is nothing but text and literal calls: then
    no template needs to be compiled.
    """

    pieces: tuple[Piece, ...] | None = None
    version: Version | None = None
    latest_version: Version | None = None
    deprecation_date: datetime | None = None
    constraints: tuple[Mapping[str, Any], ...] = ()
    time_spine: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        is_microbatch = self.config.incremental_strategy == "microbatch"
        return "microbatch model" if is_microbatch else f"{self.config.materialized} model"

    @property
    def access(self) -> str:
        """Who may refer to it: "private", "protected" or "public"."""
        return self.config.values.get("access") or "protected"

    @property
    def is_versioned(self) -> bool:
        return self.version is not None

    @property
    def is_latest_version(self) -> bool:
        return self.version is not None and self.version == self.latest_version

    @property
    def versioned_name(self) -> str:
        """ "orders.v2"; the name alone where there are no versions."""
        return self.name if self.version is None else f"{self.name}.v{self.version}"


class Seed(Node, frozen=True, kw_only=True):
    """A CSV file that becomes a table."""

    @property
    def kind(self) -> str:
        return "seed file"


class Test(Node, frozen=True, kw_only=True):
    """A query whose rows are failures."""

    __test__ = False  # not something for pytest to collect

    @property
    def display_name(self) -> str:
        return self.name


class SingularTest(Test, frozen=True, kw_only=True):
    """A test that is a SQL file of its own."""

    pieces: tuple[Piece, ...] | None = None


class Analysis(Node, frozen=True, kw_only=True):
    """A query that is compiled, and never run."""

    pieces: tuple[Piece, ...] | None = None

    @property
    def display_name(self) -> str:
        return self.name


class GenericTest(Test, frozen=True, kw_only=True):
    """A macro applied to a model, a seed or a source by a properties file.

    `macro_name` is what is called ("test_unique"), `arguments` what it is called with; strings
    among them may hold Jinja. What is tested is either `tested_ref` or `tested_source`.
    """

    test_name: str
    namespace: str | None = None
    macro_name: str
    arguments: Mapping[str, Any] = {}
    tested_ref: RefCall | None = None
    tested_source: SourceCall | None = None
    column_name: str | None = None
    attached_node: str | None = None
    attached_group: str | None = None
    inherited_tags: tuple[str, ...] = ()
    """The tags of what it tests: of its column, its table and its source."""
    file_key_name: str = ""
    line: int | None = None

    @property
    def group(self) -> str | None:
        return self.attached_group

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.inherited_tags, *self.config.tags)))

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)

    @property
    def build_path(self) -> str:
        return f"{self.package_name}/{self.original_file_path}/{self.path}"


class Source(Node, frozen=True, kw_only=True):
    """A table that somebody else fills."""

    source_name: str
    identifier: str
    source_description: str = ""
    loader: str = ""
    loaded_at_field: str | None = None
    loaded_at_query: str | None = None
    freshness: Freshness | None = None
    source_meta: Mapping[str, Any] = {}
    external: Any = None
    quoting: Mapping[str, bool | None] = {}
    written_schema: str | None = None
    """Its schema as its author wrote it: with its Jinja."""
    written_database: str | None = None
    line: int | None = None

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)

    @property
    def display_name(self) -> str:
        return f"{self.schema}.{self.identifier}"


class Macro(msgspec.Struct, frozen=True, kw_only=True):
    """A macro of the project, of a package or of headrace itself.

    `names` are all the names that its body reads: what its dependencies are found by.
    `package_name` is "dbt" for what comes with headrace, so that `dbt.…` finds it.
    """

    unique_id: str
    name: str
    package_name: str
    path: str
    original_file_path: str
    line: int = 1
    arguments: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    dispatched: frozenset[str] = frozenset()
    is_inert: bool = False
    """Whether its own body can neither add a dependency nor a configuration."""
    file_has_state: bool = False
    """Whether its file does more than define macros: `{% set … %}` beside them, for one."""
    macro_sql: str = ""
    supported_languages: tuple[str, ...] | None = None


class Doc(msgspec.Struct, frozen=True, kw_only=True):
    """A `{% docs %}` block."""

    unique_id: str
    name: str
    package_name: str
    path: str
    original_file_path: str
    block_contents: str
