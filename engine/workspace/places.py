"""Where an invocation writes: its artifacts, and its log."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.errors import HeadraceError, ProjectError
from ..project.discovery import find_project_directory
from ..project.invocation_settings import sources_of
from ..project.project import Project, load_project
from ..settings.settings import Settings
from .start import Start

_USUAL_TARGET = "target"


def target_path(start: Start, project: Project) -> Path:
    """Where artifacts go: by flag, by environment, or by the project. Absolute."""
    sources = sources_of(start.options, start.environ, project.flags)
    return settled_target_path(project, sources.find("target_path").value)


def settled_target_path(project: Project, named: Path | None) -> Path:
    """Where artifacts go, once it is known what flag, environment and `flags:` name."""
    return _resolved(project.root / named) if named else _own(project, "target-path")


def likely_target_path(start: Start, root: Path) -> Path:
    """Where artifacts go, as far as that can be told without dbt_project.yml. Absolute."""
    named = sources_of(start.options, start.environ).find("target_path").value
    return _resolved(root / (named or _USUAL_TARGET))


def find_target_path(start: Start) -> Path | None:
    """Where artifacts go of an invocation that may not even be able to read its project.

    None where there is no project, or where that is no place to write to.
    """
    options, environ = start.options, start.environ
    try:
        root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd)
    except HeadraceError:
        return None
    try:
        project = load_project(
            root,
            environ=environ,
            cli_vars=options.vars,
            warn=lambda _: None,
            names=start.names,
        )
        return target_path(start, project)
    except HeadraceError:
        path = likely_target_path(start, root)
    is_named = sources_of(options, environ).find("target_path").value is not None
    return path if is_named or path.is_relative_to(_resolved(root)) else None


def find_log_path(start: Start, project: Project, settings: Settings) -> Path:
    """Where the log goes: by flag or by environment, from where the command is run, or by the
    project, from its directory. Absolute.
    """
    named = settings.project.log_path
    return _resolved(start.cwd / named) if named else _own(project, "log-path")


def _own(project: Project, key: str) -> Path:
    """A directory that is written to, as the project names it.

    Raises:
        ProjectError: it is a link in the project that leads out of it.
    """
    said = project.target_path if key == "target-path" else project.log_path
    path = _resolved(project.root / said)
    is_named = os.path.isabs(said) or said.startswith("..")
    if is_named or path.is_relative_to(_resolved(project.root)):
        return path
    raise ProjectError(
        f"{key}: '{said}' is a link that leads out of the project, to {path}, and nothing is "
        f"written by way of it. Name that place with --{key} where it is meant.",
        location=project.document.locate(key),
    )


def _resolved(path: Path) -> Path:
    """The path without links; a loop of them stays, and whoever writes there says so."""
    try:
        return path.resolve()
    except (RuntimeError, OSError):  # Python 3.13 raises neither
        return path.absolute()
