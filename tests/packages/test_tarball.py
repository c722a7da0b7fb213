"""`deps` with archives, and what an archive may not do."""

from __future__ import annotations

import base64
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.packages import tarball
from headrace.engine.packages.tarball import ArchiveError, unpack

from .support import Web, archive, deps, error_of, installed, link, package_archive, said

WriteProject = Callable[[Mapping[str, str]], Path]

PROJECT = {"p/dbt_project.yml": "name: tools\n"}


def asks(address: str, name: str = "tools") -> str:
    return f"packages:\n  - tarball: '{address}'\n    name: {name}\n"


@pytest.mark.parametrize("form", ["relative", "absolute", "uri"])
async def test_an_archive_on_disk_is_installed_under_its_name(
    write_project: WriteProject, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "tools.tgz"
    path.write_bytes(package_archive("anything", {"models/a.sql": "select 1 as id"}))
    address = {"relative": "../tools.tgz", "absolute": str(path), "uri": path.as_uri()}[form]
    root = write_project({"packages.yml": asks(address)})

    ran = await deps(root)
    by_lock = await deps(root)

    assert said(ran)[-2:] == ["Installing tools", f"Installed from tarball (url: {address})"]
    assert (by_lock.exit_code, installed(root)) == (0, ["tools"])
    assert (root / "dbt_packages/tools/models/a.sql").read_text() == "select 1 as id"


async def test_an_archive_s_address_keeps_its_password_and_its_query_to_itself(
    write_project: WriteProject, web: Web
) -> None:
    web.content["tools.tgz"] = package_archive("tools")
    address = web.address.replace("://", "://me:pass%40word@") + "tools.tgz?signature=hidden"
    root = write_project({"packages.yml": asks(address)})

    ran = await deps(root)

    assert ran.exit_code == 0
    token = base64.b64encode(b"me:pass@word").decode()
    assert web.headers[0]["Authorization"] == f"Basic {token}"
    assert web.asked == ["tools.tgz?signature=hidden"]
    shown = repr(ran.events)
    assert "hidden" not in shown
    assert "word" not in shown


async def test_what_an_archive_s_package_asks_for_is_installed_too(
    write_project: WriteProject, tmp_path: Path
) -> None:
    inner = asks("../inner.tgz", "inner")
    (tmp_path / "tools.tgz").write_bytes(package_archive("tools", {"packages.yml": inner}))
    (tmp_path / "inner.tgz").write_bytes(package_archive("inner"))
    root = write_project({"packages.yml": asks("../tools.tgz")})

    await deps(root)

    assert installed(root) == ["inner", "tools"]


async def test_what_is_no_archive_is_refused(write_project: WriteProject, tmp_path: Path) -> None:
    (tmp_path / "tools.tgz").write_bytes(b"not an archive")
    root = write_project({"packages.yml": asks("../tools.tgz")})

    ran = await deps(root)

    assert "package tools can't be installed from ../tools.tgz: it can't be" in error_of(ran)


@pytest.mark.parametrize(
    "content",
    [
        archive({**PROJECT, "../out.txt": "x"}),
        archive({**PROJECT, "p/../../out.txt": "x"}),
        archive(PROJECT, [link("p/out", "../../out.txt")]),
        archive(PROJECT, [link("p/out", "../../out.txt", tarfile.LNKTYPE)]),
        archive(PROJECT, [link("p/out", "", tarfile.FIFOTYPE)]),
        archive(PROJECT, [link("p/out", "", tarfile.CHRTYPE)]),
    ],
    ids=["parent", "nested parent", "link", "hard link", "fifo", "device"],
)
def test_what_leads_out_of_an_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(content)

    with pytest.raises(ArchiveError):
        unpack(path, tmp_path / "stage" / "into")

    assert not list(tmp_path.rglob("out*"))


def test_a_path_through_a_link_is_refused_wherever_the_link_leads(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for member in (link("p/here", "."), tarfile.TarInfo("p/here/file")):
            tar.addfile(member)

    with pytest.raises(ArchiveError, match="through a link"):
        unpack(path, tmp_path / "into")


@pytest.mark.parametrize(
    "has_filters",
    [
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                not hasattr(tarfile, "data_filter"), reason="this Python has no filters"
            ),
        ),
        False,
    ],
)
def test_a_chain_of_links_is_no_way_out_with_or_without_python_s_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_filters: bool
) -> None:
    monkeypatch.setattr(tarball, "_HAS_FILTERS", has_filters)
    path = tmp_path / "a.tgz"
    chain = [link("p/a/b", "."), link("p/a/c", "b/b"), link("p/a/d", "c/../../..")]
    path.write_bytes(archive(PROJECT, chain))

    with pytest.raises(ArchiveError):
        unpack(path, tmp_path / "stage" / "into")


def test_a_link_within_an_archive_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(archive(PROJECT, [link("p/other.yml", "dbt_project.yml")]))

    project = unpack(path, tmp_path / "into")

    assert (project / "other.yml").read_text() == "name: tools\n"


@pytest.mark.parametrize("limit", ["MAX_UNPACKED_BYTES", "MAX_MEMBERS"])
def test_an_archive_larger_than_any_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(tarball, limit, 1)
    path = tmp_path / "a.tgz"
    path.write_bytes(archive({**PROJECT, "p/more": "x"}))

    with pytest.raises(ArchiveError, match="too large"):
        unpack(path, tmp_path / "into")


@pytest.mark.parametrize("files", [{"a.txt": "x"}, {**PROJECT, "q/dbt_project.yml": ""}])
def test_an_archive_without_one_project_is_refused(
    tmp_path: Path, files: Mapping[str, str]
) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(archive(files))

    with pytest.raises(ArchiveError, match="must hold one directory"):
        unpack(path, tmp_path / "into")
