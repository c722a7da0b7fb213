"""A run with packages that are missing, doubled, or for another version of dbt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import PROJECT, run
from ..commands.support import headrace
from .support import error_of, write_package

WriteProject = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize("name", ["packages.yml", "dependencies.yml"])
async def test_a_run_without_its_packages_says_how_to_get_them(
    write_project: WriteProject, name: str
) -> None:
    root = write_project({name: "packages: [{local: ../a}, {local: ../b}]"})
    write_package(root / "dbt_packages" / "a", "a")
    write_package(root / "dbt_packages" / ".hidden", "hidden")

    ran = await run(root)

    message = error_of(ran)
    assert message.startswith(
        f"{name}: found 2 package(s) specified in {name}, but only 1 package(s) installed in "
        'dbt_packages. Run "headrace deps" to install package dependencies.'
    )
    assert 'Run "dbt deps" to install package dependencies' in message


async def test_two_installed_packages_of_one_name_are_refused(write_project: WriteProject) -> None:
    root = write_project({})
    write_package(root / "dbt_packages" / "a", "tools")
    write_package(root / "dbt_packages" / "b", "tools")

    ran = await run(root)

    assert "the project name 'tools' is taken by dbt_packages/a/dbt_project.yml" in error_of(ran)
    assert error_of(ran).startswith("dbt_packages/b/dbt_project.yml:1:1")


async def test_a_project_for_another_dbt_is_refused_unless_nothing_is_checked(
    write_project: WriteProject,
) -> None:
    files = {"dbt_project.yml": PROJECT + 'require-dbt-version: [">=2.0.0", "<3.0.0"]\n'}
    root = write_project({**files, "models/a.sql": "select 1 as id"})

    refused = await run(root)
    flag = await run(root, version_check=False)
    variable = await run(root, environ={"DBT_VERSION_CHECK": "false"})

    message = error_of(refused)
    assert message.startswith("dbt_project.yml:5:1: This version of dbt is not supported with the")
    assert "Required version of dbt for 'shop': >=2.0.0, <3.0.0" in message
    assert (flag.exit_code, variable.exit_code) == (0, 0)


@pytest.mark.parametrize("command", ["run", "clean", "deps"])
async def test_what_a_project_requires_can_be_read_also_where_nothing_is_checked(
    write_project: WriteProject, command: str
) -> None:
    files = {"dbt_project.yml": PROJECT + "require-dbt-version: bogus\n"}

    ran = await run(write_project(files), command, version_check=False)

    assert ran.exit_code == 2
    assert '"bogus" is not a valid semantic version' in error_of(ran)


@pytest.mark.parametrize(
    ("required", "problem"),
    [
        ("'>=2.0.0'", "is not supported with the 'tools' package"),
        ("['>2.0.0', '<1.0.0']", "can never be satisfied for the 'tools' package"),
        ("newest", '"newest" is not a valid semantic version'),
    ],
)
async def test_a_package_for_another_dbt_is_refused(
    write_project: WriteProject, required: str, problem: str
) -> None:
    root = write_project({})
    project = f"name: tools\nrequire-dbt-version: {required}\n"
    write_package(root / "dbt_packages" / "tools", "tools", {"dbt_project.yml": project})

    ran = await run(root)

    assert problem in error_of(ran)
    assert error_of(ran).startswith("dbt_packages/tools/dbt_project.yml:2:1")


@pytest.mark.parametrize("required", ["'>=1.0.0,<2.0.0'", "['>=1.3.0', '<2.0.0']", "'>=0.20.0'"])
async def test_a_package_for_this_dbt_is_taken(write_project: WriteProject, required: str) -> None:
    root = write_project({})
    project = f"name: tools\nrequire-dbt-version: {required}\n"
    files = {"dbt_project.yml": project, "models/a.sql": "select 1 as id"}
    write_package(root / "dbt_packages" / "tools", "tools", files)

    ran = await run(root)

    assert ran.statuses.keys() == {"a"}


async def test_a_link_out_of_a_linked_package_is_left_out(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({})
    tools = write_package(tmp_path / "tools", "tools", {"models/a.sql": "select 1 as id"})
    (tmp_path / "secret.sql").write_text("select 2 as id")
    (tools / "models" / "b.sql").symlink_to(tmp_path / "secret.sql")
    (root / "dbt_packages").mkdir()
    (root / "dbt_packages" / "tools").symlink_to(tools)

    ran = await run(root)

    assert ran.statuses.keys() == {"a"}
    assert any("leads out of the project" in warning for warning in ran.warnings)


async def test_clean_deletes_nothing_of_a_project_for_another_dbt(
    write_project: WriteProject,
) -> None:
    root = write_project({"dbt_project.yml": PROJECT + "require-dbt-version: '>=2.0.0'\n"})
    (root / "target").mkdir()

    refused = await run(root, "clean")
    is_there = (root / "target").exists()
    flag = await run(root, "clean", version_check=False)

    assert "is not supported with the 'shop' package" in error_of(refused)
    assert (refused.exit_code, is_there) == (2, True)
    assert (flag.exit_code, (root / "target").exists()) == (0, False)


async def test_clean_deletes_the_packages_but_not_what_a_link_leads_to(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"dbt_project.yml": PROJECT + "clean-targets: [target, dbt_packages]\n"})
    tools = write_package(tmp_path / "tools", "tools")
    (root / "dbt_packages").mkdir()
    (root / "dbt_packages" / "tools").symlink_to(tools)

    ran = await run(root, "clean")

    assert ran.exit_code == 0
    assert not (root / "dbt_packages").exists()
    assert (tools / "dbt_project.yml").exists()


def test_the_command_line_installs_packages_and_takes_the_flag_before_the_command(
    write_project: WriteProject, tmp_path: Path
) -> None:
    files = {"dbt_project.yml": PROJECT + "require-dbt-version: '>=2.0.0'\n"}
    root = write_project({**files, "packages.yml": "packages: [{local: ../tools}]"})
    write_package(tmp_path / "tools", "tools")

    refused = headrace(root, "deps")
    done = headrace(root, "--no-version-check", "deps", "--upgrade")

    assert refused.exit_code == 2
    assert "This version of dbt is not supported" in refused.output
    assert done.exit_code == 0, done.output
    assert "Installed from <local @ ../tools>" in done.stdout
