"""A line between us and the server that can be cut at a chosen message, or go silent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum

from ..postgres_server import PostgresServer

_NODE = re.compile(r'"node_id": "([^"]+)"')
_QUERY = b"Q"
_READY = b"Z"


class Moment(Enum):
    """When a line is cut, around a message that it carries."""

    BEFORE = "before"
    """The server never gets it."""
    WITHIN = "within"
    """The server works on it. It isn't told that nobody is there any more."""
    AFTER = "after"
    """The server has answered, and nobody gets the answer."""


@dataclass
class Cuts:
    """Which messages cut the line: each node's first COMMIT, or what `matches` says.

    `seconds` is how long the server has been at the message, where it is cut within; or it is cut
    `when` the test says so.
    """

    moment: Moment
    seconds: float = 0.0
    matches: Callable[[str], bool] = lambda sql: re.search(r"COMMIT\W*$", sql, re.I) is not None
    per_node: int = 1
    when: asyncio.Event | None = None
    done: list[str] = field(default_factory=list)
    """The node of each message at which a line was cut, or the message itself."""

    def is_due(self, sql: str) -> bool:
        if not self.matches(sql):
            return False
        node = node_of(sql)
        if self.done.count(node) >= self.per_node:
            return False
        self.done.append(node)
        return True


def node_of(sql: str) -> str:
    found = _NODE.search(sql)
    return found.group(1) if found else sql


@dataclass
class Blow:
    """What befalls the first line, which is that of the control connection, at a message of its.

    Attributes:
        place: which message it is, from 1.
        terminates: the server ends the session, and says so; else the line is cut.
        has_fallen: whether there were so many messages.
    """

    place: int
    terminates: bool
    has_fallen: bool = False


@dataclass
class Proxy:
    """Carries every connection to a server, from a port of its own."""

    server: PostgresServer
    port: int = 0
    cuts: Cuts | None = None
    blow: Blow | None = None
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Unset, nothing is carried any more, in neither direction, and no socket is closed."""
    refuses_more: bool = False
    """Once the blow has fallen, nobody is let in any more."""
    lines: list[Line] = field(default_factory=list)

    @property
    def front(self) -> PostgresServer:
        """The server as it is reached through here."""
        return replace(self.server.over_tcp(), port=self.port)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses_more and self.blow is not None and self.blow.has_fallen:
            writer.transport.abort()
            return
        target = self.server.over_tcp()
        to_server = await asyncio.open_connection(target.host, target.port)
        line = Line(self, (reader, writer), to_server)
        self.lines.append(line)
        await line.carry()


@dataclass
class Line:
    """One connection."""

    proxy: Proxy
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    hides_answer: bool = False
    pid: int = 0
    sent: int = 0
    pumps: list[asyncio.Future[None]] = field(default_factory=list)

    async def carry(self) -> None:
        """Carry both ways until one end closes."""
        self.pumps = [
            asyncio.ensure_future(self._to_server()),
            asyncio.ensure_future(self._to_client()),
        ]
        await asyncio.wait(self.pumps, return_when=asyncio.FIRST_COMPLETED)

    def close(self) -> None:
        for pump in self.pumps:
            pump.cancel()
        self.client[1].transport.abort()
        self.server[1].transport.abort()

    def abandon(self) -> None:
        """Close the client's end alone: the server isn't told."""
        for pump in self.pumps:
            pump.cancel()
        self.client[1].transport.abort()

    async def _to_server(self) -> None:
        reader, writer = self.client[0], self.server[1]
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            size = await reader.readexactly(4)
            await self._send(writer, size + await reader.readexactly(_length(size) - 4))
            while True:
                kind = await reader.readexactly(1)
                size = await reader.readexactly(4)
                body = await reader.readexactly(_length(size) - 4)
                self.sent += 1
                if await self._is_struck():
                    return
                cuts = self.proxy.cuts
                if kind == _QUERY and cuts and cuts.is_due(body.rstrip(b"\0").decode()):
                    await self._cut(cuts, kind + size + body)
                    return
                await self._send(writer, kind + size + body)
        if self.proxy.goes_on.is_set():
            writer.close()

    async def _is_struck(self) -> bool:
        """Let the blow fall, if it is to fall here. True if the line is no more."""
        blow = self.proxy.blow
        if blow is None or self is not self.proxy.lines[0] or self.sent != blow.place:
            return False
        blow.has_fallen = True
        if not blow.terminates:
            self.close()
            return True
        await self.proxy.server.execute(f"select pg_terminate_backend({self.pid}, 5000)")
        return False

    async def _cut(self, cuts: Cuts, message: bytes) -> None:
        if cuts.moment is Moment.BEFORE:
            self.close()
            return
        self.hides_answer = True
        await self._send(self.server[1], message)
        if cuts.moment is Moment.WITHIN:
            await (cuts.when.wait() if cuts.when else asyncio.sleep(cuts.seconds))
            self.client[1].transport.abort()  # and the server's end stays as it is

    async def _to_client(self) -> None:
        reader, writer = self.server[0], self.client[1]
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                self._note_pid(chunk)
                if not self.hides_answer:
                    await self._send(writer, chunk)
                elif _READY in chunk and self._waits_for_answer:
                    self.close()
                    return
        if self.proxy.goes_on.is_set() and not self.hides_answer:
            writer.close()

    def _note_pid(self, chunk: bytes) -> None:
        """The server says once which process it is (BackendKeyData)."""
        found = re.search(rb"K\x00\x00\x00\x0c(.{4})", chunk, re.DOTALL)
        if found and not self.pid:
            self.pid = int.from_bytes(found.group(1), "big")

    @property
    def _waits_for_answer(self) -> bool:
        return self.proxy.cuts is not None and self.proxy.cuts.moment is Moment.AFTER

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self.proxy.goes_on.wait()
        writer.write(data)
        await writer.drain()


def _length(size: bytes) -> int:
    return int.from_bytes(size, "big")


@asynccontextmanager
async def proxy_to(server: PostgresServer) -> AsyncIterator[Proxy]:
    """A proxy that runs for the block; every line is closed afterwards."""
    proxy = Proxy(server)
    proxy.goes_on.set()
    listener = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        for line in proxy.lines:
            line.close()
