"""How many functions the way of one table takes, by the script that counts them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "bench" / "depth.py"


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_way_of_one_table_is_short_and_its_task_is_small(database: str) -> None:
    command = [sys.executable, str(SCRIPT), "--databases", database]

    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    named, *counts = told.splitlines()[-1].split()
    deep, files, functions, their_files = map(int, counts)
    assert named == database
    assert 10 < deep <= 18
    assert files <= 10
    assert 50 < functions <= 120
    assert their_files <= 40
