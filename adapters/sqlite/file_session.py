"""One connection of the driver and its thread: what runs there, and how it is brought to an end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite
from anyio import get_cancelled_exc_class

from ..cancellation import outlast
from ..errors import AdapterError, ConnectionFailedError
from ..relation import quote_identifier
from .attachments import Attachments
from .batch import Batch, Control
from .functions import add_functions
from .keys import SqliteKeys
from .known_handiwork import KnownHandiwork
from .live_files import locked_files
from .place import prepare_place
from .problems import cannot_open_error, is_busy
from .schema_files import SchemaFiles

T = TypeVar("T")

GRACE_SECONDS = 10.0
"""How long a thread may take to end after it was interrupted, before it is left to itself."""

_BUSY_MILLISECONDS = 20  # an interrupt has no effect while SQLite itself waits for a lock


class Session(aiosqlite.Connection):
    """A connection to the main file, with every known schema attached.

    open() → (run() | call())* → aclose(). A cancellation closes the session: its statement is
    interrupted, what it had not committed is gone, and its thread has ended when the
    cancellation travels on.
    """

    def __init__(self, keys: SqliteKeys, files: SchemaFiles) -> None:
        super().__init__(self._connect_database, iter_chunk_size=1)
        # A thread that ignores its interrupt must not keep the process from ending.
        self._thread.daemon = True
        self._keys = keys
        self._files = files
        self._attachments = Attachments(files)
        self._database: sqlite3.Connection | None = None
        self._batch: Batch | None = None
        self._known = KnownHandiwork()
        self._is_working = False
        self.is_closed = False
        self.has_temporary = False
        self.served = ""
        """What the connection is for that has it, or had it last."""

    @property
    def path(self) -> Path:
        return self._keys.path

    @property
    def left_out(self) -> Mapping[str, str]:
        """Why a file that lies there isn't attached, by its schema."""
        return self._attachments.left_out

    @property
    def has_several_files(self) -> bool:
        """Whether a transaction may write to more than one file."""
        return bool(self._files.attached)

    async def locked_files(self) -> list[Path]:
        """Which of the files others have locked just now, where that can be told."""
        if self.is_closed or self.has_open_transaction:
            return []  # the locks that are there may be its own
        paths = [self._keys.path, *(file.path for file in self._files.attached)]
        return await self.call(locked_files, paths)

    @property
    def has_open_transaction(self) -> bool:
        return not self.is_closed and self.in_transaction

    async def open(self) -> None:
        """Start the thread and connect.

        Raises:
            ConnectionFailedError: the file can't be opened, or isn't a database.
            sqlite3.OperationalError: another process has it locked just now.
        """
        try:
            await self
        except BaseException:
            self.is_closed = True
            try:
                await outlast(self._thread_has_ended, GRACE_SECONDS)
            finally:
                if self._database is not None:
                    self._database.close()
            raise

    def run(self, batch: Batch) -> Awaitable[None]:
        """Run a batch in the thread: one hop there and back.

        Who awaits it closes the session where that is cancelled. Raises:

            sqlite3.Error: a statement failed. The batch says which, and what was committed.
        """
        self._batch = batch
        running: Awaitable[None] = self._execute(self._in_thread, self._work, batch)  # type: ignore[no-untyped-call] # as in `call`
        return running

    async def roll_back(self) -> None:
        """End the open transaction."""
        self._batch = Batch([Control.ROLLBACK])
        await self.call(self._work, self._batch)

    async def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Run any function in the thread."""
        try:
            result: T = await self._execute(self._in_thread, function, *arguments)  # type: ignore[no-untyped-call] # aiosqlite leaves what is protected untyped
        except get_cancelled_exc_class():
            await self.aclose()
            raise
        return result

    async def catch_up(self) -> None:
        """Let go of schemas that are gone, unless the session is at work just now."""
        if self.is_closed or self._is_working or self.has_open_transaction:
            return
        is_done = threading.Event()
        # Whose session it is knows nothing of this: it isn't closed by a cancellation.
        self._tx.put_nowait((None, partial(self._follow, is_done)))
        await outlast(is_done.is_set, GRACE_SECONDS)

    async def aclose(self) -> None:
        """End what runs, close, and wait for the thread's end."""
        await close_sessions([self])

    def _hang_up(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            if self._batch is not None:
                self._batch.is_cancelled = True
            self.stop()

    def drop_temporary(self) -> None:
        """Drop what lives as long as the connection. Runs in the thread."""
        assert self._database is not None
        made = self._database.execute(
            "SELECT type, name FROM temp.sqlite_master "
            "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ).fetchall()
        for kind, name in made:
            self._database.execute(f"DROP {kind} IF EXISTS temp.{quote_identifier(name)}")
        self.has_temporary = False

    def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        self._is_working = True
        try:
            return function(*arguments)
        finally:
            self._is_working = False

    def _follow(self, is_done: threading.Event) -> None:
        try:
            if self._database is not None and not self._attachments.are_current:
                with suppress(sqlite3.Error, AdapterError):
                    self._attach(self._database)
        finally:
            is_done.set()

    def _attach(self, database: sqlite3.Connection) -> None:
        self._known.forget()  # a schema's name may be another file's from now on
        self._attachments.follow(database)

    def _work(self, batch: Batch) -> None:
        assert self._database is not None
        if not self._attachments.are_current:
            self._attach(self._database)
        try:
            batch.run(self._database, self._known)
        finally:
            self.has_temporary |= batch.made_temporary

    def _interrupt(self) -> None:
        database = self._connection
        # To interrupt a connection that does nothing but close would keep SQLite from moving
        # its log into the database's file.
        is_committing = self._batch is not None and self._batch.is_committing
        if database is not None and self._is_working and not is_committing:
            # It may be closing this very moment.
            with suppress(sqlite3.ProgrammingError):
                database.interrupt()

    def _thread_has_ended(self) -> bool:
        return not self._thread.is_alive()

    def _connect_database(self) -> sqlite3.Connection:
        try:
            prepare_place(self._keys.path)
            # The event loop interrupts it, and closes it if the thread has ended before.
            database = sqlite3.connect(
                self._keys.path,
                timeout=_BUSY_MILLISECONDS / 1000,
                isolation_level=None,
                check_same_thread=False,
                uri=True,  # for what is attached: an absolute path is none
            )
        except (sqlite3.Error, OSError) as error:
            raise cannot_open_error(error, self._keys.path) from error
        self._database = database
        try:
            self._configure(database)
        except sqlite3.Error as error:
            if is_busy(error):
                raise
            raise cannot_open_error(error, self._keys.path) from error
        return database

    def _configure(self, database: sqlite3.Connection) -> None:
        add_functions(database)
        # Without legacy_alter_table, renaming a table breaks the views on it. With a
        # write-ahead log, synchronous=NORMAL may lose the last commits in a power cut, and
        # never the database (https://www.sqlite.org/pragma.html#pragma_synchronous).
        database.execute("PRAGMA journal_mode=WAL").close()
        database.execute("PRAGMA synchronous=NORMAL").close()
        database.execute("PRAGMA legacy_alter_table=ON").close()
        if self._keys.extensions:
            _load_extensions(database, self._keys.extensions)


async def close_sessions(sessions: Collection[Session]) -> None:
    """End what runs, close, and wait for the end of the threads.

    A COMMIT under way is not interrupted. A thread that doesn't end within `GRACE_SECONDS` is
    left to itself; it closes the database whenever it comes to it.
    """
    working = [session for session in sessions if session._is_working]
    idle = [session for session in sessions if not session._is_working]
    for session in working:
        session._hang_up()

    def interrupt() -> None:
        for session in working:
            session._interrupt()

    def has_ended() -> bool:
        return all(session._thread_has_ended() for session in working)

    cancellation = await _until(has_ended, interrupt)
    # The last connection to close moves the log into the database's file. Where two close at
    # the same moment, neither of them is the last, so those that have time take turns.
    for session in idle:
        session._hang_up()
        again = await _until(session._thread_has_ended, session._interrupt)
        cancellation = cancellation or again
    if cancellation is not None:
        raise cancellation


async def _until(is_over: Callable[[], bool], hasten: Callable[[], None]) -> BaseException | None:
    """`outlast`, with a cancellation that came meanwhile returned, to be raised later."""
    try:
        await outlast(is_over, GRACE_SECONDS, hasten)
    except get_cancelled_exc_class() as cancellation:
        return cancellation
    return None


def _load_extensions(database: sqlite3.Connection, extensions: tuple[str, ...]) -> None:
    if not hasattr(database, "enable_load_extension"):
        raise ConnectionFailedError(
            "this Python's sqlite3 can't load extensions: leave `extensions` out of the "
            "profile, or use a Python that was built with them."
        )
    database.enable_load_extension(True)
    for extension in extensions:
        try:
            database.load_extension(extension)
        except sqlite3.Error as error:
            raise ConnectionFailedError(
                f"the extension {extension} can't be loaded: {error}. See `extensions` in the "
                "profile; a path there counts from the project's directory."
            ) from error
    database.enable_load_extension(False)
