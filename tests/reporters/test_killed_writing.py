"""A run is killed at each step of writing its artifacts, and another one follows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from headrace.engine.state.journal_state import read_journal

from .test_artifacts import names_below, run_to_its_end

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc, to know files by descriptor"
)

ROOT = Path(__file__).parents[2]
JOURNAL = "run_results.jsonl"
WHOLE = (
    "compiled/debug/models/model_1.sql",
    "manifest.json",
    "run/debug/models/model_1.sql",
    "run_results.json",
    JOURNAL,
)
MOST_STEPS = 200
FEWEST_STEPS = 30


def contents(directory: Path, name: str) -> bytes | None:
    path = directory / name
    return path.read_bytes() if path.exists() else None


def parts_that_stay(directory: Path) -> dict[str, object]:
    """What a run's artifacts say that doesn't change from one run to the next."""
    results = json.loads((directory / "run_results.json").read_bytes())
    journal = read_journal(directory / JOURNAL)
    return {
        "names": names_below(directory),
        "manifest": (directory / "manifest.json").read_bytes(),
        "sql": (directory / WHOLE[0]).read_bytes() + (directory / WHOLE[2]).read_bytes(),
        "results": [(one["unique_id"], one["status"]) for one in results["results"]],
        "journal": {name: node.result is not None for name, node in journal.nodes.items()},
        "finished": journal.finished,
    }


@pytest.fixture(scope="module", params=["a first run", "a later run"])
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what there was before, and what became of it for each step."""
    directory = tmp_path_factory.mktemp("killed")
    (directory / "old").mkdir()
    if request.param == "a later run":
        run_to_its_end(directory / "old")
        for name in set(WHOLE) - {JOURNAL}:
            (directory / "old" / name).write_text('{"of": "an earlier run"}')
    subprocess.run(
        [sys.executable, "-m", "tests.reporters.dying", directory],
        cwd=ROOT,
        check=True,
        timeout=100,
    )
    return directory


def steps_of(directory: Path) -> list[Path]:
    steps = sorted((path for path in directory.iterdir() if path.name != "old"), key=number_of)
    assert FEWEST_STEPS < len(steps) < MOST_STEPS
    return steps


def number_of(path: Path) -> int:
    return int(path.name)


def test_each_artifact_is_wholly_old_or_wholly_new(killed: Path) -> None:
    steps = steps_of(killed)
    new = {name: contents(steps[-1] / "killed", name) for name in WHOLE}

    for step in steps:
        for name in ("manifest.json", "run_results.json"):
            held = contents(step / "killed", name)
            assert held is None or json.loads(held), f"{name}, killed at step {step.name}"
        manifest = contents(step / "killed", "manifest.json")
        assert manifest in (contents(killed / "old", "manifest.json"), new["manifest.json"])
        for name in (WHOLE[0], WHOLE[2]):
            # Where there is nothing to keep, it is written in its place.
            held, old = contents(step / "killed", name), contents(killed / "old", name)
            assert held in (old, new[name]) or (
                old is None and (new[name] or b"").startswith(held or b"")
            )


def test_journal_can_be_read_whenever_there_is_one(killed: Path) -> None:
    for step in steps_of(killed):
        if (step / "killed" / JOURNAL).exists():
            journal = read_journal(step / "killed" / JOURNAL)
            assert len(journal.nodes) == 4, f"killed at step {step.name}"


def test_next_run_leaves_what_a_run_leaves_that_nobody_killed(killed: Path) -> None:
    steps = steps_of(killed)
    whole = parts_that_stay(steps[-1] / "killed")
    assert whole["names"] == list(WHOLE)
    assert whole["finished"]

    for step in steps:
        assert parts_that_stay(step / "next") == whole, f"killed at step {step.name}"


def test_some_of_the_kills_leave_a_temporary_file(killed: Path) -> None:
    left = [step for step in steps_of(killed) if list((step / "killed").rglob(".headrace-*.tmp"))]

    assert len(left) > 5, "the other tests would hold for a run that sweeps nothing"
