"""Many processes write to the same files at once: what is reported as written is there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from .support import (
    Told,
    an_outside_program,
    assert_all_of,
    assert_whole,
    run_at_once,
    write_project,
    write_round,
    writers,
)


def write_in_rounds(root: Path, processes: int, rounds: int, first_runs: int) -> None:
    """Let processes write to the same files in rounds, while another program does as well.

    The first round, and `first_runs` others in places of their own, are the first ever.
    """
    told, fresh = Told(), [Told() for _ in range(first_runs)]
    written: dict[str, int] = {}
    with writers(processes) as running:
        with an_outside_program(write_project(root / "shop")) as written:
            for round in range(rounds):
                write_round(running, root / "shop", str(round), told)
        for number, of_first in enumerate(fresh):
            place = write_project(root / f"first_{number}")
            write_round(running, place, "0", of_first)
            write_round(running, place, "1", of_first)

    assert told.exit_codes == Counter({0: processes * rounds}), told.errors
    assert_whole(root / "shop", told)
    assert_all_of(written)
    for number, of_first in enumerate(fresh):
        assert of_first.exit_codes == Counter({0: processes * 2}), of_first.errors
        assert_whole(root / f"first_{number}", of_first)


def test_nothing_is_lost_where_several_processes_write_at_once(tmp_path: Path) -> None:
    write_in_rounds(tmp_path, processes=4, rounds=4, first_runs=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_where_many_processes_write_at_once(tmp_path: Path) -> None:
    write_in_rounds(tmp_path, processes=20, rounds=20, first_runs=5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_where_many_command_lines_run_at_once(tmp_path: Path) -> None:
    root, told = write_project(tmp_path / "shop"), Told()

    with an_outside_program(root) as written:
        for round in range(20):
            run_at_once(root, 20, str(round), told)

    assert told.exit_codes == Counter({0: 400}), told.errors
    assert_whole(root, told)
    assert_all_of(written)
