"""What became of a node: the outcome types that everything above speaks in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from textwrap import indent

from msgspec import Struct, field

from .errors import Location

EPHEMERAL = "ephemeral"
"""The materialization of models that stand in other nodes' SQL, and of which nothing is built."""


class Status(StrEnum):
    """The final status of a node. A node gets exactly one."""

    SUCCESS = "success"
    """A model or seed was built."""
    PARTIAL_SUCCESS = "partial success"
    """Some of its batches were built, and others failed."""
    ERROR = "error"
    """It could not be built, or a test could not be run."""
    SKIPPED = "skipped"
    """It was not started: something it needs failed, or the run stopped before."""
    CANCELLED = "cancelled"
    """It was in flight when the run was stopped, and its query has ended on the server."""
    TIMEOUT = "timeout"
    """It took longer than its `timeout` allows, and its query has ended on the server."""
    PASS = "pass"
    """A test found nothing."""
    FAIL = "fail"
    """A test found something, and its severity is error."""
    WARN = "warn"
    """A test found something, and its severity is warn."""
    NO_OP = "no-op"
    """There is nothing to be done for it: an exposure, a saved query."""

    @property
    def is_failure(self) -> bool:
        """Whether the exit code turns to 1."""
        return self in _FAILURES

    @property
    def blocks_children(self) -> bool:
        """Whether what depends on the node is skipped."""
        return self.is_failure or self is Status.SKIPPED


_FAILURES = frozenset(
    (Status.ERROR, Status.FAIL, Status.CANCELLED, Status.TIMEOUT, Status.PARTIAL_SUCCESS)
)


class BatchResults(Struct, frozen=True):
    """The batches of a microbatch model by what became of them: start and end, in UTC."""

    successful: tuple[tuple[datetime, datetime], ...] = ()
    failed: tuple[tuple[datetime, datetime], ...] = ()


class GroupInfo(Struct, frozen=True):
    """Who answers for a node: its group, and the group's owner."""

    name: str
    package_name: str
    owner: Mapping[str, object]


class NodeDetails(Struct, frozen=True):
    """What tools read of a node that no line of text says.

    `path` is relative to the directory that the node was found by ("staging/stg_orders.sql").
    """

    path: str = ""
    database: str = ""
    schema: str = ""
    alias: str = ""
    checksum: str = ""
    attached_node: str = ""
    meta: Mapping[str, object] = {}
    group: GroupInfo | None = None


class NodeInfo(Struct, frozen=True):
    """A node as people and logs know it.

    `kind` is the noun of the log line ("table model", "seed file", "test"), `display_name`
    what the line calls it ("main.orders"; a test's own name).
    """

    unique_id: str
    name: str
    resource_type: str
    kind: str
    display_name: str
    path: str
    materialized: str
    relation_name: str | None = None
    details: NodeDetails = NodeDetails()

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is a model of which nothing is built; a hook is none, however configured."""
        return self.resource_type == "model" and self.materialized == EPHEMERAL


class Timing(Struct, frozen=True):
    """One phase of a node ("compile", "execute"). Times are aware, in UTC."""

    name: str
    started_at: datetime
    completed_at: datetime


class NodeError(Struct, frozen=True):
    """Why a node failed.

    `title` heads it ("Database Error in model orders (models/orders.sql)"); `message` says
    what and what to do; `path` is the compiled file to look at, where there is one.
    """

    title: str
    message: str
    location: Location | None = None
    compiled_path: str | None = None

    @property
    def text(self) -> str:
        """All of it in lines, as artifacts have it: those below the title are indented."""
        return f"{self.title}\n{indent(self.message, '  ')}"


class SourceAge(Struct, frozen=True):
    """How old a source is: its newest row and the moment of asking, in UTC, and seconds between.

    `criteria` are the ages that are allowed, as artifacts have them.
    """

    max_loaded_at: datetime
    snapshotted_at: datetime
    seconds: float
    criteria: Mapping[str, object] = field(default_factory=dict)


class Doubt(Struct, frozen=True):
    """A transaction of a node of which nobody could say whether it is durable.

    Attributes:
        transaction: what the database calls it; None where that isn't known.
        completes: whether the node, or its batch, is done if it went through.
        batch: the batch whose it is: start and end, in UTC.
    """

    transaction: str | None
    completes: bool = False
    batch: tuple[datetime, datetime] | None = None


class RunResult(Struct, frozen=True):
    """What became of one node.

    `execution_time` is in seconds. `message` is what the log line says between its brackets
    ("SELECT 4"), or the reason. `failures` counts the rows that a test found.
    """

    node: NodeInfo
    status: Status
    message: str = ""
    execution_time: float = 0.0
    thread_id: str = ""
    """The slot that it was run in; a hook of the run's is in none."""
    timing: tuple[Timing, ...] = ()
    adapter_response: Mapping[str, object] = field(default_factory=dict)
    failures: int | None = None
    compiled: bool = False
    compiled_code: str | None = None
    error: NodeError | None = None
    batch_results: BatchResults | None = None
    because: str | None = None
    """The unique id of the node whose failure skipped this one."""
    source_age: SourceAge | None = None
    """Of a source whose freshness was checked; None where that wasn't possible."""
    doubts: tuple[Doubt, ...] = ()
    """What has to be asked of the database before the node is run again."""

    @property
    def recorded_thread(self) -> str:
        """The thread as results tell of it: as in dbt a hook's is `main` there, and nowhere else.

        Packages tell by it which results are hooks.
        """
        return "main" if self.node.unique_id.startswith("operation.") else self.thread_id

    @property
    def is_of_ephemeral(self) -> bool:
        """Whether an ephemeral model was compiled, which is no result as long as it goes well."""
        return self.node.is_ephemeral and self.status is Status.SUCCESS
