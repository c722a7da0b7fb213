"""A run is killed, or its disk is full, at each step of writing artifacts; another follows."""

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


@pytest.fixture(
    scope="module",
    params=[(how, when) for how in ("kill", "full") for when in ("first", "later")],
    ids="-".join,
)
def hit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what there was before, and what became of it for each step."""
    how, when = request.param
    directory = tmp_path_factory.mktemp(how)
    (directory / "old").mkdir()
    if when == "later":
        run_to_its_end(directory / "old")
        for name in set(WHOLE) - {JOURNAL}:
            (directory / "old" / name).write_text('{"of": "an earlier run"}')
    subprocess.run(
        [sys.executable, "-m", "tests.reporters.dying", how, directory],
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


def test_each_artifact_is_wholly_old_or_wholly_new(hit: Path) -> None:
    steps = steps_of(hit)
    new = {name: contents(steps[-1] / "hit", name) for name in WHOLE}

    for step in steps:
        for name in ("manifest.json", "run_results.json"):
            held = contents(step / "hit", name)
            assert held is None or json.loads(held), f"{name}, hit at step {step.name}"
        manifest = contents(step / "hit", "manifest.json")
        assert manifest in (contents(hit / "old", "manifest.json"), new["manifest.json"])
        for name in (WHOLE[0], WHOLE[2]):
            assert contents(step / "hit", name) in (contents(hit / "old", name), new[name])


def test_journal_can_be_read_whenever_there_is_one(hit: Path) -> None:
    for step in steps_of(hit):
        if (step / "hit" / JOURNAL).exists():
            journal = read_journal(step / "hit" / JOURNAL)
            assert len(journal.nodes) == 4, f"hit at step {step.name}"


def test_next_run_leaves_what_a_run_leaves_that_nobody_killed(hit: Path) -> None:
    steps = steps_of(hit)
    whole = parts_that_stay(steps[-1] / "hit")
    assert whole["names"] == list(WHOLE)
    assert whole["finished"]

    for step in steps:
        assert parts_that_stay(step / "next") == whole, f"hit at step {step.name}"


def test_only_a_kill_leaves_a_temporary_file(hit: Path) -> None:
    left = [step for step in steps_of(hit) if list((step / "hit").rglob(".headrace-*.tmp"))]

    # Without any, the other tests would hold for a run that sweeps nothing.
    assert (len(left) > 5) == ("kill" in hit.name), left
