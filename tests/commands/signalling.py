"""Signals at chosen moments in the life of the command line, and what must hold afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..building.support import check_invariants
from .support import SECONDS, environment

AT_EVENT = """
import os, sys

wanted, left, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
del sys.argv[1:4]

def count(event, arguments):
    global left
    if wanted in (event, "any"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)

sys.addaudithook(count)
from headrace.__main__ import main
try:
    main()
finally:
    if os.environ.get("COUNT_TO"):
        with open(os.environ["COUNT_TO"], "w") as file:
            file.write(str(-left))
"""
"""The command line, which sends itself a signal at the n-th event of a kind.

The events are those of https://docs.python.org/3/library/audit_events.html: each import, each
file that is opened, renamed or removed, each connection.
"""

WHILE = """
import os, sys

name, left, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
del sys.argv[1:4]

def count(frame, event, argument):
    global left
    if event == "call" and frame.f_code.co_name == name:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)

sys.setprofile(count)
from headrace.__main__ import main
main()
"""
"""The command line, which sends itself a signal in the n-th call of a function by its name."""

UNDISTURBED = """
import signal, sys, threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
from headrace.__main__ import main
main()
"""
"""The command line, in which the system hands signals to a thread that isn't the main one.

So they come as they seldom do otherwise: without an end to what the main thread is waiting for.
"""

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A process that was sent a signal, and has ended."""

    number: signal.Signals
    returncode: int
    output: str
    seconds: float
    """From the signal, where it came from outside, to the end; else the process's whole life."""

    @property
    def ended_before_it_began(self) -> bool:
        # Python says so itself where the signal meets it before it has looked for its modules.
        return self.returncode == -self.number or "Fatal Python error: init" in self.output

    @property
    def was_interrupted(self) -> bool:
        return self.returncode == EXIT_CODES[self.number]

    @property
    def word(self) -> str:
        if self.returncode == 0:
            return "over"
        return "interrupted" if self.was_interrupted else "died before it began"


def run_with_signal(
    root: Path, program: str, what: str, count: int, number: signal.Signals, *command: str
) -> Interrupted:
    """Run `AT_EVENT` or `WHILE` to its end."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, what, str(count), str(int(number)), *command],
        cwd=root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
        start_new_session=True,
    )
    return Interrupted(number, done.returncode, done.stdout, time.monotonic() - began)


def run_and_signal_after(
    root: Path,
    seconds: float,
    number: signal.Signals,
    *command: str,
    send: Callable[[subprocess.Popen[str], signal.Signals], None] = subprocess.Popen.send_signal,
) -> Interrupted:
    """Start the command line, and send it a signal after a while."""
    with in_process(root, *command) as process:
        time.sleep(seconds)
        sent = time.monotonic()
        send(process, number)
        output, _ = process.communicate(timeout=SECONDS)
        return Interrupted(number, process.returncode, output, time.monotonic() - sent)


@contextmanager
def in_process(root: Path, *command: str, program: str = "") -> Iterator[subprocess.Popen[str]]:
    """The command line, or a program that runs it, in a process and a process group of its own."""
    how = ("-c", program) if program else ("-m", "headrace")
    process = subprocess.Popen(
        [sys.executable, *how, *command],
        cwd=root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def check_ending(root: Path, ended: Interrupted, command: Sequence[str]) -> None:
    """What holds after one signal, whenever it came."""
    where = f"{' '.join(command)} ended with {ended.returncode}:\n{ended.output[-2000:]}"
    is_over = ended.returncode == 0
    assert is_over or ended.was_interrupted or ended.ended_before_it_began, where
    # Python's own start, before the first line of ours, shows where it was.
    assert "Traceback" not in ended.output or ended.ended_before_it_began, where
    assert "Internal Error" not in ended.output, where
    check_invariants(root)


Check = Callable[[Interrupted, tuple[str, ...]], Awaitable[None]]


async def signals_at_random_moments(
    root: Path, commands: Sequence[tuple[str, ...]], count: int, seed: int, check: Check
) -> Counter[str]:
    """Half of them by the clock, half at a random event; how the processes have ended.

    Args:
        root: A project of which everything has been built.
        commands: Each in turn. None of them may stop the next one from working.
        count: How many signals.
        seed: Which moments.
        check: Looks at what each has left, and makes it good.

    """
    chance = random.Random(seed)
    lives: dict[tuple[str, ...], tuple[float, int]] = {}
    endings: Counter[str] = Counter()
    for turn in range(count):
        command = commands[turn % len(commands)]
        number = chance.choice([signal.SIGINT, signal.SIGTERM])
        if command not in lives:
            lives[command] = life(root, command)
        seconds, events = lives[command]
        # The first half of a short run is Python's start, and imports.
        share = chance.uniform(0, 1) if chance.random() < 0.2 else chance.uniform(0.6, 1.05)
        if turn // len(commands) % 2:
            ended = run_and_signal_after(root, share * seconds, number, *command)
            assert ended.seconds < 15, ended  # 5 on a machine with nothing else to do
        else:
            moment = max(1, round(share * events))
            ended = run_with_signal(root, AT_EVENT, "any", moment, number, *command)
        await check(ended, command)
        endings[ended.word] += 1
    return endings


def life(root: Path, command: Sequence[str]) -> tuple[float, int]:
    """How long a command takes undisturbed, in seconds and in events."""
    began = time.monotonic()
    with in_process(root, *command) as process:
        process.communicate(timeout=SECONDS)
    seconds = time.monotonic() - began
    counted = root.parent / "events"
    os.environ["COUNT_TO"] = str(counted)
    try:
        run_with_signal(root, AT_EVENT, "any", 0, signal.SIGINT, *command)
    finally:
        del os.environ["COUNT_TO"]
    return seconds, int(counted.read_text())
