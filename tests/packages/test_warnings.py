"""The warnings of `deps`: as errors, they keep everything from being installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..building.support import Ran, warnings_of
from .support import Web, commit, deps, error_of, installed, write_package

WriteProject = Callable[[Mapping[str, str]], Path]


def names(ran: Ran) -> list[str]:
    return [warning.name for warning in warnings_of(ran.events)]


def repository(directory: Path) -> Path:
    path = write_package(directory, "tools", {"models/a.sql": "select 1 as id"})
    commit(path, tag="v1")
    return path


async def test_package_without_a_revision(write_project: WriteProject, tmp_path: Path) -> None:
    address = repository(tmp_path / "repository").as_uri()
    root = write_project({"packages.yml": f"packages: [{{git: {address}}}]"})

    failed = await deps(root, warn_error=True)
    before = installed(root)
    shown = await deps(root)

    assert "[DepsUnpinned]" in error_of(failed)
    assert before == []
    assert (names(shown), installed(root)) == (["DepsUnpinned"], ["tools"])


async def test_address_that_holds_a_secret(write_project: WriteProject, tmp_path: Path) -> None:
    address = repository(tmp_path / "hidden-token").as_uri()
    root = write_project({"packages.yml": f"packages: [{{git: {address}, revision: v1}}]"})
    environ = {"DBT_ENV_SECRET_TOKEN": "hidden-token"}

    failed = await deps(root, environ=environ, warn_error=True)
    before = installed(root)
    shown = await deps(root, environ=environ)

    assert "[DepsScrubbedPackageName]" in error_of(failed)
    assert "hidden-token" not in error_of(failed)
    assert before == []
    assert names(shown) == ["DepsScrubbedPackageName"]


async def test_package_that_moved(write_project: WriteProject, web: Web) -> None:
    web.add_package("acme/tools", "1.0.0")
    path = "api/v1/acme/tools.json"
    web.content[path] = web.content[path][:-1] + b', "redirectnamespace": "apex"}'
    root = write_project({"packages.yml": "packages: [{package: acme/tools, version: 1.0.0}]"})
    environ = {"DBT_PACKAGE_HUB_URL": web.address}

    failed = await deps(root, environ=environ, warn_error_options={"error": ["Deprecations"]})
    before = installed(root)
    shown = await deps(root, environ=environ)

    assert "[PackageRedirectDeprecation]" in error_of(failed)
    assert before == []
    assert names(shown) == ["PackageRedirectDeprecation"]


async def test_project_s_own_flags_count(write_project: WriteProject, tmp_path: Path) -> None:
    address = repository(tmp_path / "repository").as_uri()
    root = write_project({"packages.yml": f"packages: [{{git: {address}}}]"})
    with (root / "dbt_project.yml").open("a") as file:
        file.write("flags: {warn_error: true}\n")

    ran = await deps(root)

    assert "[DepsUnpinned]" in error_of(ran)
