"""Deleting what earlier runs left in the project's `clean-targets`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..core.errors import ProjectError
from ..core.events import WarningRaised
from ..project.discovery import PROJECT_FILE, find_project_directory
from ..project.profiles_file import PROFILES_FILE
from ..project.project import Project, load_project
from ..project.trees import delete_tree
from ..workspace.workspace import Start


def project_to_clean(start: Start, warn: Callable[[WarningRaised], None]) -> Project:
    """The project whose clean-targets are to go.

    Raises:
        ProjectError: there is none, or it can't be read.
    """
    options = start.options
    root = find_project_directory(
        options.project_dir, environ=start.environ, cwd=start.cwd
    ).resolve()
    return load_project(root, environ=start.environ, cli_vars=options.vars, warn=warn)


def clean(project: Project) -> list[str]:
    """Delete the project's clean-targets, which hold none of its sources; says what it did.

    It may be stopped before each file: those that are still there then stay.

    Raises:
        ProjectError: a target lies outside of the project, holds its sources, or can't be
            deleted.
    """
    root = project.root
    paths = [_checked(root, target, project) for target in project.clean_targets]
    for path in paths:
        try:
            _delete(path)
        except OSError as error:
            raise ProjectError(
                f"{path} can't be deleted ({error.strerror or type(error).__name__}): see that "
                "nothing uses it, and that it can be written."
            ) from error
    cleaned = [f"Cleaned {target}/*" for target in project.clean_targets]
    return [*cleaned, "Finished cleaning all paths."]


def _delete(path: Path) -> None:
    if path.is_dir():
        delete_tree(path)
    else:
        path.unlink(missing_ok=True)


def _checked(root: Path, target: str, project: Project) -> Path:
    path = (root / target).resolve()
    where = project.document.locate("clean-targets")
    if path == root or not path.is_relative_to(root):
        raise ProjectError(
            f"clean-targets: '{target}' isn't inside the project, so it is not deleted.",
            location=where,
        )
    for source in (
        *project.model_paths,
        *project.seed_paths,
        *project.test_paths,
        *project.macro_paths,
        *project.snapshot_paths,
        *project.analysis_paths,
        *project.docs_paths,
        *project.asset_paths,
        PROJECT_FILE,
        PROFILES_FILE,
    ):
        kept = (root / source).resolve()
        if kept == path or kept.is_relative_to(path) or path.is_relative_to(kept):
            raise ProjectError(
                f"clean-targets: '{target}' holds the project's own files ('{source}'), so it "
                "is not deleted.",
                location=where,
            )
    return path
