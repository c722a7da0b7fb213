"""`deps` with packages of a hub, which is a web server of the test's."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import run
from .support import Web, deps, error_of, installed, said, write, write_package

WriteProject = Callable[[Mapping[str, str]], Path]


def asks(version: str, package: str = "acme/tools", more: str = "") -> str:
    return f"packages:\n  - package: {package}\n    version: {version}\n{more}"


def hub(web: Web) -> dict[str, str]:
    return {"DBT_PACKAGE_HUB_URL": web.address}


async def test_the_newest_version_in_the_range_is_installed_and_locked(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "0.9.0", "1.0.0", "1.10.0", "1.9.0", "2.0.0", "1.11.0-rc1")
    root = write_project({"packages.yml": asks('[">=1.0.0", "<2.0.0"]')})

    ran = await deps(root, environ=hub(web))
    built = await run(root, "run")

    assert ran.exit_code == 0
    assert said(ran)[1:] == [
        "Installing acme/tools",
        "Installed from version 1.10.0",
        "Updated version available: 2.0.0",
        "Updates available for packages: ['acme/tools']\n"
        "Update your versions in packages.yml, then run headrace deps",
    ]
    assert "version: 1.10.0\n" in (root / "package-lock.yml").read_text()
    assert (root / "dbt_packages/tools/models/tools_model.sql").read_text() == (
        "select '1.10.0' as version"
    )
    assert built.statuses.keys() == {"tools_model"}


async def test_the_lock_keeps_a_version_until_upgrade(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0")
    root = write_project({"packages.yml": asks('">=1.0.0,<2.0.0"')})
    await deps(root, environ=hub(web))
    web.add_package("acme/tools", "1.0.0", "1.1.0")

    locked = await deps(root, environ=hub(web))
    upgraded = await deps(root, environ=hub(web), upgrade=True)

    assert said(locked) == [
        "Installing acme/tools",
        "Installed from version 1.0.0",
        "Updated version available: 1.1.0",
        "Updates available for packages: ['acme/tools']\n"
        "Update your versions in packages.yml, then run headrace deps",
    ]
    assert said(upgraded)[-2:] == ["Installed from version 1.1.0", "Up to date!"]


async def test_versions_asked_for_in_two_places_must_suit_both(
    write_project: WriteProject, web: Web, tmp_path: Path
) -> None:
    web.add_package("acme/tools", "1.0.0", "1.1.0", "1.2.0")
    needs: list[dict[str, object]] = [{"package": "acme/tools", "version": "<1.2.0"}]
    web.add_package("acme/more", "1.0.0", needs=needs)
    more = "  - package: acme/more\n    version: 1.0.0\n"
    root = write_project({"packages.yml": asks('">=1.0.0"', more=more)})

    ran = await deps(root, environ=hub(web))

    assert installed(root) == ["more", "tools"]
    assert "Installed from version 1.1.0" in said(ran)


async def test_versions_that_can_t_be_met_together_are_refused(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0", "2.0.0")
    needs: list[dict[str, object]] = [{"package": "acme/tools", "version": ">=2.0.0"}]
    web.add_package("acme/more", "1.0.0", needs=needs)
    more = "  - package: acme/more\n    version: 1.0.0\n"
    root = write_project({"packages.yml": asks("<2.0.0", more=more)})

    ran = await deps(root, environ=hub(web))

    assert "Version error for package acme/tools" in error_of(ran)
    assert "<2.0.0, >=2.0.0 (asked by packages.yml and package 'acme/more')" in error_of(ran)
    assert installed(root) == []


async def test_a_version_that_is_not_there_is_refused_with_those_that_are(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0", "1.1.0")
    root = write_project({"packages.yml": asks("3.0.0")})

    ran = await deps(root, environ=hub(web))

    assert "Could not find a matching compatible version for package acme/tools" in error_of(ran)
    assert "Requested range: =3.0.0" in error_of(ran)
    assert "Compatible versions: 1.1.0, 1.0.0" in error_of(ran)


@pytest.mark.parametrize("more", ["    install_prerelease: true\n", ""])
async def test_a_prerelease_is_installed_only_where_it_is_asked_for(
    write_project: WriteProject, web: Web, more: str
) -> None:
    web.add_package("acme/tools", "1.0.0", "1.1.0-rc1")
    root = write_project({"packages.yml": asks('">=1.0.0"', more=more)})

    ran = await deps(root, environ=hub(web))

    assert f"Installed from version {'1.1.0-rc1' if more else '1.0.0'}" in said(ran)


@pytest.mark.parametrize(("checks", "version"), [(None, "1.0.0"), (False, "2.0.0")])
async def test_versions_for_another_dbt_are_left_out_unless_nothing_is_checked(
    write_project: WriteProject, web: Web, checks: bool | None, version: str
) -> None:
    required = {"1.0.0": [">=1.0.0", "<2.0.0"], "2.0.0": ">=2.0.0,<3.0.0"}
    web.add_package("acme/tools", "1.0.0", "2.0.0", required=required)
    root = write_project({"packages.yml": asks('">=1.0.0"')})

    ran = await deps(root, environ=hub(web), version_check=checks)

    assert f"Installed from version {version}" in said(ran)


async def test_an_unknown_package_gets_a_proposal(write_project: WriteProject, web: Web) -> None:
    web.add_package("acme/tools", "1.0.0")
    root = write_project({"packages.yml": asks("1.0.0", "acme/tolls")})

    ran = await deps(root, environ=hub(web))

    assert error_of(ran) == (
        "packages.yml:2:5: Package acme/tolls was not found in the package index. "
        "Did you mean 'acme/tools'?"
    )


async def test_a_package_that_moved_is_installed_with_a_warning(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0")
    path = "api/v1/acme/tools.json"
    web.content[path] = web.content[path][:-1] + b', "redirectnamespace": "apex"}'
    root = write_project({"packages.yml": asks("1.0.0")})

    ran = await deps(root, environ=hub(web))

    (warning,) = ran.warnings
    assert "acme/tools is now called apex/tools" in warning


async def test_a_hub_that_can_t_be_reached_is_named_with_the_package_and_a_way_out(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": asks("1.0.0")})
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"

        ran = await deps(root, environ={"DBT_PACKAGE_HUB_URL": address})

    message = error_of(ran)
    assert f"acme/tools can't be looked up at {address}/api/v1/acme/tools.json" in message
    assert "Connection refused" in message
    assert "DBT_PACKAGE_HUB_URL" in message


async def test_a_hub_that_is_busy_for_a_moment_is_asked_again(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0")
    web.statuses["api/v1/acme/tools.json"] = [503]
    root = write_project({"packages.yml": asks("1.0.0")})

    ran = await deps(root, environ=hub(web))

    assert ran.exit_code == 0
    assert web.asked.count("api/v1/acme/tools.json") == 2


async def test_an_answer_that_is_no_listing_is_an_error(
    write_project: WriteProject, web: Web
) -> None:
    web.content["api/v1/acme/tools.json"] = b"<html>sign in first</html>"
    root = write_project({"packages.yml": asks("1.0.0")})

    ran = await deps(root, environ=hub(web))

    assert "the answer isn't a package's listing" in error_of(ran)


async def test_a_hub_can_t_say_where_a_package_is_put(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0")
    path = "api/v1/acme/tools.json"
    web.content[path] = web.content[path].replace(b'"name": "tools"', b'"name": "../out"')
    root = write_project({"packages.yml": asks("1.0.0")})

    ran = await deps(root, environ=hub(web))

    assert "'../out' is no package's name" in error_of(ran)


async def test_add_package_writes_it_down_once_it_is_installed(
    write_project: WriteProject, web: Web, tmp_path: Path
) -> None:
    web.add_package("acme/tools", "1.0.0")
    write_package(tmp_path / "more", "more")
    root = write_project({"packages.yml": "packages:\n  # ours\n  - local: ../more\n"})

    failed = await deps(root, environ=hub(web), add_package="acme/tools@2.0.0")
    untouched = (root / "packages.yml").read_text()
    ran = await deps(root, environ=hub(web), add_package="acme/tools@>=1.0.0,<2.0.0")

    assert failed.exit_code == 2
    assert untouched == "packages:\n  # ours\n  - local: ../more\n"
    assert ran.exit_code == 0
    assert (root / "packages.yml").read_text() == (
        "packages:\n  # ours\n  - local: ../more\n"
        "  - package: acme/tools\n    version:\n      - '>=1.0.0'\n      - <2.0.0\n"
    )
    assert installed(root) == ["more", "tools"]
    assert f"Added new package acme/tools@>=1.0.0,<2.0.0 to {root / 'packages.yml'}" in said(ran)


async def test_add_package_replaces_an_entry_for_the_same_package(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0", "2.0.0")
    root = write_project({"packages.yml": asks("1.0.0")})

    ran = await deps(root, environ=hub(web), add_package="acme/tools@2.0.0")

    assert (root / "packages.yml").read_text() == asks("2.0.0")
    assert said(ran)[0].startswith("Found duplicate package in packages.yml, removing: ")


async def test_add_package_makes_packages_yml_and_needs_a_version_of_the_hub(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({})
    write_package(tmp_path / "more", "more")

    without = await deps(root, add_package="acme/tools")
    ran = await deps(root, add_package="../more", package_source="local")

    assert "Version is required in --add-package when the source is hub" in error_of(without)
    assert (root / "packages.yml").read_text() == "packages:\n  - local: ../more\n"
    assert (ran.exit_code, installed(root)) == (0, ["more"])


async def test_an_archive_that_can_t_be_downloaded_leaves_the_earlier_packages(
    write_project: WriteProject, web: Web
) -> None:
    web.add_package("acme/tools", "1.0.0", "2.0.0")
    root = write_project({"packages.yml": asks("1.0.0")})
    await deps(root, environ=hub(web))
    del web.content["archives/tools/2.0.0.tar.gz"]
    write(root, {"packages.yml": asks("2.0.0")})

    ran = await deps(root, environ=hub(web))

    assert "can't be installed from http://127.0.0.1" in error_of(ran)
    assert "404" in error_of(ran)
    assert "1.0.0" in (root / "dbt_packages/tools/models/tools_model.sql").read_text()
    assert "version: 1.0.0" in (root / "package-lock.yml").read_text()
