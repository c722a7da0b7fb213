"""What the tests of packages share: packages, repositories, archives, and a hub of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from headrace.engine.core.events import MessageLogged

from ..building.support import Ran, run

GIT_ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def write_package(root: Path, name: str, files: Mapping[str, str] | None = None) -> Path:
    """A package that may be installed, without anything in it but what is given."""
    project = f"name: {name}\nversion: '1.0'\nconfig-version: 2\n"
    return write(root, {"dbt_project.yml": project, **(files or {})})


def git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env={**GIT_ENVIRON, "HOME": str(repository)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(repository: Path, *, tag: str | None = None) -> str:
    """Commit all that is in a directory, which becomes a repository if it isn't one."""
    if not (repository / ".git").exists():
        git(repository, "init", "-q", "-b", "trunk")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "more")
    if tag:
        git(repository, "tag", tag)
    return git(repository, "rev-parse", "HEAD")


def archive(files: Mapping[str, str], extra: list[tarfile.TarInfo] | None = None) -> bytes:
    """A .tar.gz with these files, and further members without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            data = text.encode("utf-8")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in extra or []:
            tar.addfile(member)
    return buffer.getvalue()


def package_archive(name: str, files: Mapping[str, str] | None = None) -> bytes:
    """An archive as the hub's packages come: with one directory, whatever its name."""
    project = f"name: {name}\nversion: '1.0'\nconfig-version: 2\n"
    content = {"dbt_project.yml": project, **(files or {})}
    return archive({f"{name}-abc123/{path}": text for path, text in content.items()})


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


async def deps(root: Path, *, environ: Mapping[str, str] | None = None, **options: Any) -> Ran:
    home = {"HOME": str(root)}
    return await run(root, "deps", environ={**GIT_ENVIRON, **home, **(environ or {})}, **options)


def said(ran: Ran) -> list[str]:
    """The command's log lines."""
    return [event.message for event in ran.events if isinstance(event, MessageLogged)]


def error_of(ran: Ran) -> str:
    assert ran.exit_code == 2, said(ran)
    assert ran.outcome.error is not None
    return str(ran.outcome.error)


def installed(root: Path) -> list[str]:
    """The names of the installed packages. Nothing else may have been left beside them."""
    assert [path.name for path in root.glob(".headrace-*")] == []
    directory = root / "dbt_packages"
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


class Web:
    """A web server on this machine: what it has at each path, and what it was asked for."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.statuses: dict[str, list[int]] = {}
        self.redirections: dict[str, str] = {}
        self.address = ""

    def add_package(
        self,
        package: str,
        *versions: str,
        needs: list[dict[str, object]] | None = None,
        required: Mapping[str, object] | None = None,
    ) -> None:
        """A package of a hub, with an archive for each version."""
        name = package.partition("/")[2]
        listing: dict[str, object] = {}
        for version in versions:
            path = f"archives/{name}/{version}.tar.gz"
            model = f"select '{version}' as version"
            self.content[path] = package_archive(name, {f"models/{name}_model.sql": model})
            listing[version] = {
                "name": name,
                "version": version,
                "packages": needs or [],
                "require_dbt_version": (required or {}).get(version, []),
                "downloads": {"tarball": f"{self.address}{path}"},
            }
        document = {"name": name, "namespace": package.partition("/")[0], "versions": listing}
        self.content[f"api/v1/{package}.json"] = json.dumps(document).encode()
        index = json.loads(self.content.get("api/v1/index.json", b"[]"))
        self.content["api/v1/index.json"] = json.dumps([*index, package]).encode()


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            web.asked.append(path)
            web.headers.append(dict(self.headers.items()))
            if path in web.redirections:
                self.send_response(302)
                self.send_header("Location", web.redirections[path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            statuses = web.statuses.get(path)
            status = statuses.pop(0) if statuses else 200
            body = web.content.get(path.partition("?")[0], b"")
            if status == 200 and not body:
                status = 404
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # joined in the end, so that no socket is left open
    web.address = f"http://127.0.0.1:{server.server_port}/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
