"""Fetching over HTTP: in a thread, within a time and a size, with a few tries."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request

import anyio

from ...adapters.backoff import Backoff
from ..core.blocking import in_thread
from ..core.checkpoints import checkpoint
from ..core.numbers import whole_number
from ..core.version import VERSION
from .dialing import answered

SOCKET_TIMEOUT = 10.0
"""Seconds to wait for a connection, and for each piece of an answer."""
TOTAL_TIMEOUT = 300.0
"""Seconds for one answer as a whole, with all its tries."""
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 256 * 1024 * 1024

_TRIES = 3
_BACKOFF = Backoff(first=0.2, limit=0.8, factor=4.0)
_PIECE_BYTES = 64 * 1024
_NOT_FOUND = 404
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class WebError(Exception):
    """Nothing came back that can be used. The text names no address.

    `status` is the answer's, where there was one.
    """

    def __init__(self, problem: str, *, status: int | None = None, may_pass: bool = False) -> None:
        self.status = status
        self.may_pass = may_pass
        super().__init__(problem)

    @property
    def is_not_found(self) -> bool:
        return self.status == _NOT_FOUND


async def fetch_document(address: str) -> bytes:
    """What is at an address, as bytes. A cancellation hangs up.

    Raises:
        WebError: it can't be had.
    """

    def work() -> bytes:
        buffer = io.BytesIO()
        _copy(address, buffer, MAX_DOCUMENT_BYTES)
        return buffer.getvalue()

    return await _with_tries(work)


async def download(address: str, path: Path) -> None:
    """Write what is at an address into a file; see `fetch_document`.

    Raises:
        WebError: it can't be had.
        OSError: the file can't be written.
    """

    def work() -> bytes:
        with open(path, "wb") as file:
            _copy(address, file, MAX_DOWNLOAD_BYTES)
        return b""

    await _with_tries(work)


async def _with_tries(work: Callable[[], bytes]) -> bytes:
    with anyio.move_on_after(TOTAL_TIMEOUT):  # hangs up, also while the headers come
        for number in range(1, _TRIES + 1):
            try:
                return await in_thread(work)
            except WebError as error:
                if number == _TRIES or not error.may_pass:
                    raise
                await anyio.sleep(_BACKOFF.after(number))
    raise WebError(f"it took longer than {TOTAL_TIMEOUT:.0f} seconds")


def _copy(address: str, sink: BinaryIO, limit: int) -> None:
    received = 0
    try:
        with answered(_request(address), SOCKET_TIMEOUT) as answer:
            while piece := answer.read(_PIECE_BYTES):
                checkpoint()
                received += len(piece)
                if received > limit:
                    raise WebError(f"it is larger than {limit:,} bytes")
                sink.write(piece)
            _check_length(answer.headers.get("Content-Length"), received)
    except HTTPError as error:
        with error:
            raise WebError(
                f"the answer was {error.code} {error.reason}",
                status=error.code,
                may_pass=error.code in _TRANSIENT_STATUSES,
            ) from error
    except URLError as error:
        raise WebError(_reason(error.reason), may_pass=True) from error
    except (TimeoutError, ConnectionError, HTTPException) as error:
        raise WebError(_reason(error), may_pass=True) from error
    except ValueError as error:
        raise WebError("it is no address that can be read") from error


def _check_length(said: str | None, received: int) -> None:
    length = None if said is None else whole_number(said)
    if length is not None and length != received:
        raise WebError(f"only {received:,} of {length:,} bytes came", may_pass=True)


def _request(address: str) -> Request:
    """A request without the address's user and password, which go into a header."""
    parts = urlsplit(address)
    if parts.scheme.lower() not in ("http", "https"):
        raise WebError("it is no web address: it must begin with https://")
    userinfo, at, host = parts.netloc.rpartition("@")
    request = Request(
        urlunsplit(parts._replace(netloc=host)), headers={"User-Agent": f"headrace/{VERSION}"}
    )
    if at:
        token = base64.b64encode(unquote(userinfo).encode("utf-8")).decode("ascii")
        # Not sent on to where a redirection leads.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"there was no answer within {SOCKET_TIMEOUT:.0f} seconds"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
