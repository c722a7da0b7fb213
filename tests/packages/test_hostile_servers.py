"""Hubs and web servers that answer without end, in the wrong shape, or not at all."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import pytest
from headrace.engine.packages import resolution, web
from headrace.engine.packages.web import WebError, fetch_document

from .support import Web, deps, error_of, installed, package_archive, said, write_package

WriteProject = Callable[[Mapping[str, str]], Path]
Speak = Callable[[anyio.abc.SocketStream], Any]

ASKS = "packages:\n  - package: acme/tools\n    version: 1.0.0\n"
RELEASE = {"name": "tools", "downloads": {"tarball": "x"}}


async def drip_headers(stream: anyio.abc.SocketStream) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await stream.send(b"x")
        await anyio.sleep(0.01)


async def drip_body(stream: anyio.abc.SocketStream) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await stream.send(b"x")
        await anyio.sleep(0.01)


async def say_nothing(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await anyio.sleep_forever()


@pytest.mark.parametrize("speak", [drip_headers, drip_body, say_nothing])
async def test_server_that_never_ends_is_given_up_with_the_thread_that_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, speak: Speak
) -> None:
    monkeypatch.setattr(web, "TOTAL_TIMEOUT", 0.5)
    ended = threading.Event()
    copy = web._copy

    def watched(*arguments: Any) -> None:
        try:
            copy(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr(web, "_copy", watched)

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with contextlib.suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                await speak(stream)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)

            with pytest.raises(WebError, match="it took longer than 0 seconds"):
                await fetch_document(f"http://127.0.0.1:{port}/x")

            assert await anyio.to_thread.run_sync(ended.wait, 5)
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("elsewhere", ["ftp://127.0.0.1:9/x", "file:///etc/passwd", "data:,x"])
async def test_redirection_leads_to_the_web_alone(web: Web, elsewhere: str) -> None:
    web.redirections["x"] = elsewhere

    with pytest.raises(WebError):
        await fetch_document(f"{web.address}x")


def listing(**changes: object) -> dict[str, object]:
    return {"name": "tools", "versions": {"1.0.0": {**RELEASE, **changes}}}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"nothing",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": "tools", "versions": {"1.0.0": {"name": "tools", "downloads": {"tarball": "x"}, '
        b'"packages": [{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}}}",
        {"name": 1, "versions": {}},
        {"name": "tools", "versions": []},
        {"name": "tools", "versions": {"1.0.0": None}},
        listing(downloads={"tarball": 1}),
        listing(downloads=None),
        listing(name=None),
        listing(name="../x"),
        listing(name="x" * 100_000 + "/"),
        listing(packages={}),
        listing(packages=[1]),
        listing(packages=[{"git": 1}]),
        listing(packages=[{"package": ["a/b"], "version": "1.0.0"}]),
        listing(packages=[{"package": "a/b", "version": {"x": 1}}]),
        listing(packages=[{"package": "a/b", "version": "9" * 5000 + ".0.0"}]),
        listing(packages=[{"package": "a/b", "version": [">1.0.0"] * 100_000}]),
        listing(packages=[{"tarball": "x", "name": "../x"}]),
        listing(packages=[{"git": "fd::17"}]),
        listing(require_dbt_version=1),
        listing(require_dbt_version=["9" * 5000]),
        {"name": "tools", "versions": {"9" * 5000 + ".0.0": RELEASE}},
    ],
    ids=lambda document: str(document)[:60],
)
async def test_answer_of_a_wrong_shape_is_an_error(
    write_project: WriteProject, web: Web, document: Any
) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    web.content["api/v1/acme/tools.json"] = body
    web.content["api/v1/index.json"] = body
    root = write_project({"packages.yml": ASKS})

    message = error_of(await deps(root, environ={"DBT_PACKAGE_HUB_URL": web.address}))

    assert "acme/tools" in message or "a/b" in message or "fd" in message, message
    assert len(message) < 1000
    assert installed(root) == []


async def test_packages_that_ask_for_others_without_end_are_given_up(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resolution, "MAX_PACKAGES", 20)
    for number in range(40):
        more = f"packages:\n  - local: ../p{number + 1}\n"
        write_package(tmp_path / f"p{number}", f"p{number}", {"packages.yml": more})
    root = write_project({"packages.yml": "packages:\n  - local: ../p0\n"})

    message = error_of(await deps(root))

    assert "there are more than 20 by now. The last one is asked for by package 'p19'" in message
    assert installed(root) == []


async def test_as_many_packages_as_there_may_be_are_installed(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resolution, "MAX_PACKAGES", 3)
    names = ["p0", "p1", "p2"]
    for name in names:
        (tmp_path / f"{name}.tgz").write_bytes(package_archive(name))
    entries = "".join(f"  - tarball: ../{name}.tgz\n    name: {name}\n" for name in names)
    root = write_project({"packages.yml": f"packages:\n{entries}"})

    ran = await deps(root)

    assert (ran.exit_code, installed(root)) == (0, names), said(ran)
