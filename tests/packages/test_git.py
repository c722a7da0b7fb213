"""`deps` with packages from git repositories."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
from headrace import Options, invoke
from headrace.engine.packages import git as git_module

from .support import GIT_ENVIRON, commit, deps, error_of, git, installed, said, write, write_package

WriteProject = Callable[[Mapping[str, str]], Path]


def asks(repository: Path, more: str = "") -> str:
    return f"packages:\n  - git: {repository.as_uri()}\n{more}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A package with the tag v1, and a commit after it."""
    path = write_package(tmp_path / "repository", "tools", {"models/a.sql": "select 1 as id"})
    commit(path, tag="v1")
    write(path, {"models/a.sql": "select 2 as id"})
    commit(path)
    return path


@pytest.mark.parametrize(
    ("revision", "model"),
    [("v1", "select 1 as id"), ("trunk", "select 2 as id"), (None, "select 2 as id")],
)
async def test_a_tag_a_branch_or_head_is_installed_without_its_repository(
    write_project: WriteProject, repository: Path, revision: str | None, model: str
) -> None:
    root = write_project(
        {"packages.yml": asks(repository, f"    revision: {revision}\n" if revision else "")}
    )

    ran = await deps(root)

    assert ran.exit_code == 0
    package = root / "dbt_packages" / "tools"
    assert (package / "models" / "a.sql").read_text() == model
    assert not (package / ".git").exists()


@pytest.mark.parametrize("length", [40, 10])
async def test_a_commit_is_installed_by_its_hash_whole_or_shortened(
    write_project: WriteProject, repository: Path, length: int
) -> None:
    first = git(repository, "rev-parse", "v1")
    root = write_project({"packages.yml": asks(repository, f"    revision: '{first[:length]}'\n")})

    ran = await deps(root)

    assert said(ran)[-1] == f"Installed from revision {first}"
    assert (root / "dbt_packages/tools/models/a.sql").read_text() == "select 1 as id"


async def test_the_lock_holds_a_branch_where_it_was_until_upgrade(
    write_project: WriteProject, repository: Path
) -> None:
    root = write_project({"packages.yml": asks(repository, "    revision: trunk\n")})
    await deps(root)
    before = (root / "package-lock.yml").read_text()
    write(repository, {"models/a.sql": "select 3 as id"})
    newest = commit(repository)

    await deps(root)
    locked = (root / "dbt_packages/tools/models/a.sql").read_text()
    await deps(root, upgrade=True)

    assert locked == "select 2 as id"
    assert newest not in before
    assert newest in (root / "package-lock.yml").read_text()
    assert (root / "dbt_packages/tools/models/a.sql").read_text() == "select 3 as id"


async def test_a_changed_packages_yml_makes_a_new_lock(
    write_project: WriteProject, repository: Path
) -> None:
    root = write_project({"packages.yml": asks(repository, "    revision: trunk\n")})
    await deps(root)
    write(root, {"packages.yml": asks(repository, "    revision: v1\n")})

    await deps(root)

    assert (root / "dbt_packages/tools/models/a.sql").read_text() == "select 1 as id"
    assert git(repository, "rev-parse", "v1") in (root / "package-lock.yml").read_text()


async def test_a_subdirectory_of_a_repository_is_a_package(
    write_project: WriteProject, tmp_path: Path
) -> None:
    repository = tmp_path / "mono"
    write_package(repository / "dbt" / "tools", "tools", {"models/a.sql": "select 1 as id"})
    commit(repository, tag="v1")
    more = "    revision: v1\n    subdirectory: dbt/tools\n"
    root = write_project({"packages.yml": asks(repository, more)})

    ran = await deps(root)
    by_lock = await deps(root)

    assert said(ran)[-1] == said(by_lock)[-1] == "and subdirectory dbt/tools"
    assert f"Installing {repository.as_uri()}/dbt/tools" in said(ran)
    assert (root / "dbt_packages" / "tools" / "models" / "a.sql").exists()
    assert "    subdirectory: dbt/tools\n" in (root / "package-lock.yml").read_text()


async def test_without_a_revision_there_is_a_warning_unless_it_is_turned_off(
    write_project: WriteProject, repository: Path
) -> None:
    root = write_project({"packages.yml": asks(repository)})

    warned = await deps(root)
    write(root, {"packages.yml": asks(repository, "    warn-unpinned: false\n")})
    silent = await deps(root)

    (warning,) = warned.warnings
    assert "not pinned, using HEAD (default branch)" in warning
    assert silent.warnings == []


