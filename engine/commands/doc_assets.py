"""The files that a project's documentation shows, copied to where the documentation is written."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import ProjectError
from ..core.events import WarningRaised
from ..project.project import Project
from ..project.trees import mirror_tree


def copy_assets(project: Project, target_path: Path) -> list[WarningRaised]:
    """Copy the folders of `asset-paths` into the target directory; says which ones can't be.

    A folder that isn't there is passed over, as by dbt. Stopped between two files, the copy is
    made whole by the next invocation.

    Raises:
        ProjectError: a file can't be read, or its copy not be written.
    """
    warnings = []
    for asset_path in dict.fromkeys(project.asset_paths):
        source = (project.root / asset_path).resolve()
        copy = (target_path / asset_path).resolve()
        if not source.is_dir():
            continue
        if not _can_hold(copy, source, target_path.resolve()):
            warnings.append(_outside(project, asset_path))
            continue
        try:
            mirror_tree(source, copy)
        except OSError as error:
            raise ProjectError(
                f"asset-paths: '{asset_path}' can't be copied to {copy} "
                f"({error.strerror or type(error).__name__}: {error.filename}).",
                location=project.document.locate("asset-paths"),
            ) from error
    return warnings


def _can_hold(copy: Path, source: Path, target_path: Path) -> bool:
    """Whether a copy belongs to the target directory, and neither of the two holds the other."""
    is_inside = copy != target_path and copy.is_relative_to(target_path)
    return is_inside and not target_path.is_relative_to(source)


def _outside(project: Project, asset_path: str) -> WarningRaised:
    return WarningRaised(
        "UncopiedAssets",
        f"asset-paths: '{asset_path}' isn't copied for the documentation: its copy would lie "
        "outside of the target directory, or hold it. Name a folder inside the project.",
        project.document.locate("asset-paths"),
    )
