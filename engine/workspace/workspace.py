"""What every command starts from: the project and its target, before its nodes are read."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field, structs

from ...adapters.base import Adapter, Target
from ...adapters.errors import AdapterError, ProfileKeyError
from ...adapters.registry import create_adapter
from ..core.errors import ProfileError
from ..core.events import Event, WarningRaised
from ..manifest.nodes.node import Node
from ..manifest.reading.stored_failures import has_relation
from ..packages.installed import load_installed
from ..packages.required_version import check_required_version
from ..project.discovery import find_project_directory
from ..project.environment_variables import find_setting
from ..project.event_time import (
    Reading,
    parse_event_times,
    parse_sample,
)
from ..project.profile import load_target
from ..project.profiles_file import (
    find_profiles,
    load_profile_flags,
    locate_in_profile,
)
from ..project.project import (
    Project,
    load_project,
    render_trees,
)
from ..project.project_flags import check_flags, flag_warnings
from ..project.render import Renderer
from ..project.vars import Vars
from ..selection.selector import IndirectSelection
from ..selection.selectors_file import Selectors, load_selectors
from ..settings.options import Options
from ..settings.precedence import (
    choose,
    decide,
    truth,
)
from ..settings.warning_policy import WarningPolicy, decide_policy
from ..state.earlier_settings import StateSettings, decide_state
from ..template.context import (
    DBT_VERSION,
    CommonContext,
    Invocation,
)
from ..template.relations import RelationFactory
from ..template.template_environment import CodeCache


class Start(Struct, frozen=True):
    """What an invocation is told from outside, and what names it."""

    options: Options
    environ: Mapping[str, str]
    cwd: Path
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Workspace(Struct, frozen=True):
    """A project with its target, before its nodes are read."""

    start: Start
    project: Project
    packages: tuple[Project, ...]
    target: Target
    adapter: Adapter
    variables: Vars
    yaml: Renderer
    invocation: Invocation
    full_refresh: bool
    fail_fast: bool
    takes_lock: bool
    reads_cache: bool
    reading: Reading
    state: StateSettings
    selectors: Selectors
    target_path: Path
    log_path: Path
    warning_policy: WarningPolicy
    relations: RelationFactory
    codes: CodeCache = field(default_factory=CodeCache)

    @property
    def roots(self) -> Mapping[str, Path]:
        """The directory of each project, the packages' among them."""
        return {project.name: project.root for project in (self.project, *self.packages)}

    @property
    def target_path_display(self) -> str:
        """The target path as messages say it."""
        return self.displayed(self.target_path)

    def displayed(self, path: Path) -> str:
        """A path as messages say it: relative to the project where it is inside."""
        if path.is_relative_to(self.project.root):
            return path.relative_to(self.project.root).as_posix()
        return str(path)

    @property
    def settings(self) -> dict[str, object]:
        """The options that say what a run does, as they are settled: enough to repeat it."""
        sample, event_time_start, event_time_end = _windows(self.start.options, self.start.environ)
        state = self.state
        found: dict[str, object] = {
            "target": self.target.name,
            "profile": self.target.profile_name,
            "threads": self.target.threads,
            "full_refresh": self.full_refresh,
            "fail_fast": self.fail_fast,
            "lock": self.takes_lock,
            "store_failures": self.stores_failures,
            "empty": self.reading.is_empty,
            "sample": sample,
            "event_time_start": event_time_start,
            "event_time_end": event_time_end,
            "indirect_selection": self.indirect_selection.value,
            "defer": state.is_deferring,
            "favor_state": state.favors_state,
            "state": state.directory and str(state.directory),
            "defer_state": state.defer_directory and str(state.defer_directory),
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def indirect_selection(self) -> IndirectSelection:
        """Which tests come along with what is selected."""
        return IndirectSelection(self.invocation.flags["INDIRECT_SELECTION"])

    @property
    def stores_failures(self) -> bool:
        """Whether tests keep the rows that they find, where they don't say themselves."""
        return bool(self.invocation.flags["STORE_FAILURES"])

    def relation_name(self, node: Node) -> str | None:
        """The name under which a node stands in the database, where it does."""
        return str(self.relations.of(node)) if has_relation(node, self.stores_failures) else None

    def common_context(
        self, emit: Callable[[Event], None], selected: Iterable[str] = ()
    ) -> CommonContext:
        """What every template of a phase has at hand; `selected` are the ids that are run."""
        invocation = structs.replace(self.invocation, selected=tuple(selected))
        return CommonContext(invocation, self.project, self.variables, self.adapter, emit)


_ARGUMENTS_ALWAYS_RECORDED = frozenset({"exclude", "quiet", "select", "vars", "write_json"})
_ARGUMENTS_DECIDED = (
    *("cache_selected_only", "empty", "indirect_selection", "introspect", "log_format"),
    *("partial_parse", "print", "printer_width", "send_anonymous_usage_stats", "static_parser"),
    *("version_check", "write_json"),
)


def open_workspace(start: Start, warn: Callable[[WarningRaised], None]) -> Workspace:
    """Find and read the project, its packages and its profile. Connects to nothing.

    Raises:
        HeadraceError: something is missing or wrong; says where.
    """
    options, environ = start.options, start.environ
    root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd)
    project = load_project(root, environ=environ, cli_vars=options.vars, warn=warn)
    check_flags(project.flags, project.document)
    is_single_threaded = decide("single_threaded", options.single_threaded, environ, project.flags)
    target = load_target(
        project,
        profiles_dir=options.profiles_dir,
        profile=options.profile,
        target=options.target,
        threads=1 if is_single_threaded else options.threads,
        cli_vars=options.vars,
        environ=environ,
        cwd=start.cwd,
        warn=warn,
    )
    target = dataclasses.replace(target, invocation_id=start.invocation_id)
    profiles = find_profiles(
        root, profiles_dir=options.profiles_dir, environ=environ, cwd=start.cwd
    )
    project = dataclasses.replace(
        project, flags={**load_profile_flags(profiles, warn), **project.flags}
    )
    try:
        adapter = create_adapter(target)
    except AdapterError as error:
        key = error.key if isinstance(error, ProfileKeyError) else "type"
        raise ProfileError(
            f"profile '{target.profile_name}', target '{target.name}': {error}",
            location=locate_in_profile(profiles, target.profile_name, target.name, key),
        ) from error
    shown = target_context(target, adapter)
    project = render_trees(project, shown, options.vars, environ=environ)
    packages = tuple(_installed_packages(project, start, shown, warn))
    forms = (*flag_warnings(project.document), *_old_flags(options), *_not_there_yet(environ))
    for warning in forms:
        warn(warning)
    full_refresh = decide("full_refresh", options.full_refresh, environ, project.flags)
    reading = _reading(start, project)
    fail_fast = decide("fail_fast", options.fail_fast, environ, project.flags)
    flags = _flags(options, environ, project.flags) | {
        "FULL_REFRESH": full_refresh,
        "FAIL_FAST": fail_fast,
        "EMPTY": reading.is_empty,
    }
    variables = Vars(
        cli=options.vars,
        root=project.vars,
        packages={package.name: package.vars for package in packages},
    )
    yaml = Renderer(environ=environ, cli_vars=variables.for_package(project.name), target=shown)
    decided = _decided_arguments(flags, project, _log_path(start, project))
    return Workspace(
        start=start,
        project=project,
        packages=packages,
        target=target,
        adapter=adapter,
        variables=variables,
        yaml=yaml,
        invocation=Invocation(
            invocation_id=start.invocation_id,
            started_at=start.started_at,
            target=shown,
            flags=flags,
            environ=environ,
            arguments={**decided, **arguments_of(options)},
        ),
        full_refresh=full_refresh,
        fail_fast=fail_fast,
        takes_lock=decide("lock", options.lock, environ, project.flags, default=True),
        reads_cache=decide(
            "partial_parse", options.partial_parse, environ, project.flags, default=True
        ),
        reading=reading,
        state=decide_state(options, environ, cwd=start.cwd, root=project.root),
        selectors=load_selectors(project.root, yaml),
        target_path=target_path(start, project),
        log_path=_log_path(start, project),
        warning_policy=decide_policy(options, environ, project.flags, warn),
        relations=RelationFactory(adapter, project.quoting),
    )


