"""The packages that are installed, read for a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.errors import Location, PackageError
from ..core.events import WarningRaised
from ..project.discovery import PROJECT_FILE
from ..project.project import Project, load_project
from .counted_packages import count_packages
from .required_version import check_required_version


def load_installed(
    project: Project,
    *,
    environ: Mapping[str, str],
    cli_vars: Mapping[str, object],
    warn: Callable[[WarningRaised], None],
    names: Mapping[str, object],
    dbt_version: str | None,
) -> list[Project]:
    """The projects below `packages-install-path`, in the order of their directories.

    `dbt_version` is the one that they must suit; None if that isn't to be checked.

    Raises:
        ProjectError: there are fewer than packages.yml asks for, or one can't be used.
    """
    roots = installed_roots(project)
    wanted, file = count_packages(project.root)
    if len(roots) < wanted:
        # Tools that run dbt look for its own sentence, to install the packages themselves.
        raise PackageError(
            f"found {wanted} package(s) specified in {file}, but only {len(roots)} package(s) "
            f'installed in {project.packages_install_path}. Run "headrace deps" to install '
            'package dependencies. Where dbt is used as well: Run "dbt deps" to install package '
            "dependencies.",
            location=Location(file),
        )
    packages = []
    for root in roots:
        package = load_project(
            root,
            environ=environ,
            cli_vars=cli_vars,
            warn=warn,
            names=names,
            is_confined=True,
            display=(root / PROJECT_FILE).relative_to(project.root).as_posix(),
        )
        check_required_version(package, dbt_version)
        packages.append(package)
    _check_names(project, packages)
    return packages


def installed_roots(project: Project) -> list[Path]:
    """The directories of the installed packages; hidden ones aren't any."""
    directory = project.root / project.packages_install_path
    try:
        found = list(directory.glob(f"*/{PROJECT_FILE}"))
    except OSError:  # a name that no directory has
        return []
    return sorted(path.parent for path in found if not path.parent.name.startswith((".", "__")))


def _check_names(project: Project, packages: list[Project]) -> None:
    seen = {project.name: project}
    for package in packages:
        if package.name in seen:
            other = seen[package.name].document.display
            raise PackageError(
                f"dbt_packages: the project name '{package.name}' is taken by {other} already. "
                "Project names must be unique: rename one, or remove it.",
                location=package.document.locate("name"),
            )
        seen[package.name] = package
