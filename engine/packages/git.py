"""One commit of a git repository, through the git command: within a time and a size."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import anyio
from anyio.abc import Process

from ...adapters.cancellation import outlast
from ..core.blocking import in_thread
from ..core.checkpoints import checkpoint
from ..core.numbers import shortened
from ..project.trees import delete_tree
from .tarball import MAX_MEMBERS, MAX_UNPACKED_BYTES, ArchiveError, check_path
from .urls import shown_address

DEADLINE_SECONDS = 600.0
"""How long one repository may take, from the first command to the last."""
MAX_REPOSITORY_BYTES = 1024 * 1024 * 1024
"""How much a repository may be on disk, with the history that had to be fetched."""
TRANSPORTS = ("file", "git", "http", "https", "ssh")
"""How a repository may be reached. Others run a program (`ext::`), or talk to one (`fd::`)."""
GRACE_SECONDS = 3.0
"""How long git has to end and to take its helpers with it, once it is told to."""

_ALLOW = "GIT_ALLOW_PROTOCOL"
"""git's own variable for that: where it is set, its word counts."""
_LOOK_SECONDS = 0.5
_MAX_LISTING_BYTES = 32 * 1024 * 1024

# Variables that would point git at another repository than the one it is given: they are set
# where a program runs in a git hook.
_STRAY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
# `transport::address`, or `transport://address`. Anything else is a path, or host:path by ssh.
_TRANSPORT = re.compile(r"([^/\\@:]+):(?::|//)")
_PIECE_OF_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_KEPT_OUTPUT = 20_000
_INTERRUPTED_SECONDS = 1.0
_FAILED_SECONDS = 0.05


class GitError(Exception):
    """git isn't there, or has failed. The text shows no password and no token."""


async def check_out(
    address: str, revision: str | None, into: Path, *, environ: Mapping[str, str], cwd: Path
) -> str:
    """Get a repository's files at a branch, tag or commit; the commit's full hash.

    Only that commit is fetched, as far as the server lets us. What comes is a directory of
    files: no repository is left. A relative address counts from `cwd`. A cancellation ends git
    before it travels on.

    Raises:
        GitError: it can't be had, or not within the limits of a package.
    """
    check_transport(address, environ)
    git = _Git(into, environ=environ, cwd=cwd, hidden=address)
    with anyio.move_on_after(DEADLINE_SECONDS) as deadline:
        await git("init", "--quiet", "--template=", str(into), alone=True)
        commit = await _fetched(git, address, revision or "HEAD")
        _check_listing(
            await git(
                *("ls-tree", "-r", "-l", "-z", "--full-tree", commit), keep=_MAX_LISTING_BYTES
            )
        )
        await git("checkout", "--quiet", "--detach", commit)
        await in_thread(delete_tree, into / ".git")
    if deadline.cancelled_caught:
        raise GitError(f"it took longer than {DEADLINE_SECONDS:.0f} seconds")
    return commit


def check_transport(address: str, environ: Mapping[str, str]) -> None:
    """See that an address is reached in one of the ways that may be taken.

    Raises:
        GitError: it isn't.
    """
    found = _TRANSPORT.match(address)
    said = environ.get(_ALLOW)
    allowed = TRANSPORTS if said is None else tuple(said.split(":"))
    transport = found[1].lower() if found else None
    if transport is not None and transport not in allowed:
        raise GitError(
            f"'{shortened(transport)}' is no way in which packages are fetched: there are "
            f"{', '.join(allowed)}. ({_ALLOW} in the environment allows others.)"
        )


async def _fetched(git: _Git, address: str, wanted: str) -> str:
    """Fetch a branch, tag or commit; its commit's full hash."""
    try:
        await git("fetch", "--quiet", "--depth", "1", "--no-tags", "--", address, wanted)
        return (await git("rev-parse", "--verify", "FETCH_HEAD^{commit}")).strip()
    except GitError:
        if not _PIECE_OF_COMMIT.fullmatch(wanted):
            raise
    # An abbreviated hash, or a server that gives no commit by its hash alone.
    everything = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    await git("fetch", "--quiet", "--", address, *everything)
    return (await git("rev-parse", "--verify", f"{wanted}^{{commit}}")).strip()


