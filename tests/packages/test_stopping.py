"""Fetching that is cancelled hangs up, wherever it waits, and ends the programs it has started."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from headrace.engine.packages.git import check_out
from headrace.engine.packages.web import WebError, download, fetch_document

from ..commands.cancelling import Way, by_cancel, by_scope, by_two_cancels, own_threads

WAYS: list[Way] = [by_cancel, by_scope, by_two_cancels]
SECONDS = 2.0
"""How long hanging up may take at most on a busy machine."""

Talk = Callable[[socket.socket], None]


class Server:
    """Takes one connection, says something, and waits."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self._loop = asyncio.get_running_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x.json"
        self.met = asyncio.Event()
        self.hung_up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self._said)
            self._loop.call_soon_threadsafe(self.met.set)
            if not connection.recv(1):
                self.hung_up.set()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def stopping_is_soon() -> AsyncIterator[None]:
    """Nothing is left of a test, which may take a while altogether, but not long."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 2 * SECONDS
    assert own_threads() == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 99],
    ids=["nothing", "a line", "a part"],
)
@pytest.mark.usefixtures("stopping_is_soon")
async def test_cancelled_download_hangs_up(tmp_path: Path, way: Way, said: bytes) -> None:
    with closing(Server(said)) as server:
        await way(lambda: download(server.address, tmp_path / "file"), server.met)

        assert server.hung_up.wait(SECONDS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("stopping_is_soon")
async def test_cancelled_connecting_is_given_up(way: Way) -> None:
    # A server that takes nobody, with a queue of waiting ones that is full.
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        moment = asyncio.Event()
        asyncio.get_running_loop().call_later(0.2, moment.set)

        await way(lambda: fetch_document(f"http://127.0.0.1:{full.getsockname()[1]}/"), moment)

        for each in waiting:
            each.close()


@pytest.mark.parametrize("way", WAYS)
async def test_search_for_an_address_is_left_alone(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, moment, answer = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def search(*arguments: object) -> list[object]:
        loop.call_soon_threadsafe(moment.set)
        answer.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", search)

    with anyio.fail_after(SECONDS):
        await way(lambda: fetch_document("http://example.invalid/"), moment)

    assert own_threads() == ["headrace-lookup"]
    answer.set()


async def test_host_that_refuses_is_told_of() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    with pytest.raises(WebError, match="refused"):
        await fetch_document(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("way", WAYS)
async def test_cancelled_git_has_ended(tmp_path: Path, way: Way) -> None:
    git, said = tmp_path / "git", tmp_path / "pid"
    git.write_text(f"#!/bin/sh\n[ $1 = init ] && exit 0\necho $$ > {said}.new\n"
                   f"mv {said}.new {said}\nexec sleep 60\n")  # fmt: skip
    git.chmod(0o755)
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    moment = asyncio.Event()

    async def wait_for_git() -> None:
        while not said.exists():  # noqa: ASYNC110 # it is another process's
            await asyncio.sleep(0.01)
        moment.set()

    waiting = asyncio.ensure_future(wait_for_git())
    await way(
        lambda: check_out("https://x/y.git", None, tmp_path, environ=environ, cwd=tmp_path), moment
    )
    await waiting

    pid = int(said.read_text())  # a few bytes
    gone = subprocess.run(["ps", "-p", str(pid)], capture_output=True, check=False)  # noqa: ASYNC221
    assert gone.returncode == 1