async def test_two_revisions_of_one_repository_are_refused_and_both_named(
    write_project: WriteProject, repository: Path, tmp_path: Path
) -> None:
    more = f"    revision: v1\n  - git: {repository.as_uri()}.git\n    revision: trunk\n"
    root = write_project({"packages.yml": asks(repository, more)})

    ran = await deps(root)

    assert "git dependencies should contain exactly one version" in error_of(ran)
    assert "'v1', asked by packages.yml, and 'trunk', asked by packages.yml" in error_of(ran)


async def test_a_revision_that_is_not_there_is_said_in_git_s_words(
    write_project: WriteProject, repository: Path
) -> None:
    root = write_project({"packages.yml": asks(repository, "    revision: v9\n")})

    ran = await deps(root)

    assert error_of(ran).startswith("packages.yml:2:5: package file://")
    assert "at revision 'v9': fatal: couldn't find remote ref v9" in error_of(ran)
    assert installed(root) == []


async def test_a_machine_without_git_is_told_to_install_it(
    write_project: WriteProject, repository: Path
) -> None:
    root = write_project({"packages.yml": asks(repository, "    revision: v1\n")})

    ran = await deps(root, environ={"PATH": "/nowhere"})

    assert "the command 'git' can't be run" in error_of(ran)


async def test_no_secret_of_an_address_is_shown_or_written_down(
    write_project: WriteProject, repository: Path
) -> None:
    address = (
        "https://me:{{ env_var('DBT_ENV_SECRET_TOKEN') }}@127.0.0.1:9/{{ env_var('PLAIN') }}.git"
    )
    root = write_project({"packages.yml": f'packages: [{{git: "{address}", revision: v1}}]'})
    environ = {"DBT_ENV_SECRET_TOKEN": "hidden-token", "PLAIN": "tools"}

    ran = await deps(root, environ=environ)

    assert "https://*****@127.0.0.1:9/tools.git can't be fetched" in error_of(ran)
    assert "hidden-token" not in repr(ran.events) + error_of(ran)


async def test_the_lock_says_an_address_as_it_was_written(
    write_project: WriteProject, repository: Path
) -> None:
    text = "packages: [{git: \"{{ env_var('DBT_ENV_SECRET_PLACE') }}\", revision: v1}]"
    root = write_project({"packages.yml": text})
    environ = {"DBT_ENV_SECRET_PLACE": repository.as_uri()}

    first = await deps(root, environ=environ)
    by_lock = await deps(root, environ=environ)

    assert (first.exit_code, by_lock.exit_code) == (0, 0)
    lock = (root / "package-lock.yml").read_text()
    assert "env_var(''DBT_ENV_SECRET_PLACE'')" in lock
    assert repository.name not in lock


async def test_git_variables_of_a_hook_lead_nowhere_else(
    write_project: WriteProject, repository: Path, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": asks(repository, "    revision: v1\n")})
    elsewhere = write_package(tmp_path / "elsewhere", "elsewhere")
    commit(elsewhere)

    ran = await deps(
        root, environ={"GIT_DIR": str(elsewhere / ".git"), "GIT_INDEX_FILE": str(tmp_path / "i")}
    )

    assert (ran.exit_code, installed(root)) == (0, ["tools"])
    assert git(elsewhere, "status", "--porcelain") == ""


async def test_a_cancelled_install_ends_git_and_leaves_the_earlier_packages(
    write_project: WriteProject, repository: Path, tmp_path: Path
) -> None:
    root = write_project({"packages.yml": asks(repository, "    revision: v1\n")})
    await deps(root)
    write(root, {"packages.yml": asks(repository, "    revision: trunk\n")})
    # A git that says that it has begun, and then never ends by itself.
    started = tmp_path / "started"
    script = f"#!/bin/sh\necho $$ > {started}.part\nmv {started}.part {started}\nexec sleep 600\n"
    slow = write(tmp_path / "bin", {"git": script})
    (slow / "git").chmod(0o755)
    environ = {**GIT_ENVIRON, "HOME": str(root), "PATH": f"{slow}:{GIT_ENVIRON['PATH']}"}

    async with anyio.create_task_group() as tasks:

        async def install() -> None:
            await invoke(Options(command="deps"), environ=environ, cwd=root)

        tasks.start_soon(install)
        with anyio.fail_after(30):
            while not started.exists():
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    with anyio.fail_after(30):
        while _is_alive(int(started.read_text())):
            await anyio.lowlevel.checkpoint()
    assert installed(root) == ["tools"]
    assert (root / "dbt_packages/tools/models/a.sql").read_text() == "select 1 as id"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "transport"),
    [
        ("fd::17", "fd"),
        ("fd::17,18/x", "fd"),
        ("ext::sh -c 'touch out'", "ext"),
        ("EXT::sh -c 'touch out'", "ext"),
        ("ext://example.org/x", "ext"),
        ("ftp://example.org/x", "ftp"),
        ("persistent-https://example.org/x", "persistent-https"),
        ("x" * 5000 + "::y", "x" * 100 + "…"),
    ],
)
async def test_a_transport_that_runs_programs_is_refused_before_git_is_asked(
    write_project: WriteProject, tmp_path: Path, address: str, transport: str
) -> None:
    root = write_project({"packages.yml": f'packages:\n  - git: "{address}"\n'})

    message = error_of(await deps(root, environ={"PATH": str(tmp_path)}))  # where no git is

    assert message.startswith("packages.yml:2:5: package ")
    assert f"'{transport.lower()}' is no way in which packages are fetched" in message
    assert not (root / "out").exists()


