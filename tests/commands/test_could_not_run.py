"""What an invocation that could not run leaves behind: nobody takes the run before for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status

from ..building.support import PROJECT, Ran, check_invariants, run, run_results
from ..conftest import WriteProject

PROJECT_OF_TWO = {
    "models/good.sql": "select 1 as id",
    "models/bad.sql": "select nothing",
    "models/child.sql": "select * from {{ ref('bad') }}",
}

Break = Callable[[Path], Mapping[str, Any]]
"""Breaks a project, or gives the options that can't work."""


def parse_error(root: Path) -> Mapping[str, Any]:
    (root / "models/broken.sql").write_text("select * from {{ ref('nowhere') }}")
    return {}


def no_yaml(root: Path) -> Mapping[str, Any]:
    (root / "dbt_project.yml").write_text("name: [shop\n")
    return {}


def no_packages(root: Path) -> Mapping[str, Any]:
    (root / "packages.yml").write_text("packages: [{local: elsewhere}]\n")
    return {}


def no_profile(root: Path) -> Mapping[str, Any]:
    return {"profile": "missing"}


def no_target(root: Path) -> Mapping[str, Any]:
    return {"target": "missing"}


def no_database(root: Path) -> Mapping[str, Any]:
    profile = (root / "profiles.yml").read_text()
    (root / "profiles.yml").write_text(profile.replace("path: shop.db", "path: models"))
    return {}


def no_selection(root: Path) -> Mapping[str, Any]:
    return {"select": ("nonsense:x",)}


def no_selector(root: Path) -> Mapping[str, Any]:
    return {"selector": "missing"}


def no_state(root: Path) -> Mapping[str, Any]:
    return {"select": ("state:modified",)}


def no_deferral(root: Path) -> Mapping[str, Any]:
    return {"select": ("child",), "defer": True}


def warning_as_error(root: Path) -> Mapping[str, Any]:
    return {"select": ("nowhere",), "warn_error": True}


EACH_WAY = [
    *(parse_error, no_yaml, no_packages, no_profile, no_target, no_database, no_selection),
    *(no_selector, no_state, no_deferral, warning_as_error),
]


def document(root: Path, target: str = "target") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / target / "run_results.json").read_bytes())
    return content


async def failed_run(write_project: WriteProject, **options: Any) -> Path:
    """A project whose last run has built one model, failed one, and skipped one."""
    root = write_project(PROJECT_OF_TWO)
    ran = await run(root, **options)
    assert ran.exit_code == 1
    return root


def mend(root: Path) -> None:
    """Take away all that breaks a project, and what fails in it."""
    (root / "models/broken.sql").unlink(missing_ok=True)
    (root / "packages.yml").unlink(missing_ok=True)
    (root / "dbt_project.yml").write_text(PROJECT)
    profile = (root / "profiles.yml").read_text()
    (root / "profiles.yml").write_text(profile.replace("path: models", "path: shop.db"))
    (root / "models/bad.sql").write_text("select 2 as id")


async def could_not_run(root: Path, broken: Break, command: str = "run", **options: Any) -> Ran:
    ran = await run(root, command, **{**options, **broken(root)})
    assert ran.exit_code == 2
    return ran


@pytest.mark.parametrize("broken", EACH_WAY)
async def test_results_say_that_nothing_was_run_and_why(
    write_project: WriteProject, broken: Break
) -> None:
    root = await failed_run(write_project)
    before = document(root)

    ran = await could_not_run(root, broken)

    found = document(root)
    assert found["results"] == []
    assert found["metadata"].keys() == before["metadata"].keys()
    assert found["metadata"]["invocation_id"] != before["metadata"]["invocation_id"]
    assert found["args"]["which"] == "run"
    error = ran.outcome.error
    assert error is not None
    assert found["args"]["could_not_run"] == f"{error.title}: {error}"
    check_invariants(root)


@pytest.mark.parametrize("broken", EACH_WAY)
async def test_retry_goes_by_the_last_real_run(write_project: WriteProject, broken: Break) -> None:
    root = await failed_run(write_project)
    await could_not_run(root, broken)
    mend(root)

    ran = await run(root, "retry")

    assert (ran.exit_code, ran.statuses) == (0, dict.fromkeys(["bad", "child"], Status.SUCCESS))
    assert "could_not_run" not in document(root)["args"]
    assert len(run_results(root)) == 3


@pytest.mark.parametrize("times", [1, 2])
async def test_retry_that_could_not_run_leaves_the_run_to_be_retried(
    write_project: WriteProject, times: int
) -> None:
    root = await failed_run(write_project)
    for _ in range(times):
        await could_not_run(root, parse_error, "retry")
    found = document(root)
    mend(root)

    ran = await run(root, "retry")

    assert (found["results"], found["args"]["which"]) == ([], "run")
    assert [*ran.statuses] == ["bad", "child"]


async def test_selection_by_result_goes_by_the_last_real_run(write_project: WriteProject) -> None:
    root = await failed_run(write_project)
    await could_not_run(root, no_profile)
    mend(root)

    ran = await run(root, "run", select=("result:error+",), state=Path("target"))

    assert [*ran.statuses] == ["bad", "child"]


