"""What happens in a run, as it happens. Events go one way: out.

The engine emits, `event_queue` takes them out of the way of the run, and reporters turn them into
terminal, log lines and files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from msgspec import Struct, field

from ...adapters.traffic import Happening
from .errors import HeadraceError, Location
from .json_document import JsonDocument
from .results import NodeError, NodeInfo, RunResult


class Kept(Enum):
    """What is kept of the nodes of a command."""

    RESULTS = auto()
    """A journal and run_results.json, which `retry` goes by."""
    SOURCES = auto()
    """sources.json; the results of the last run stay."""
    NOTHING = auto()
    """The results of the last run stay."""


class Manner(Struct, frozen=True):
    """How a command is told of.

    Attributes:
        verbs: what is said of a node that went well, and of one that didn't; by its type if None.
        tells_failures_alone: whether nothing is said of a node that went well, as its answer is
            what the command is run for.
        answers_by_line: whether each line of its answer is an answer by itself.
        calls_macro: whether what it runs is a macro, called for its own sake.
        keeps: what is kept of its nodes.
    """

    verbs: tuple[str, str] | None = None
    tells_failures_alone: bool = False
    answers_by_line: bool = False
    calls_macro: bool = False
    keeps: Kept = Kept.RESULTS


class InvocationStarted(Struct, frozen=True):
    """A command begins. `arguments` are its options by name; `--vars` may hold a secret.

    `extra` is what the environment wants each record of the log to have.
    """

    invocation_id: str
    command: str
    version: str
    started_at: datetime
    arguments: Mapping[str, object] = field(default_factory=dict)
    manner: Manner = Manner()
    extra: Mapping[str, str] = field(default_factory=dict)


class WarningRaised(Struct, frozen=True):
    """Something to look at that stops nothing. `name` is the documented name of its kind.

    `data` are the facts in the message, by the names of the fields that dbt's event has.
    """

    name: str
    message: str
    location: Location | None = None
    data: Mapping[str, object] = field(default_factory=dict)


class RunResumed(Struct, frozen=True):
    """`retry` has found the run to repeat: another command from now on, with its options.

    `records` are what the journal of that run says of its nodes.
    """

    command: str
    arguments: Mapping[str, object]
    records: tuple[Mapping[str, object], ...] = ()
    manner: Manner = Manner()


class ProjectFound(Struct, frozen=True):
    """It is known which project it is, and where its log goes. Its nodes aren't read yet.

    `target_path` is where its artifacts go. Absolute. `adapter_type` is the type of its target's
    database, and `adapter_version` the release of what brings the adapter for it.
    """

    log_path: Path
    target_path: Path | None = None
    adapter_type: str = ""
    adapter_version: str = ""


class ProjectLoaded(Struct, frozen=True):
    """The project was read. `counts` are pairs as the "Found …" line says them: (4, "models")."""

    counts: tuple[tuple[int, str], ...]
    adapter_type: str
    project_root: Path | None = None
    target_path: Path | None = None
    """Where artifacts go. Absolute."""


class DeferredReference(Struct, frozen=True):
    """A node that is read from where an earlier run has built it: as which relation, and why."""

    unique_id: str
    name: str
    relation_name: str
    reason: str


class ReferencesDeferred(Struct, frozen=True):
    """References of the nodes about to run are deferred; `directory` holds the state.

    It is relative to the project where it lies inside.
    """

    references: tuple[DeferredReference, ...]
    directory: str


class RunStarted(Struct, frozen=True):
    """Nodes are about to run: all that were selected, in the order of the graph."""

    nodes: tuple[NodeInfo, ...]
    threads: int
    target_name: str
    start_hooks: tuple[NodeInfo, ...] = ()
    end_hooks: tuple[NodeInfo, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    """What flags, environment and project have settled on, by the names of the options."""

    @property
    def everything(self) -> tuple[NodeInfo, ...]:
        """The nodes, with the hooks that run before and after them."""
        return (*self.start_hooks, *self.nodes, *self.end_hooks)


class NothingToDo(Struct, frozen=True):
    """The selection is empty. `unmatched` are the criteria that matched nothing."""

    unmatched: tuple[str, ...] = ()


class RunEmpty(Struct, frozen=True):
    """A command that runs nodes has none to run. `settings` are those of `RunStarted`."""

    settings: Mapping[str, object] = field(default_factory=dict)


class NodeStarted(Struct, frozen=True):
    """A node took a slot. `index` counts from 1 in the order of starts."""

    node: NodeInfo
    index: int
    total: int
    started_at: datetime
    thread_id: str = ""


class NodeCompiled(Struct, frozen=True):
    """A node's SQL is known: what `target/compiled` holds. `path` is relative to there."""

    node: NodeInfo
    path: str
    sql: str


