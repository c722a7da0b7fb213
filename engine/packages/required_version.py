"""`require-dbt-version`: whether a project may be used with this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import ProjectError
from ..project.project import Project

if TYPE_CHECKING:
    from .semver import Requirement


def check_required_version(project: Project, dbt_version: str | None) -> None:
    """See that a project, or a package, can be used with a version of dbt.

    Without one, that what it requires can be read.

    Raises:
        ProjectError: it can't, or what it requires can't be read.
    """
    if not project.require_version:
        return  # as nearly all do, and versions take a while to be imported
    from .semver import VersionSyntaxError, can_all_hold, meets, parse_requirement, parse_version

    location = project.document.locate("require-dbt-version")
    try:
        required = [parse_requirement(text) for text in project.require_version]
    except VersionSyntaxError as error:
        raise ProjectError(f"require-dbt-version: {error}", location=location) from error
    if dbt_version is None:
        return
    if not can_all_hold(required):
        raise ProjectError(
            "The package version requirement can never be satisfied for the "
            f"'{project.name}' package.\n{_required(project, required)}\n{_remedy(project)}",
            location=location,
        )
    if not meets(parse_version(dbt_version), required):
        raise ProjectError(
            f"This version of dbt is not supported with the '{project.name}' package.\n"
            f"  Installed version of dbt: {dbt_version} (which headrace stands in for)\n"
            f"{_required(project, required)}\n{_remedy(project)}",
            location=location,
        )


def _required(project: Project, required: list[Requirement]) -> str:
    from .semver import shown

    return f"  Required version of dbt for '{project.name}': {shown(required)}"


def _remedy(project: Project) -> str:
    return (
        f"Take another version of the '{project.name}' package, or run again with "
        "--no-version-check."
    )
