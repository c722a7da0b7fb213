"""Every part of the grammar, on one project: what is selected is what dbt selects."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from headrace import Options, cli
from headrace.cli_flags import make_app
from headrace.engine.commands import ls
from headrace.engine.workspace.chosen_nodes import choose_nodes
from headrace.engine.workspace.loaded_project import LoadedProject
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import open_workspace
from msgspec.structs import replace

from ..conftest import FIXTURES
from .support import FIXTURE, arguments, every_selection, read_expectations, short_ids

ASKS_DBT = Path(__file__).parent / "dbt_ls.py"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("library") / FIXTURE
    ignored = shutil.ignore_patterns("target", "*.db*", "logs", "dbt_packages")
    shutil.copytree(FIXTURES / FIXTURE, root, ignore=ignored)
    shutil.copytree(root / "packages", root / "dbt_packages")
    return root


@pytest.fixture(scope="module")
def project(root: Path) -> LoadedProject:
    return parse_project(
        open_workspace(Start(Options(command="ls"), {}, root), lambda _: None), lambda _: None
    )


def options_of(flags: str, monkeypatch: pytest.MonkeyPatch) -> Options:
    """What the command line makes of a line of flags."""
    taken: list[Options] = []

    def take(options: Options) -> int:
        taken.append(options)
        return 0

    monkeypatch.setattr(cli, "_run", take)
    make_app(["ls"], cli.invoke_given)(["ls", *arguments(flags)], standalone_mode=False)
    (options,) = taken
    return options


@every_selection
def test_selection_finds_what_it_should(
    flags: str,
    expected: tuple[str, ...],
    root: Path,
    project: LoadedProject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = options_of(flags, monkeypatch)
    workspace = open_workspace(Start(options, {}, root), lambda _: None)

    choice = choose_nodes(
        replace(project, workspace=workspace), options, ls.COMMAND.takes, lambda _: None
    )

    assert short_ids(list(choice.nodes)) == expected


def test_dbt_selects_the_same(root: Path) -> None:
    dbt = shutil.which("dbt")
    if dbt is None:
        pytest.skip("dbt isn't installed")
    expectations = read_expectations()

    asked = subprocess.run(
        [Path(dbt).resolve().parent / "python", ASKS_DBT, root],
        input=json.dumps([arguments(flags) for flags in expectations]),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ""},
        encoding="utf-8",
        check=True,
    )

    # dbt says each answer on the way as well.
    answers = map(short_ids, json.loads(asked.stdout.splitlines()[-1]))
    assert dict(zip(expectations, answers, strict=True)) == expectations
