"""What every command starts from: the project and its target, before its nodes are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field, structs

from ...adapters.base import Adapter, Target
from ...adapters.errors import AdapterError, ProfileKeyError
from ...adapters.registry import create_adapter
from ..core.errors import ProfileError
from ..core.events import Event, WarningRaised
from ..manifest.nodes.node import Node
from ..manifest.nodes.stored_failures import has_relation
from ..packages.installed import load_installed
from ..packages.required_version import check_required_version
from ..project.discovery import find_project_directory
from ..project.event_time import Reading, parse_event_times, parse_sample
from ..project.invocation_settings import settings_of, sources_of
from ..project.profile import load_target, load_target_alone
from ..project.profiles_file import (
    ProfileSource,
    find_profiles,
    load_profile_flags,
    locate_in_profile,
)
from ..project.project import Project, load_project, render_trees
from ..project.project_flags import check_flags, flag_warnings
from ..project.render import Renderer
from ..project.secrets import Redactor
from ..project.vars import Vars
from ..selection.selectors_file import Selectors, load_selectors
from ..settings.flags import FLAGS
from ..settings.options import Options
from ..settings.seen_flags import repeatable, template_arguments, template_flags
from ..settings.settings import Settings
from ..settings.unheeded import warnings_of
from ..state.earlier_settings import StateSettings, locate_state
from ..template.code_store import CodeStore, cache_directory
from ..template.context import DBT_VERSION, CommonContext, Flags, Invocation
from ..template.questions import Note, ignore
from ..template.relations import RelationFactory
from ..template.template_environment import CodeCache
from .places import find_log_path, settled_target_path
from .start import Start


class Workspace(Struct, frozen=True):
    """A project with its target, before its nodes are read."""

    start: Start
    settings: Settings
    project: Project
    packages: tuple[Project, ...]
    target: Target
    adapter: Adapter
    variables: Vars
    yaml: Mapping[str, Renderer]
    invocation: Invocation
    reading: Reading
    state: StateSettings
    selectors: Selectors
    target_path: Path
    log_path: Path
    relations: RelationFactory
    codes: CodeCache = field(default_factory=CodeCache)
    is_secret: Callable[[object], bool] = lambda value: False
    """Whether a secret is in a text, or in nested values: then it is kept in no file."""

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
    def settled(self) -> dict[str, object]:
        """What flags, environment and project have settled on, as artifacts record it: what
        templates see of that, and enough to repeat a run.
        """
        state = self.state
        found = repeatable(self.settings, self.start.options) | {
            "target": self.target.name,
            "profile": self.target.profile_name,
            "threads": self.target.threads,
            "state": state.directory and str(state.directory),
            "defer_state": state.defer_directory and str(state.defer_directory),
        }
        known = {
            name: value
            for name, value in found.items()
            if value not in (None, ()) and FLAGS[name].all_variables
        }
        return {**self.invocation.arguments, **known}

    def relation_name(self, node: Node) -> str | None:
        """The name under which a node stands in the database, where it does."""
        stores_failures = self.settings.build.store_failures
        return self.relations.described(node) if has_relation(node, stores_failures) else None

    def common_context(
        self, emit: Callable[[Event], None], selected: Iterable[str] = (), note: Note = ignore
    ) -> CommonContext:
        """What every template of a phase has at hand; `selected` are the ids that are run.

        `note` is told what templates ask that another invocation may answer otherwise.
        """
        invocation = structs.replace(self.invocation, selected=tuple(selected))
        return CommonContext(
            invocation,
            self.project,
            self.variables,
            self.adapter,
            emit,
            self.packages,
            note=note,
        )


def open_workspace(
    start: Start, warn: Callable[[WarningRaised], None], read_packages: bool = True
) -> Workspace:
    """Find and read the project, its packages and its profile. Connects to nothing.

    Raises:
        HeadraceError: something is missing or wrong; says where.
    """
    options, environ = start.options, start.environ
    root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd)
    project = load_project(
        root, environ=environ, cli_vars=options.vars, warn=warn, names=start.names
    )
    check_flags(project.flags, project.document)
    profiles = find_profiles(
        root, profiles_dir=options.profiles_dir, environ=environ, cwd=start.cwd
    )
    target = _target(start, project, warn)
    project = _with_flags_of(profiles, project, warn)
    settings = settings_of(options, environ, project.flags, warn)
    places = {"project_dir": project.root, "profiles_dir": profiles.directory}
    names = {**start.names, "flags": Flags(template_flags(settings, options, places))}
    adapter = _adapter(target, profiles)
    shown = target_context(target, adapter)
    project = render_trees(project, shown, options.vars, environ=environ, names=names)
    packages = _packages(project, start, shown, names, warn if read_packages else None)
    _tell_of_flags(project, start, warn)
    names["project_name"] = project.name
    variables = _variables(project, packages, options)
    renderers = {
        name: Renderer(
            environ=environ, cli_vars=variables.for_package(name), target=shown, names=names
        )
        for name in (project.name, *variables.packages)
    }
    log_path = find_log_path(start, project, settings)
    is_secret = _secret_finder(start, target)
    return Workspace(
        start=start,
        settings=settings,
        project=project,
        packages=packages,
        target=target,
        adapter=adapter,
        variables=variables,
        yaml={name: renderer.for_properties() for name, renderer in renderers.items()},
        invocation=_invocation(start, settings, shown, {**places, "log_path": log_path}),
        reading=_reading(start, settings),
        state=locate_state(settings.earlier, cwd=start.cwd, root=project.root),
        selectors=load_selectors(project.root, renderers[project.name], warn),
        target_path=settled_target_path(project, settings.project.target_path),
        log_path=log_path,
        relations=RelationFactory(adapter, project.quoting),
        codes=CodeCache(CodeStore(cache_directory(environ)), is_secret),
        is_secret=is_secret,
    )


def _secret_finder(start: Start, target: Target) -> Callable[[object], bool]:
    """Says whether something holds a secret of the invocation's."""
    redactor = Redactor(start.environ)
    redactor.learn_variables(start.options.vars)
    redactor.learn(target)
    return lambda value: bool(redactor.redacted(value) != value)


