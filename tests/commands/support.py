"""What the tests of commands share: the command line as a process of its own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
"""How long a process may take before a test gives it up."""

ENDLESS = (
    "with recursive counter(i) as (select 1 union all select i + 1 from counter) "
    "select count(*) as n from counter"
)
"""A query that doesn't end by itself."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The process's own environment without what would configure headrace."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "HEADRACE_")) and name not in ("NO_COLOR", "FORCE_COLOR")
    }
    return {**inherited, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **(extra or {})}


def give_up_override() -> None:
    """Let what this process runs next be held to file modes although it is root (Linux)."""
    drop_from_bounding_set, dac_override = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(drop_from_bounding_set, dac_override, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "can't give up CAP_DAC_OVERRIDE")


def headrace(
    root: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    heeds_modes: bool = False,
) -> Finished:
    """Run the command line in a directory, to its end.

    With `heeds_modes` it is held to the modes of files and directories, also where root runs it.
    """
    done = subprocess.run(
        [sys.executable, "-m", "headrace", *arguments],
        cwd=root,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
        preexec_fn=give_up_override if heeds_modes and os.geteuid() == 0 else None,
    )
    return Finished(done.returncode, done.stdout, done.stderr)