class BatchStarted(Struct, frozen=True):
    """A batch of a microbatch model begins. `label` says when its window does."""

    node: NodeInfo
    label: str
    index: int
    total: int


class BatchFinished(Struct, frozen=True):
    """A batch has ended in `seconds`. `message` is the database's answer; `error` why it failed."""

    node: NodeInfo
    label: str
    index: int
    total: int
    message: str
    seconds: float
    error: NodeError | None = None


class BatchSkipped(Struct, frozen=True):
    """A batch isn't built, since the first one failed."""

    node: NodeInfo
    label: str
    index: int
    total: int


class NodeExecuted(Struct, frozen=True):
    """What was, or is about to be, sent to the database: what `target/run` holds."""

    node: NodeInfo
    path: str
    sql: str


class NodeCommitting(Struct, frozen=True):
    """A transaction of a node is about to be committed that must not be done twice.

    `transaction` is what the database calls it; `completes`: the node, or the `batch` of it (start
    and end, in UTC), is done then.
    """

    node: NodeInfo
    transaction: str
    completes: bool
    batch: tuple[datetime, datetime] | None = None


class NodeFinished(Struct, frozen=True):
    """A node that ran has its result, good or bad."""

    result: RunResult
    index: int
    total: int


class NodeSkipped(Struct, frozen=True):
    """A node will not run: something before it failed, or the run was stopped."""

    result: RunResult
    index: int
    total: int


class NodeCancelled(Struct, frozen=True):
    """A node in flight was stopped; its query has ended on the server."""

    result: RunResult
    index: int
    total: int


class MessageLogged(Struct, frozen=True):
    """A template's `log(…)` or `print(…)`. `to_console`: `info=True`; `is_print`: even if quiet.

    With a `name`, dbt's for it, it is a command's own word. `node` is whose template it was.
    """

    message: str
    to_console: bool
    is_print: bool = False
    name: str = ""
    node: NodeInfo | None = None


class RunFinished(Struct, frozen=True):
    """Every selected node has its final status. `elapsed` is in seconds, of executing.

    `failed_fast` is the node whose failure has ended the run, under `--fail-fast`.
    """

    results: tuple[RunResult, ...]
    elapsed: float
    interrupted: bool = False
    failed_fast: NodeInfo | None = None


class OutputProduced(Struct, frozen=True):
    """A command's own answer, for standard output: `ls` lines, a compiled model.

    `name` is what dbt calls such an answer, where it has a name for it, and `data` are the fields
    that it has there.
    """

    text: str
    name: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


class ManifestReady(Struct, frozen=True):
    """The project's manifest is final: what is in `manifest.json`, and how it is written.

    `semantic` makes the part of it that engines for metrics read, where there is any.
    """

    document: JsonDocument
    semantic: Callable[[], Mapping[str, object] | None] = lambda: None


class CatalogReady(Struct, frozen=True):
    """The database has described the project's relations: what is in `catalog.json`."""

    document: Mapping[str, object]


class ArtifactWritten(Struct, frozen=True):
    """A file of artifacts is on disk. `artifact_type` is what dbt calls what is in it."""

    artifact_type: str
    path: Path


class ParseCacheChanged(Struct, frozen=True):
    """There is something to keep for the next parse: the content of a file in the target path."""

    name: str
    content: bytes | bytearray

    def __repr__(self) -> str:
        return f"ParseCacheChanged(name={self.name!r})"


class InvocationFailed(Struct, frozen=True):
    """The command could not run, or could not go on.

    `target_path` is where its artifacts would have gone, where that could be told.
    """

    error: HeadraceError
    target_path: Path | None = None


class InvocationFinished(Struct, frozen=True):
    """The command has ended. `elapsed` is in seconds.

    After it come at most warnings, of artifacts that couldn't be written, or failures where
    these count as errors.
    """

    exit_code: int
    elapsed: float
    completed_at: datetime


Event = (
    InvocationStarted
    | WarningRaised
    | RunResumed
    | ProjectFound
    | ProjectLoaded
    | ReferencesDeferred
    | RunStarted
    | NothingToDo
    | RunEmpty
    | NodeStarted
    | NodeCompiled
    | BatchStarted
    | BatchFinished
    | BatchSkipped
    | NodeExecuted
    | NodeCommitting
    | NodeFinished
    | NodeSkipped
    | NodeCancelled
    | MessageLogged
    | RunFinished
    | OutputProduced
    | ManifestReady
    | CatalogReady
    | ArtifactWritten
    | ParseCacheChanged
    | InvocationFailed
    | InvocationFinished
    | Happening
)