def _invocation(
    start: Start, settings: Settings, target: Mapping[str, Any], places: Mapping[str, Path]
) -> Invocation:
    return Invocation(
        invocation_id=start.invocation_id,
        started_at=start.started_at,
        target=target,
        flags=template_flags(settings, start.options, places),
        environ=start.environ,
        arguments=template_arguments(settings, start.options, places),
    )


def _tell_of_flags(project: Project, start: Start, warn: Callable[[WarningRaised], None]) -> None:
    found = (*flag_warnings(project.document), *warnings_of(start.options, start.environ))
    for warning in found:
        warn(warning)


def _with_flags_of(
    profiles: ProfileSource, project: Project, warn: Callable[[WarningRaised], None]
) -> Project:
    """The project with the old flags of profiles.yml, where it has none of its own."""
    old = load_profile_flags(profiles, warn)
    return structs.replace(project, flags={**old, **project.flags})


def open_profile(start: Start) -> tuple[Target, Adapter]:
    """The target and its adapter where there is no project. Connects to nothing.

    Raises:
        HeadraceError: there is no such profile or target, or it says what it can't.
    """
    options, environ, cwd = start.options, start.environ, start.cwd
    target = load_target_alone(
        profiles_dir=options.profiles_dir,
        profile=options.profile,
        target=options.target,
        cli_vars=options.vars,
        environ=environ,
        cwd=cwd,
        names=start.names,
    )
    profiles = find_profiles(cwd, profiles_dir=options.profiles_dir, environ=environ, cwd=cwd)
    return target, _adapter(target, profiles)


def _variables(project: Project, packages: Iterable[Project], options: Options) -> Vars:
    projects = {own.name: own for own in (project, *packages)}
    return Vars(
        cli=options.vars,
        root=project.vars,
        packages={name: own.vars for name, own in projects.items() if own is not project},
        folders={name: own.folder_vars for name, own in projects.items() if own.folder_vars},
        root_name=project.name,
    )


def _target(start: Start, project: Project, warn: Callable[[WarningRaised], None]) -> Target:
    options, environ = start.options, start.environ
    sources = sources_of(options, environ, project.flags)
    is_single_threaded = sources.find("single_threaded").value
    target = load_target(
        project,
        profiles_dir=options.profiles_dir,
        profile=options.profile,
        target=options.target,
        threads=1 if is_single_threaded else options.threads,
        cli_vars=options.vars,
        environ=environ,
        cwd=start.cwd,
        names=start.names,
        warn=warn,
    )
    return dataclasses.replace(target, invocation_id=start.invocation_id)


def _adapter(target: Target, profiles: ProfileSource) -> Adapter:
    try:
        return create_adapter(target)
    except AdapterError as error:
        key = error.key if isinstance(error, ProfileKeyError) else "type"
        raise ProfileError(
            f"profile '{target.profile_name}', target '{target.name}': {error}",
            location=locate_in_profile(profiles, target.profile_name, target.name, key),
        ) from error


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


def _packages(
    project: Project,
    start: Start,
    target: Mapping[str, Any],
    names: Mapping[str, Any],
    warn: Callable[[WarningRaised], None] | None,
) -> tuple[Project, ...]:
    """The project's packages, once it and they are known to suit this version.

    None where nobody wants to hear of them.
    """
    options, environ = start.options, start.environ
    checks_version = sources_of(options, environ, project.flags).find("version_check").value
    check_required_version(project, DBT_VERSION if checks_version else None)
    if warn is None:
        return ()
    packages = load_installed(
        project,
        environ=environ,
        cli_vars=options.vars,
        warn=warn,
        names=start.names,
        dbt_version=DBT_VERSION if checks_version else None,
    )
    return tuple(
        render_trees(package, target, options.vars, environ=environ, names=names)
        for package in packages
    )


def _reading(start: Start, settings: Settings) -> Reading:
    """What the flags and the environment say of the rows to read."""
    build = settings.build
    return Reading(
        is_empty=build.empty,
        sample=parse_sample(build.sample, start.started_at) if build.sample else None,
        batches=parse_event_times(build.event_time_start, build.event_time_end),
    )