def _old_flags(options: Options) -> Iterator[WarningRaised]:
    if options.uses_models_flag:
        yield WarningRaised(
            "ModelParamUsageDeprecation",
            "`--models`, `--model` and `-m` are old names of `--select`. Write `--select` or `-s`.",
        )
    if options.output_path is not None:
        yield WarningRaised(
            "CustomOutputPathInSourceFreshnessDeprecation",
            f"The path of sources.json by `--output {options.output_path}` goes away. Use "
            "`--target-path`.",
        )


def _not_there_yet(environ: Mapping[str, str]) -> Iterator[WarningRaised]:
    """A warning where the environment asks for what this version hasn't."""
    setting = find_setting(environ, "INTROSPECT")
    if setting is not None and not truth(setting):
        yield WarningRaised(
            "NotThereYet",
            f"the variable '{setting.variable}' has no effect: this version of headrace doesn't "
            "have it yet.",
        )


def target_context(target: Target, adapter: Adapter) -> dict[str, Any]:
    """`target` as templates see it: what may be shown, and never a secret."""
    return {
        **adapter.public_keys,
        "type": target.type,
        "name": target.name,
        "target_name": target.name,
        "profile_name": target.profile_name,
        "schema": target.schema,
        "database": target.database,
        "threads": target.threads,
    }


