"""What a command is handed: its options, where its events go, and the way to the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import structs

from ..core.blocking import in_thread
from ..core.errors import UsageError
from ..core.event_queue import EventQueue
from ..core.events import (
    Event,
    NothingToDo,
    OutputProduced,
    ParseCacheChanged,
    ProjectFound,
    ProjectLoaded,
    WarningRaised,
)
from ..core.results import RunResult
from ..core.version import VERSION
from ..project.invocation_settings import sources_of
from ..project.secrets import Redactor
from ..settings.deprecation_tally import DeprecationTally
from ..settings.options import Options
from ..settings.warning_policy import RaisedWarningsError, Verdict, policy_of
from ..workspace.loaded_project import LoadedProject
from ..workspace.project_parse import parse_project
from ..workspace.start import Start
from ..workspace.workspace import Workspace, open_workspace
from .command import Command, NodeCommand
from .documents import Documents

if TYPE_CHECKING:
    from ..state.unfinished import UnfinishedRun

T = TypeVar("T")


class HasFlags(Protocol):
    """What has been read of a project, with the `flags:` that are in it."""

    @property
    def flags(self) -> Mapping[str, object]: ...


F = TypeVar("F", bound=HasFlags)


class CommandContext:
    """One command in the course of one invocation.

    Attributes:
        start: what the invocation was told from outside. `retry` puts the options of the run that
            it repeats in there.
        command: what is done. `retry` puts the command that it repeats there.
        retried: the run that is repeated.
        redactor: learns the target's secrets.
        documents: hands out what takes a while to write.
        warning_policy: what becomes of warnings.
        results: the nodes that have ended, also where the command was cancelled.
    """

    def __init__(
        self,
        start: Start,
        command: Command,
        commands: Mapping[str, Command],
        events: EventQueue,
        redactor: Redactor,
    ) -> None:
        self.start = start
        self.command = command
        self.retried: UnfinishedRun | None = None
        self.redactor = redactor
        self.documents = Documents(events, redactor)
        self.warning_policy = policy_of(sources_of(start.options, start.environ))
        self.results: tuple[RunResult, ...] = ()
        self._commands = commands
        self._events = events
        self._deprecations = DeprecationTally()

    @property
    def options(self) -> Options:
        return self.start.options

    @property
    def node_command(self) -> NodeCommand:
        """The command, which is about nodes."""
        assert isinstance(self.command, NodeCommand), f"{self.command.name} is about no nodes"
        return self.command

    @property
    def macro_commands(self) -> frozenset[str]:
        """The names of those commands that call a macro for its own sake."""
        commands = self._commands.values()
        return frozenset(each.name for each in commands if each.manner.calls_macro)

    def take_up(self, run: UnfinishedRun) -> Command:
        """Go on as the command that a run was of, with its options; gives it back.

        Raises:
            UsageError: there is no such command.
        """
        name = run.options.command
        if name not in self._commands:
            raise UsageError(f"the last run was of a command '{name}', which isn't there.")
        self.start = structs.replace(self.start, options=run.options)
        self.command = self._commands[name]
        self.retried = run
        return self.command

    # -- telling ---------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Hand an event out; a warning only as the policy says.

        Raises:
            RaisedWarningsError: it is a warning that counts as an error.
        """
        if isinstance(event, WarningRaised):
            self.report((event,))
        else:
            self._events.emit(event)

    def say(self, text: str, name: str = "") -> None:
        """Answer with a text; `name` is what dbt calls such an answer, if it has a name for it."""
        self.emit(OutputProduced(text, name, {"msg": text} if name else {}))

    def report(self, warnings: Iterable[WarningRaised]) -> None:
        """Hand warnings out as the policy says.

        Raises:
            RaisedWarningsError: some count as errors. All of these are told together.
        """
        policy = self.warning_policy
        try:
            shown = policy.sift(self._deprecations.told(warnings, policy))
        except RaisedWarningsError as error:
            for warning in error.shown:
                self._events.emit(warning)
            raise
        for warning in shown:
            self._events.emit(warning)

    def deprecations(self) -> WarningRaised | None:
        """What there is to say at the end of the deprecations that were met."""
        return self._deprecations.summary(self.warning_policy)

    def report_nothing(self, name: str, unmatched: tuple[str, ...]) -> None:
        """Say that nothing was selected, which is a warning that has an event of its own."""
        match self.warning_policy.verdict(name):
            case Verdict.SHOW:
                self.emit(NothingToDo(unmatched))
            case Verdict.RAISE:
                message = "Nothing to do. Try checking your model configs and selection."
                raise RaisedWarningsError([WarningRaised(name, message)])
            case Verdict.DROP:
                pass

    @contextmanager
    def _reporting(self) -> Iterator[Callable[[WarningRaised], None]]:
        """Takes the warnings of blocking work, and reports them here once it has ended.

        Also if it fails: what is an error already doesn't become another one.
        """
        warnings: list[WarningRaised] = []
        try:
            yield warnings.append
        except BaseException:
            for warning in self._deprecations.told(warnings, self.warning_policy):
                if self.warning_policy.verdict(warning.name) is not Verdict.DROP:
                    self._events.emit(warning)
            raise
        self.report(warnings)

    # -- reading ---------------------------------------------------------------------------------

    async def in_thread(self, work: Callable[[Callable[[WarningRaised], None]], T]) -> T:
        """Do blocking work elsewhere, and report its warnings here, also if it fails."""
        with self._reporting() as warn:
            return await in_thread(work, warn)

    async def read_project(self, read: Callable[[Callable[[WarningRaised], None]], F]) -> F:
        """Read elsewhere what has the project's `flags`, which count from then on."""
        with self._reporting() as warn:
            found = await in_thread(read, warn)
            sources = sources_of(self.options, self.start.environ, found.flags)
            self.warning_policy = policy_of(sources, warn)
        return found

    async def open(self, *, read_packages: bool = True) -> Workspace:
        """The project with its target, before its nodes are read."""
        with self._reporting() as warn:
            workspace = await in_thread(open_workspace, self.start, warn, read_packages)
            self.warning_policy = workspace.settings.warnings
            self.redactor.learn(workspace.target)
            adapter = workspace.adapter
            if self._is_traffic_told:
                adapter.watch = self._events.emit
            version = adapter.version or VERSION
            self.emit(
                ProjectFound(workspace.log_path, workspace.target_path, adapter.type, version)
            )
        return workspace

    @property
    def _is_traffic_told(self) -> bool:
        """Whether somebody is told what goes to the database: it is of level debug."""
        options = self.options
        levels = (options.log_level, options.log_level_file or "debug")
        return bool(options.debug) or "debug" in levels

    async def load(self) -> LoadedProject:
        """The project with its nodes, read in a thread, so that the event loop stays free."""
        project = await self.parse()
        await in_thread(project.parsed.read)
        return project

    async def parse(self) -> LoadedProject:
        """The project, whose nodes may still be on disk: reading them then blocks."""
        workspace = await self.open()
        project = await self.in_thread(partial(parse_project, workspace))
        counts, root = project.parsed.facts.counts, workspace.project.root
        self.emit(ProjectLoaded(counts, workspace.adapter.type, root, workspace.target_path))
        for name, content in project.kept.items():
            self.emit(ParseCacheChanged(name, content))
        return structs.replace(project, kept={})  # on disk by now, and it may be large
