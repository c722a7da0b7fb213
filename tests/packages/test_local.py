"""`deps` with local packages, and what holds for packages of any kind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from hashlib import sha1
from pathlib import Path

import pytest

from ..building.support import run
from .support import deps, error_of, installed, said, write, write_package

WriteProject = Callable[[Mapping[str, str]], Path]

ASKS = "packages:\n  - local: ../tools\n"


async def test_a_local_package_is_a_link_and_its_models_are_built(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS, "models/b.sql": "select * from {{ ref('a') }}"})
    tools = write_package(tmp_path / "tools", "tools", {"models/a.sql": "select 1 as id"})

    ran = await deps(root)
    built = await run(root, "run")

    assert ran.exit_code == 0
    assert os.readlink(root / "dbt_packages" / "tools") == str(tools)
    assert said(ran) == [
        f"Updating lock file in file path: {root / 'package-lock.yml'}",
        "Installing ../tools",
        "Installed from <local @ ../tools>",
    ]
    assert built.statuses.keys() == {"a", "b"}
    assert built.exit_code == 0


async def test_the_lock_file_is_the_one_that_dbt_writes(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS})
    write_package(tmp_path / "tools", "tools")

    await deps(root)

    entry = json.dumps({"local": "../tools", "unrendered": {"local": "../tools"}}, sort_keys=True)
    assert (root / "package-lock.yml").read_text() == (
        "packages:\n  - local: ../tools\n    name: tools\n"
        f"sha1_hash: {sha1(entry.encode()).hexdigest()}\n"
    )


async def test_what_a_package_asks_for_is_installed_too(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS})
    asks = {"packages.yml": "packages: [{local: ../shop/../more}]"}
    write_package(tmp_path / "tools", "tools", asks)
    write_package(tmp_path / "more", "more")

    await deps(root)

    assert installed(root) == ["more", "tools"]


async def test_a_local_package_may_name_its_own_from_where_it_is(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS})
    asks = {"packages.yml": "packages: [{local: inner}]"}
    write_package(tmp_path / "tools", "tools", asks)
    write_package(tmp_path / "tools" / "inner", "inner")

    first = await deps(root)
    by_lock = await deps(root)

    assert installed(root) == ["inner", "tools"]
    assert (first.exit_code, by_lock.exit_code) == (0, 0)
    assert "local: ../tools/inner" in (root / "package-lock.yml").read_text()


async def test_packages_that_ask_for_each_other_are_installed_once(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS})
    write_package(tmp_path / "tools", "tools", {"packages.yml": "packages: [{local: ../more}]"})
    write_package(tmp_path / "more", "more", {"packages.yml": "packages: [{local: ../tools}]"})

    await deps(root)

    assert installed(root) == ["more", "tools"]


async def test_two_packages_of_one_name_are_refused_and_both_named(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": "packages: [{local: ../one}, {local: ../two}]"})
    write_package(tmp_path / "one", "tools")
    write_package(tmp_path / "two", "tools")

    ran = await deps(root)

    assert 'Found duplicate project "tools": ../one and ../two' in error_of(ran)
    assert installed(root) == []


async def test_a_package_of_the_project_s_own_name_is_refused(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS})
    write_package(tmp_path / "tools", "shop")

    ran = await deps(root)

    assert 'same name as the root project "shop": ../tools' in error_of(ran)


async def test_a_failed_install_leaves_the_earlier_packages_and_their_lock(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS})
    write_package(tmp_path / "tools", "tools")
    await deps(root)
    lock = (root / "package-lock.yml").read_bytes()
    write(root, {"packages.yml": ASKS + "  - local: ../nowhere\n"})

    ran = await deps(root)

    assert error_of(ran).startswith("packages.yml:3:5: No dbt_project.yml found")
    assert "../nowhere" in error_of(ran)
    assert installed(root) == ["tools"]
    assert (root / "package-lock.yml").read_bytes() == lock


@pytest.mark.parametrize("had_packages", [True, False])
async def test_a_lock_file_that_can_t_be_written_leaves_all_as_it_was(
    write_project: WriteProject, tmp_path: Path, had_packages: bool
) -> None:
    root = write_project({"packages.yml": ASKS})
    write_package(tmp_path / "tools", "tools")
    if had_packages:
        write_package(root / "dbt_packages" / "before", "before")
    (root / "package-lock.yml").mkdir()

    ran = await deps(root)

    assert "the packages can't be put into" in error_of(ran)
    assert installed(root) == (["before"] if had_packages else [])


async def test_a_package_that_is_no_longer_asked_for_goes(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": ASKS + "  - local: ../more\n"})
    write_package(tmp_path / "tools", "tools", {"models/a.sql": "select 1 as id"})
    write_package(tmp_path / "more", "more")
    await deps(root)
    write(root, {"packages.yml": ASKS})

    await deps(root)

    assert installed(root) == ["tools"]
    assert (tmp_path / "more" / "dbt_project.yml").exists()


async def test_lock_alone_installs_nothing(write_project: WriteProject, tmp_path: Path) -> None:
    root = write_project({"packages.yml": ASKS})
    write_package(tmp_path / "tools", "tools")

    ran = await deps(root, lock_only=True)

    assert (ran.exit_code, installed(root)) == (0, [])
    assert "local: ../tools" in (root / "package-lock.yml").read_text()


async def test_without_packages_there_is_a_word_and_nothing_else(
    write_project: WriteProject,
) -> None:
    root = write_project({"dbt_packages/vendored/dbt_project.yml": "name: vendored\n"})

    ran = await deps(root)

    assert said(ran) == ["Warning: No packages were found in packages.yml"]
    assert installed(root) == ["vendored"]
    assert not (root / "package-lock.yml").exists()


async def test_no_profile_is_needed(write_project: WriteProject, tmp_path: Path) -> None:
    root = write_project({"packages.yml": ASKS})
    (root / "profiles.yml").unlink()
    write_package(tmp_path / "tools", "tools")

    ran = await deps(root)

    assert (ran.exit_code, installed(root)) == (0, ["tools"])


async def test_packages_may_stand_in_dependencies_yml_and_be_rendered(
    write_project: WriteProject, tmp_path: Path
) -> None:
    asks = "packages: [{local: \"../{{ env_var('TOOLS') }}\"}, {local: \"{{ var('more') }}\"}]"
    root = write_project({"dependencies.yml": asks})
    write_package(tmp_path / "tools", "tools")
    write_package(tmp_path / "more", "more")

    ran = await deps(root, environ={"TOOLS": "tools"}, vars={"more": "../more"})

    assert (ran.exit_code, installed(root)) == (0, ["more", "tools"])


async def test_a_directory_with_files_of_the_project_is_never_replaced(
    write_project: WriteProject, tmp_path: Path
) -> None:
    project = "name: shop\nprofile: shop\npackages-install-path: macros\n"
    files = {"dbt_project.yml": project, "packages.yml": ASKS, "macros/m.sql": "-- mine"}
    root = write_project(files)
    write_package(tmp_path / "tools", "tools")

    ran = await deps(root)

    assert "holds the project's own files ('macros')" in error_of(ran)
    assert (root / "macros" / "m.sql").exists()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{}", "exactly one of package, git, local and tarball, but it has none of them"),
        ("{git: a, local: b}", "but it has local and git"),
        ("{local: a, revison: b}", "'revison' is no key of a local package"),
        ("{git: a, revison: b}", "Did you mean 'revision'?"),
        ("{git: '--upload-pack=x'}", "'git' can't begin with '-'"),
        ("{git: a, revision: '-x'}", "'revision' can't begin with '-'"),
        ("{git: a, subdirectory: ../x}", "leads out of the package"),
        ("{package: dbt_utils, version: 1.0.0}", "require a namespace"),
        ("{package: a/b}", "a/b is missing the version"),
        ("{package: a/b, version: newest}", '"newest" is not a valid semantic version'),
        ("{tarball: 'https://x/y.tgz'}", "needs a 'name'"),
        ("{tarball: 'https://x/y.tgz', name: ../y}", "leads out of the package"),
        ("{private: a/b, provider: github}", "Cannot resolve a private package"),
        ("just text", "must be a mapping, but it is a text"),
    ],
)
async def test_an_entry_that_is_none_is_refused_where_it_stands(
    write_project: WriteProject, entry: str, problem: str
) -> None:
    root = write_project({"packages.yml": f"packages:\n  - {entry}\n"})

    ran = await deps(root)

    assert problem in error_of(ran)
    assert error_of(ran).startswith("packages.yml:2:")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"dependencies.yml": "projects: [{name: other}]"}, "projects of dbt Cloud"),
        ({"packages.yml": "projects: [{name: other}]"}, "cannot be specified in packages.yml"),
        ({"packages.yml": "packages: []", "dependencies.yml": "packages: []"}, "in both"),
        ({"packages.yml": "packages: {local: x}"}, "'packages' must be a list"),
        ({"packages.yml": "- local: x"}, "it must be a mapping"),
        ({"packages.yml": "packges: []"}, "packages.yml:1:1: This list of packages is malformed"),
        ({"packages.yml": "packges: []"}, "Did you mean 'packages'?"),
        ({"packages.yml": "packages: [{local: \"{{ env_var('NO') }}\"}]"}, "Env var required"),
    ],
)
async def test_a_file_that_is_no_list_of_packages_is_refused(
    write_project: WriteProject, files: Mapping[str, str], problem: str
) -> None:
    root = write_project(files)

    ran = await deps(root)

    assert problem in error_of(ran)
