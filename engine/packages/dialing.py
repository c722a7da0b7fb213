"""A request over HTTP that can be hung up on, wherever it waits.

urllib waits in the system for a connection and for each piece of an answer, where nothing looks
whether the work is to stop. So the connection is made here, and shut down when it is.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from ..core.checkpoints import checkpoint, waking

_LOOK_SECONDS = 0.1

_Found = list[tuple[Any, Any, int, str, Any]]
"""As `socket.getaddrinfo` has it."""


@contextmanager
def answered(request: Request, timeout: float) -> Iterator[HTTPResponse]:
    """The answer to a request, open for the block. A stop hangs up.

    Only HTTP is spoken, also where a redirection leads: urllib would take FTP as well.

    Each wait for the other side may take `timeout` seconds.

    Raises:
        urllib.error.URLError, http.client.HTTPException, OSError: as urllib has it.
    """
    line = _Line()
    opener = OpenerDirector()
    for handler in (
        *(ProxyHandler(), UnknownHandler(), HTTPDefaultErrorHandler(), HTTPRedirectHandler()),
        *(HTTPErrorProcessor(), _Http(line), _Https(line)),
    ):
        opener.add_handler(handler)
    try:
        with waking(line.hang_up), opener.open(request, timeout=timeout) as answer:
            yield answer
    finally:
        line.close()


class _Line:
    """The connections of one request, which has several where it is led on."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def http(self, host: str, **options: Any) -> HTTPConnection:
        return self._on_this_line(HTTPConnection(host, **options))

    def https(self, host: str, **options: Any) -> HTTPConnection:
        return self._on_this_line(HTTPSConnection(host, **options))

    def _on_this_line(self, connection: HTTPConnection) -> HTTPConnection:
        # The one place that http.client has for a connection that is made otherwise.
        connection._create_connection = self._connect  # type: ignore[attr-defined] # not declared
        return connection

    def hang_up(self) -> None:
        """End whatever waits for the other side. May be called from another thread."""
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for each in self._sockets:
            each.close()

    def _connect(
        self, address: tuple[str, int], timeout: float, source_address: object = None
    ) -> socket.socket:
        """As `socket.create_connection`, with points while it waits."""
        failure: OSError = OSError("it has no address")
        for family, kind, protocol, _, place in _addresses(*address):
            made = socket.socket(family, kind, protocol)
            try:
                _connect(made, place, timeout)
                # TLS takes the socket over; this one stays, and is the same connection.
                self._sockets.append(made.dup())
                checkpoint()  # whoever hung up before hasn't seen it
            except OSError as error:
                failure = error
                made.close()
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise failure


class _Http(HTTPHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._line.http, req)


class _Https(HTTPSHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._line.https, req)


def _connect(made: socket.socket, place: Any, timeout: float) -> None:
    """Connect a socket, looking now and then whether to stop."""
    made.setblocking(False)
    deadline = time.monotonic() + timeout
    with suppress(BlockingIOError):
        made.connect(place)
    with selectors.DefaultSelector() as selector:
        selector.register(made, selectors.EVENT_WRITE)
        while not selector.select(_LOOK_SECONDS):
            checkpoint()
            if time.monotonic() > deadline:
                raise TimeoutError
    problem = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if problem:
        raise OSError(problem, os.strerror(problem))
    made.settimeout(timeout)


def _addresses(host: str, port: int) -> _Found:
    """Where a host is. Nothing can interrupt the system's search: on a stop it is left alone."""
    found: SimpleQueue[_Found | OSError | UnicodeError] = SimpleQueue()

    def look() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(error)

    Thread(target=look, name="headrace-lookup", daemon=True).start()
    while True:
        with suppress(Empty):
            answer = found.get(timeout=_LOOK_SECONDS)
            break
        checkpoint()
    if isinstance(answer, Exception):
        raise answer
    return answer