def _check_listing(listing: str) -> None:
    """See that a commit's files are no more, no larger and no deeper than a package's are.

    A few kilobytes of a repository may stand for millions of files, once they are checked out.
    """
    members = [line.partition("\t") for line in listing.split("\0") if line]
    sizes = (about.split()[-1] for about, _, _ in members)
    total = sum(int(size) for size in sizes if size.isdecimal())
    if len(members) > MAX_MEMBERS or total > MAX_UNPACKED_BYTES:
        raise GitError(
            f"it is too large: {MAX_MEMBERS:,} files and {MAX_UNPACKED_BYTES:,} bytes are the most "
            "that a package may have"
        )
    try:
        for _, _, name in members:
            check_path(name)
    except ArchiveError as error:
        raise GitError(str(error)) from error


class _Git:
    """Runs git in one work tree."""

    def __init__(self, tree: Path, *, environ: Mapping[str, str], cwd: Path, hidden: str) -> None:
        self._tree = tree
        self._where = (f"--git-dir={tree / '.git'}", f"--work-tree={tree}")
        kept = {name: value for name, value in environ.items() if name not in _STRAY}
        # A question for a password would wait for ever where nobody is asked.
        self._environ = {
            _ALLOW: ":".join(TRANSPORTS),
            **kept,
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
        }
        self._cwd = cwd
        self._hidden = hidden

    async def __call__(self, *arguments: str, alone: bool = False, keep: int = _KEPT_OUTPUT) -> str:
        where = () if alone else self._where
        # A file rather than a pipe, which a helper that outlives git would keep open.
        with TemporaryFile() as output:
            code = await self._run(["git", *where, *arguments], output)
            length = output.seek(0, os.SEEK_END)
            output.seek(max(0, length - keep))
            said = output.read().decode("utf-8", errors="replace")
        if code:
            # Whoever stops this process may have stopped git as well, and before.
            await anyio.sleep(_INTERRUPTED_SECONDS if code < 0 else _FAILED_SECONDS)
            raise GitError(self._shown(said) or f"git {arguments[0]} ended with {code}")
        return said

    async def _run(self, command: Sequence[str], output: IO[bytes]) -> int:
        try:
            process = await anyio.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environ,
                cwd=self._cwd,
                # Without a terminal ssh asks nobody for a passphrase, or whether it knows a host;
                # and all that git starts can be ended with it.
                start_new_session=True,
            )
        except OSError as error:
            raise GitError(
                f"the command 'git' can't be run ({error.strerror or type(error).__name__}). "
                "Install git, and see that it is on the PATH."
            ) from error
        try:
            while True:
                with anyio.move_on_after(_LOOK_SECONDS):
                    return await process.wait()
                await in_thread(self._check_size, output)
        finally:
            # In a task of its own, which no second cancellation reaches.
            ending = asyncio.ensure_future(_end(process))
            await outlast(ending.done, 2 * GRACE_SECONDS)

    def _check_size(self, output: IO[bytes]) -> None:
        """See that neither what git says nor what it has written grows without end."""
        said = os.fstat(output.fileno()).st_size
        if said > _MAX_LISTING_BYTES or _size_of(self._tree) > MAX_REPOSITORY_BYTES:
            raise GitError(f"it is larger than {MAX_REPOSITORY_BYTES:,} bytes")

    def _shown(self, output: str) -> str:
        """What git said, as it may be shown."""
        return shown_address(output.replace(self._hidden, shown_address(self._hidden))).strip()


async def _end(process: Process) -> None:
    """End git: asked first, so that it ends the programs that it has started."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with anyio.move_on_after(GRACE_SECONDS):
            await process.wait()
    if process.returncode is None:
        _signal(process, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        await process.wait()
    await process.aclose()


def _signal(process: Process, number: signal.Signals) -> None:
    """Send a signal to git, and to all that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    else:  # Windows, where there is no such group
        process.terminate()


def _size_of(directory: Path) -> int:
    """How many bytes there are below a directory, of which files may be gone by now."""
    total = 0
    pending = [str(directory)]
    while pending:
        checkpoint()
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total
