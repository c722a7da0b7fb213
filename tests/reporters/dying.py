"""A program in which each step of writing a run's artifacts goes wrong, and a run follows each.

python -m tests.reporters.dying HOW DIRECTORY, which holds `old`: what the target directory held
before. Afterwards DIRECTORY has, for each step n, `n/hit`: the same, and what the run made of it
that was hit there; and `n/next`: the same again after a run that wasn't. The last n is that of a
run that came to its end.

A step is a call of the operating system that changes a file. HOW is `kill`: the process is gone
before the n-th, or, in a write, after half of it; or `full`: the disk is, from the n-th on.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HIT = 77
_TAKING_ROOM = ("open", "write", "fsync", "mkdir")


class Steps:
    """Counts what is done to files below a directory, and has something go wrong at the n-th."""

    def __init__(self, how: str) -> None:
        self._how = how
        self._directory = ""
        self._left = 0
        for name in ("open", "write", "fsync", "replace", "rename", "link", "unlink", "mkdir"):
            setattr(os, name, self._counted(name, getattr(os, name)))

    def go_wrong_at(self, step: int, directory: Path) -> None:
        self._left, self._directory = step, str(directory)

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **options: Any) -> Any:
            if self._directory and self._is_step(name, first, rest):
                self._left -= 1
                if self._left == 0 and name == "write":
                    function(first, rest[0][: len(rest[0]) // 2])
                if self._left == 0 and self._how == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                # What makes room, or changes a name, can be done on a full disk.
                if self._left <= 0 and self._how == "full" and name in _TAKING_ROOM:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return function(first, *rest, **options)

        return call

    @property
    def is_over(self) -> bool:
        """Whether the run came to its end before the step."""
        return self._left > 0

    def _is_step(self, name: str, first: Any, rest: tuple[Any, ...]) -> bool:
        if name == "open" and not (rest[0] & os.O_CREAT or rest[0] & os.O_TMPFILE == os.O_TMPFILE):
            return False
        if name == "link":
            first = rest[0]
        path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else first
        return os.fspath(path).startswith(self._directory)


def run(steps: Steps, target: Path, number: int = sys.maxsize) -> bool:
    """Write a run's artifacts in a process of its own; whether nothing went wrong."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        is_hit = os.waitstatus_to_exitcode(status) in (-signal.SIGKILL, _HIT)
        assert status == 0 or is_hit, "it failed by itself"
        return status == 0
    code = 1
    try:
        steps.go_wrong_at(number, target)
        told = told_of_a_run(target)
        assert not (steps.is_over and told), told
        code = 0 if steps.is_over else _HIT
    finally:
        os._exit(code)


def told_of_a_run(target: Path) -> list[object]:
    from headrace.engine.core.errors import UsageError

    from .test_artifacts import run_to_its_end

    try:
        return [*run_to_its_end(target)]
    except UsageError as error:
        return [error]


def main(how: str, directory: Path) -> None:
    # Before the engine is imported: it takes `os.write` for the default of an argument.
    steps = Steps(how)
    from . import test_artifacts  # noqa: F401 # once, and not in each process

    number, has_ended = 0, False
    while not has_ended:
        number += 1
        hit, following = directory / f"{number}" / "hit", directory / f"{number}" / "next"
        shutil.copytree(directory / "old", hit)
        has_ended = run(steps, hit, number)
        shutil.copytree(hit, following)
        assert run(steps, following), "the run after it failed"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
