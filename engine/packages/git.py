"""One commit of a git repository, through the git command."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import anyio
from anyio.abc import Process

from ...adapters.cancellation import outlast
from ..blocking import in_thread
from ..project.trees import delete_tree
from .urls import shown_address

GRACE_SECONDS = 3.0
"""How long git has to end and to take its helpers with it, once it is told to."""

# Variables that would point git at another repository than the one it is given: they are set
# where a program runs in a git hook.
_STRAY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
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
        GitError: it can't be had.
    """
    git = _Git(into, environ=environ, cwd=cwd, hidden=address)
    await git("init", "--quiet", "--template=", str(into), alone=True)
    wanted = revision or "HEAD"
    try:
        await git("fetch", "--quiet", "--depth", "1", "--no-tags", "--", address, wanted)
        await git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    except GitError:
        if not _PIECE_OF_COMMIT.fullmatch(wanted):
            raise
        # An abbreviated hash, or a server that gives no commit by its hash alone.
        everything = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
        await git("fetch", "--quiet", "--", address, *everything)
        await git("checkout", "--quiet", "--detach", wanted)
    commit = (await git("rev-parse", "HEAD")).strip()
    await in_thread(delete_tree, into / ".git")
    return commit


class _Git:
    """Runs git in one work tree."""

    def __init__(self, tree: Path, *, environ: Mapping[str, str], cwd: Path, hidden: str) -> None:
        self._where = (f"--git-dir={tree / '.git'}", f"--work-tree={tree}")
        kept = {name: value for name, value in environ.items() if name not in _STRAY}
        # A question for a password would wait for ever where nobody is asked.
        self._environ = {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        self._cwd = cwd
        self._hidden = hidden

    async def __call__(self, *arguments: str, alone: bool = False) -> str:
        where = () if alone else self._where
        # A file rather than a pipe, which a helper that outlives git would keep open.
        with TemporaryFile() as output:
            code = await self._run(["git", *where, *arguments], output)
            length = output.seek(0, os.SEEK_END)
            output.seek(max(0, length - _KEPT_OUTPUT))
            said = output.read().decode("utf-8", errors="replace")
        if code:
            # Ctrl-C at a terminal reaches git as well, and maybe before it has reached us.
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
            )
        except OSError as error:
            raise GitError(
                f"the command 'git' can't be run ({error.strerror or type(error).__name__}). "
                "Install git, and see that it is on the PATH."
            ) from error
        try:
            return await process.wait()
        finally:
            # In a task of its own, which no second cancellation reaches.
            ending = asyncio.ensure_future(_end(process))
            await outlast(ending.done, 2 * GRACE_SECONDS)

    def _shown(self, output: str) -> str:
        """What git said, as it may be shown."""
        return shown_address(output.replace(self._hidden, shown_address(self._hidden))).strip()


async def _end(process: Process) -> None:
    """End git: asked first, so that it ends the programs that it has started."""
    if process.returncode is None:
        process.terminate()
        with anyio.move_on_after(GRACE_SECONDS):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
    await process.aclose()