async def test_results_of_nothing_say_so_where_results_are_selected_by(
    write_project: WriteProject,
) -> None:
    root = await failed_run(write_project)
    await could_not_run(root, no_profile)
    (root / "kept").mkdir()
    (root / "target/run_results.json").rename(root / "kept/run_results.json")

    selected = await run(root, "ls", select=("result:error",), state=Path("kept"))
    retried = await run(root, "retry", state=Path("kept"))

    assert (selected.exit_code, retried.exit_code) == (2, 2)
    assert "its invocation could not run (Runtime Error: " in str(selected.outcome.error)
    assert "the last invocation could not run (Runtime Error: " in str(retried.outcome.error)


def dbt_ran(root: Path) -> None:
    """Leave what dbt would have left: no journal, and results of its own."""
    (root / "target/run_results.jsonl").unlink()
    content = document(root)
    content["metadata"]["invocation_id"] = "dbts"
    (root / "target/run_results.json").write_text(json.dumps(content))


@pytest.mark.parametrize("broken", [parse_error, no_profile, no_yaml])
async def test_results_of_dbt_are_kept_for_retry(
    write_project: WriteProject, broken: Break
) -> None:
    root = await failed_run(write_project)
    dbt_ran(root)
    await could_not_run(root, broken)
    mend(root)

    selected = await run(root, "ls", select=("result:error",), state=Path("target"))
    ran = await run(root, "retry")

    assert selected.lines == ["shop.bad"]
    assert [*ran.statuses] == ["bad", "child"]
    assert len(run_results(root)) == 3


async def test_results_of_dbt_are_kept_where_nothing_was_selected(
    write_project: WriteProject,
) -> None:
    root = await failed_run(write_project)
    dbt_ran(root)
    await run(root, select=("nowhere",))
    (root / "models/bad.sql").write_text("select 2 as id")

    ran = await run(root, "retry")

    assert [*ran.statuses] == ["bad", "child"]


async def test_later_results_of_dbt_are_kept_beside_an_older_journal(
    write_project: WriteProject,
) -> None:
    root = await failed_run(write_project)
    content = document(root)
    content["metadata"]["invocation_id"] = "dbts"
    content["results"] = [one for one in content["results"] if one["unique_id"].endswith("bad")]
    (root / "target/run_results.json").write_text(json.dumps(content))
    await could_not_run(root, no_profile)
    mend(root)

    ran = await run(root, "retry")

    assert [*ran.statuses] == ["bad"]


@pytest.mark.parametrize("command", ["ls", "parse", "show", "debug", "clean", "retry"])
async def test_commands_that_keep_no_results_leave_those_of_the_last_run(
    write_project: WriteProject, command: str
) -> None:
    root = await failed_run(write_project)
    before = (root / "target/run_results.json").read_bytes()
    options = {"state": Path("nowhere")} if command == "retry" else {"profile": "missing"}

    ran = await run(root, command, **options)

    assert ran.exit_code != 0 or command == "clean"
    if command != "clean":
        assert (root / "target/run_results.json").read_bytes() == before


async def test_without_json_nothing_is_written(write_project: WriteProject) -> None:
    root = await failed_run(write_project)
    before = (root / "target/run_results.json").read_bytes()

    await could_not_run(root, no_profile, write_json=False)

    assert (root / "target/run_results.json").read_bytes() == before


@pytest.mark.parametrize("command", ["run", "build", "test", "seed", "snapshot", "compile"])
async def test_first_invocation_of_all_says_so_too(
    write_project: WriteProject, command: str
) -> None:
    root = write_project(PROJECT_OF_TWO)

    await could_not_run(root, no_profile, command)

    assert document(root)["results"] == []
    assert document(root)["args"]["which"] == command


async def test_operation_that_is_not_there_says_so(write_project: WriteProject) -> None:
    root = await failed_run(write_project)

    ran = await run(root, "run-operation", macro="missing")

    assert ran.exit_code == 2
    assert "'missing'" in document(root)["args"]["could_not_run"]


@pytest.mark.parametrize("broken", [parse_error, no_profile, no_yaml])
async def test_it_is_said_where_the_artifacts_go(
    write_project: WriteProject, broken: Break
) -> None:
    root = await failed_run(write_project)
    before = (root / "target/run_results.json").read_bytes()
    environ = {"DBT_TARGET_PATH": "elsewhere"}

    ran = await run(root, environ=environ, **broken(root))

    assert ran.exit_code == 2
    assert document(root, "elsewhere")["results"] == []
    assert (root / "target/run_results.json").read_bytes() == before


async def test_no_link_is_followed_out_of_a_project_that_cannot_be_read(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project(PROJECT_OF_TWO)
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "target").symlink_to(outside)

    await could_not_run(root, no_yaml)

    assert os.listdir(outside) == []


async def test_project_that_is_not_there_is_left_alone(tmp_path: Path) -> None:
    ran = await run(tmp_path)

    assert ran.exit_code == 2
    assert os.listdir(tmp_path) == []


async def test_secret_is_not_in_the_reason(write_project: WriteProject) -> None:
    root = write_project(
        {
            **PROJECT_OF_TWO,
            "profiles.yml": "shop: {target: dev, outputs: {dev: {type: sqlite, path: "
            "\"{{ env_var('DBT_ENV_SECRET_PLACE') }}/shop.db\", schema: main}}}\n",
        }
    )

    (root / "hunter2").write_text("no directory")

    ran = await run(root, environ={"DBT_ENV_SECRET_PLACE": "hunter2"})

    assert ran.exit_code == 2
    assert "hunter2" not in (root / "target/run_results.json").read_text()
    assert "could_not_run" in document(root)["args"]
