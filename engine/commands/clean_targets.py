"""Deleting what earlier runs left in the project's `clean-targets`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from ..core.errors import ProjectError
from ..core.events import WarningRaised
from ..packages.required_version import check_required_version
from ..project.discovery import PROJECT_FILE, find_project_directory
from ..project.profiles_file import PROFILES_FILE
from ..project.project import Project, load_project
from ..project.project_keys import OLD_PACKAGES_DIRECTORY
from ..project.trees import delete_tree
from ..settings.environment_variables import home_directory
from ..settings.precedence import find_value
from ..settings.unheeded import warnings_of
from ..template.context import DBT_VERSION
from ..workspace.start import Start


class ProjectToClean(Struct, frozen=True):
    """The project whose clean-targets are to go, and whether those outside of it stay."""

    project: Project
    stays_inside: bool
    home: Path

    @property
    def flags(self) -> Mapping[str, object]:
        return self.project.flags


def project_to_clean(start: Start, warn: Callable[[WarningRaised], None]) -> ProjectToClean:
    """The project whose clean-targets are to go.

    Raises:
        ProjectError: there is none, it can't be read, or it is for another version.
    """
    options, environ = start.options, start.environ
    root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd).resolve()
    for warning in warnings_of(options, environ):
        warn(warning)
    flag = options.clean_project_files_only
    stays_inside = find_value("clean_project_files_only", flag, environ).value
    project = load_project(
        root,
        environ=environ,
        cli_vars=options.vars,
        warn=warn,
        names=start.names,
        cleans_inside=stays_inside,
    )
    checks_version = find_value(
        "version_check", options.version_check, environ, project.flags
    ).value
    check_required_version(project, DBT_VERSION if checks_version else None)
    named = find_value("target_path", options.target_path, environ).value
    if named is not None and not _says_targets(project):
        project = replace(project, clean_targets=(str(named),))
    if OLD_PACKAGES_DIRECTORY in project.clean_targets and (
        project.packages_install_path not in project.clean_targets
    ):
        warn(_old_target(project))
    return ProjectToClean(project, stays_inside, home_directory(environ).resolve())


def _says_targets(project: Project) -> bool:
    said = project.document.data
    return isinstance(said, Mapping) and said.get("clean-targets") is not None


def _old_target(project: Project) -> WarningRaised:
    return WarningRaised(
        "PackageInstallPathDeprecation",
        "The default package install path has changed from `dbt_modules` to `dbt_packages`. Name "
        "that in `clean-targets`, or set `packages-install-path: dbt_modules`.",
        project.document.locate("clean-targets"),
    )


def clean(cleaned: ProjectToClean) -> list[str]:
    """Delete the project's clean-targets, which hold none of its sources; says what it did.

    It may be stopped before each file: those that are still there then stay.

    Raises:
        ProjectError: a target lies outside of the project, holds its sources, or can't be
            deleted.
    """
    project = cleaned.project
    paths = [_checked(target, cleaned) for target in project.clean_targets]
    for path in paths:
        try:
            _delete(path)
        except OSError as error:
            raise ProjectError(
                f"{path} can't be deleted ({error.strerror or type(error).__name__}): see that "
                "nothing uses it, and that it can be written."
            ) from error
    told = [f"Cleaned {target}/*" for target in project.clean_targets]
    return [*told, "Finished cleaning all paths."]


def _delete(path: Path) -> None:
    if path.is_dir():
        delete_tree(path)
    else:
        path.unlink(missing_ok=True)


def _checked(target: str, cleaned: ProjectToClean) -> Path:
    project, root = cleaned.project, cleaned.project.root
    path = (root / target).resolve()
    where = project.document.locate("clean-targets")
    if path == root or (cleaned.stays_inside and not path.is_relative_to(root)):
        raise ProjectError(
            f"clean-targets: '{target}' isn't inside the project, so it is not deleted. With "
            "--no-clean-project-files-only it would be.",
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
    if cleaned.home.is_relative_to(path):
        raise ProjectError(
            f"clean-targets: '{target}' holds your home directory, so it is not deleted.",
            location=where,
        )
    return path
