"""A program that is killed at each step of writing a run's artifacts, and runs on after each.

python -m tests.reporters.dying DIRECTORY, which holds `old`: what the target directory held
before. Afterwards DIRECTORY has, for each step n, `n/killed`: the same, and what the run made of
it that was killed there; and `n/next`: the same again after a run that nobody killed. The last
n is that of a run that came to its end.

A step is a call of the operating system that changes a file; the n-th isn't done, or, of a
write, half of it is.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Steps:
    """Counts what is done to files below a directory, and kills this process at the n-th."""

    def __init__(self) -> None:
        self._directory = ""
        self._left = 0
        for name in ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir"):
            setattr(os, name, self._counted(name, getattr(os, name)))

    def die_at(self, step: int, directory: Path) -> None:
        self._left, self._directory = step, str(directory)

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **options: Any) -> Any:
            if self._directory and self._is_step(name, first, rest):
                self._left -= 1
                if self._left == 0:
                    if name == "write":
                        function(first, rest[0][: len(rest[0]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(first, *rest, **options)

        return call

    def _is_step(self, name: str, first: Any, rest: tuple[Any, ...]) -> bool:
        if name == "open" and not rest[0] & os.O_CREAT:
            return False
        path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else first
        return os.fspath(path).startswith(self._directory)


def run(steps: Steps, target: Path, dies_at: int = 0) -> bool:
    """Write a run's artifacts in a process of its own; whether that came to its end."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, "it failed by itself"
        return status == 0
    code = 1
    try:
        from .test_artifacts import run_to_its_end

        steps.die_at(dies_at, target)
        code = 0 if run_to_its_end(target) == [] else 1
    finally:
        os._exit(code)


def main(directory: Path) -> None:
    # Before the engine is imported: it takes `os.write` for the default of an argument.
    steps = Steps()
    from . import test_artifacts  # noqa: F401 # once, and not in each process

    number, has_ended = 0, False
    while not has_ended:
        number += 1
        killed, following = directory / f"{number}" / "killed", directory / f"{number}" / "next"
        shutil.copytree(directory / "old", killed)
        has_ended = run(steps, killed, number)
        shutil.copytree(killed, following)
        assert run(steps, following), "the run after it failed"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