def _installed_packages(
    project: Project,
    start: Start,
    target: Mapping[str, Any],
    warn: Callable[[WarningRaised], None],
) -> list[Project]:
    """The project's packages, once it and they are known to suit this version."""
    options, environ = start.options, start.environ
    checks_version = decide(
        "version_check", options.version_check, environ, project.flags, default=True
    )
    if checks_version:
        check_required_version(project, DBT_VERSION)
    packages = load_installed(
        project,
        environ=environ,
        cli_vars=options.vars,
        warn=warn,
        dbt_version=DBT_VERSION if checks_version else None,
    )
    return [render_trees(package, target, options.vars, environ=environ) for package in packages]


def target_path(start: Start, project: Project) -> Path:
    """Where artifacts go: by flag, by environment, or by the project. Absolute."""
    setting = find_setting(start.environ, "TARGET_PATH")
    named = start.options.target_path or (setting.value if setting else None)
    return _resolved(project.root / (named or _own_path(project, "target_path")))


def _log_path(start: Start, project: Project) -> Path:
    """Where the log goes: by flag or by environment, from where the command is run, or by the
    project, from its directory. Absolute.
    """
    setting = find_setting(start.environ, "LOG_PATH")
    named = start.options.log_path or (setting.value if setting else None)
    if named:
        return _resolved(start.cwd / named)
    return _resolved(project.root / _own_path(project, "log_path"))


def _resolved(path: Path) -> Path:
    """The path without links; a loop of them stays, and whoever writes there says so."""
    try:
        return path.resolve()
    except (RuntimeError, OSError):  # Python 3.13 raises neither
        return path.absolute()


def _own_path(project: Project, name: str) -> str:
    """A path by the project's `flags:`, or by the key of its own that this was before."""
    flag = project.flags.get(name)
    return flag if isinstance(flag, str) and flag else str(getattr(project, name))


def _windows(options: Options, environ: Mapping[str, str]) -> tuple[str | None, ...]:
    """The texts of --sample, --event-time-start and --event-time-end, by flag or environment."""

    def text(name: str, given: str | None) -> str | None:
        setting = find_setting(environ, name) if given is None else None
        return setting.value or None if setting else given

    return (
        text("SAMPLE", options.sample),
        text("EVENT_TIME_START", options.event_time_start),
        text("EVENT_TIME_END", options.event_time_end),
    )


def _reading(start: Start, project: Project) -> Reading:
    """What the flags and the environment say of the rows to read."""
    options, environ = start.options, start.environ

    sample, start_text, end_text = _windows(options, environ)
    return Reading(
        is_empty=decide("empty", options.empty, environ, project.flags),
        sample=parse_sample(sample, start.started_at) if sample else None,
        batches=parse_event_times(
            start_text,
            end_text,
        ),
    )


def _flags(
    options: Options, environ: Mapping[str, str], project_flags: Mapping[str, object]
) -> dict[str, Any]:
    """The flags as templates see them; those that make no difference here are as in dbt."""

    def decided(name: str, *, default: bool = False) -> bool:
        return decide(name, getattr(options, name), environ, project_flags, default=default)

    return {
        "WHICH": options.command,
        "INVOCATION_COMMAND": f"headrace {options.command}",
        "QUIET": bool(options.quiet),
        "DEBUG": bool(options.debug),
        "PRINT": decided("print", default=True),
        "WARN_ERROR": decided("warn_error"),
        "STORE_FAILURES": decided("store_failures"),
        "PARTIAL_PARSE": decided("partial_parse", default=True),
        "VERSION_CHECK": decided("version_check", default=True),
        "WRITE_JSON": decided("write_json", default=True),
        "LOG_FORMAT": options.log_format or "default",
        "PRINTER_WIDTH": options.printer_width or 80,
        "INDIRECT_SELECTION": choose(
            "indirect_selection",
            options.indirect_selection,
            environ,
            tuple(IndirectSelection),
            project_flags,
        ),
        "INTROSPECT": True,
        "STATIC_PARSER": True,
        "CACHE_SELECTED_ONLY": False,
        "SEND_ANONYMOUS_USAGE_STATS": False,
        "USE_EXPERIMENTAL_PARSER": False,
    }


def arguments_of(options: Options) -> dict[str, Any]:
    """The options by name, as artifacts record them: what nobody has asked for is left out."""
    arguments = msgspec.to_builtins(options, enc_hook=str)
    command = arguments.pop("command")
    asked = {
        name: value
        for name, value in arguments.items()
        if value or name in _ARGUMENTS_ALWAYS_RECORDED
    }
    return {"which": command, "invocation_command": f"headrace {command}", **asked}


def _decided_arguments(
    flags: Mapping[str, Any], project: Project, log_path: Path
) -> dict[str, Any]:
    """What templates find decided in `invocation_args_dict`, whoever has decided it."""
    named = {name: flags[name.upper()] for name in _ARGUMENTS_DECIDED}
    return {**named, "project_dir": str(project.root), "log_path": str(log_path)}