async def test_the_transports_of_git_s_own_variable_are_taken(
    write_project: WriteProject, repository: Path
) -> None:
    root = write_project({"packages.yml": asks(repository)})

    narrower = error_of(await deps(root, environ={"GIT_ALLOW_PROTOCOL": "https:ssh"}))
    wider = error_of(
        await deps(
            write_project({"packages.yml": "packages:\n  - git: nothing::x\n"}),
            environ={"GIT_ALLOW_PROTOCOL": "file:nothing"},
        )
    )

    assert "'file' is no way in which packages are fetched: there are https, ssh." in narrower
    assert "remote-nothing" in wider  # the helper that git looks for


@pytest.mark.parametrize("scheme", ["git", "http"])
async def test_a_server_that_never_answers_is_given_up_at_the_deadline(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr(git_module, "DEADLINE_SECONDS", 1.0)
    came, ended = anyio.Event(), anyio.Event()

    async def be_silent(stream: anyio.abc.SocketStream) -> None:
        came.set()
        async with stream:
            try:
                while True:
                    await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                ended.set()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, be_silent)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            root = write_project(
                {"packages.yml": f"packages:\n  - git: {scheme}://127.0.0.1:{port}/x\n"}
            )

            message = error_of(await deps(root))

            if came.is_set():  # where a machine is slow, git has never got here
                await ended.wait()  # what git had started has gone with it
            tasks.cancel_scope.cancel()
    assert "it took longer than 1 seconds" in message
    assert installed(root) == []


@pytest.mark.parametrize(
    ("limit", "files"),
    [("MAX_MEMBERS", {"a.txt": "", "b.txt": ""}), ("MAX_UNPACKED_BYTES", {"a.txt": "x" * 200_000})],
)
async def test_a_repository_with_more_in_it_than_a_package_is_not_checked_out(
    write_project: WriteProject,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    files: dict[str, str],
) -> None:
    monkeypatch.setattr(git_module, limit, 100_000 if "BYTES" in limit else 3)
    commit(write(repository, files))
    root = write_project({"packages.yml": asks(repository)})

    assert "it is too large" in error_of(await deps(root))
    assert installed(root) == []


async def test_a_path_deeper_than_a_package_s_is_not_checked_out(
    write_project: WriteProject, repository: Path
) -> None:
    commit(write(repository, {"d/" * 70 + "a.sql": "select 1"}))
    root = write_project({"packages.yml": asks(repository)})

    assert "is too deep: 64 directories" in error_of(await deps(root))
    assert installed(root) == []


async def test_a_repository_that_grows_without_end_is_given_up(
    write_project: WriteProject, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(git_module, "MAX_REPOSITORY_BYTES", 1_000_000)
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(
        '#!/bin/sh\ncase "$*" in\n*fetch*) head -c 2000000 /dev/zero '
        f'> "${{1#--git-dir=}}/pack"; exec sleep 60;;\nesac\nexec {shutil.which("git")} "$@"\n'
    )
    slow.chmod(0o755)
    root = write_project({"packages.yml": asks(repository)})
    path = f"{slow.parent}:{GIT_ENVIRON['PATH']}"

    message = error_of(await deps(root, environ={"PATH": path}))

    assert "it is larger than 1,000,000 bytes" in message
