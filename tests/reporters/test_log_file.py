"""The log file: where it goes, what is in it, and what happens when it can't be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.reporters.rotating_file import RotatingFile

from ..building.support import run
from ..commands.support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "{{ log('for the file') }} select 1 as id"}


async def test_it_holds_more_than_is_shown_and_grows_with_each_invocation(
    write_project: WriteProject,
) -> None:
    root = write_project(ORDERS)

    await run(root)
    await run(root)

    text = (root / "logs" / "dbt.log").read_text("utf-8")
    assert text.count("[info ] [MainThread]: Running with headrace=") == 2
    assert "[debug] [Thread-1]: for the file" in text
    assert "[info ] [Thread-1]: 1 of 1 OK created view model main.orders" in text
    assert "[debug] [MainThread]: Command `headrace run` succeeded at " in text
    assert "[info ] [MainThread]: Registered adapter: sqlite=" in text
    assert "[debug] [Thread-1]: On model.shop.orders: BEGIN" in text
    assert '/* {"app": "headrace"' in text
    assert "[debug] [Thread-1]: SQL status: " in text


async def test_a_parse_that_fails_is_in_it(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": "select * from {{ ref('nobody') }}"})

    await run(root)

    text = (root / "logs" / "dbt.log").read_text("utf-8")
    assert "[error] [MainThread]: Encountered an error:" in text
    assert "ref('nobody')" in text


async def test_no_secret_is_in_it(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": "select '{{ var('place') }}' as place"})
    environ = {"DBT_ENV_SECRET_PLACE": "hidden-token"}

    await run(root, environ=environ, vars={"place": "hidden-token"})

    text = (root / "logs" / "dbt.log").read_text("utf-8")
    assert "*****" in text
    assert "hidden-token" not in text


@pytest.mark.parametrize(
    ("options", "environ", "place"),
    [
        ({}, {}, "shop/logs"),
        ({"log_path": Path("../mine")}, {"DBT_LOG_PATH": "theirs"}, "mine"),
        ({}, {"DBT_LOG_PATH": "theirs"}, "shop/theirs"),
        ({}, {"HEADRACE_LOG_PATH": "ours", "DBT_LOG_PATH": "theirs"}, "shop/ours"),
    ],
)
async def test_it_goes_where_the_flag_the_environment_or_the_project_says(
    write_project: WriteProject,
    options: Mapping[str, Path],
    environ: Mapping[str, str],
    place: str,
) -> None:
    root = write_project(ORDERS)

    await run(root, environ=environ, log_path=options.get("log_path"))

    assert [str(path.parent.relative_to(root.parent)) for path in root.parent.rglob("dbt.log")] == [
        place
    ]


async def test_it_is_json_where_that_is_asked_for(write_project: WriteProject) -> None:
    root = write_project(ORDERS)

    await run(root, log_format_file="json")

    lines = (root / "logs" / "dbt.log").read_text("utf-8").splitlines()
    levels = {json.loads(line)["info"]["level"] for line in lines}
    assert levels == {"debug", "info"}


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ({"log_level": "warn"}, set()),
        ({"log_level": "warn", "log_level_file": "info"}, {"info"}),
        ({"log_level_file": "debug"}, {"debug", "info"}),
    ],
)
async def test_its_level_is_the_console_s_unless_it_has_its_own(
    write_project: WriteProject, options: Mapping[str, str], levels: set[str]
) -> None:
    root = write_project(ORDERS)

    await run(
        root,
        log_format_file="json",
        log_level=options.get("log_level"),
        log_level_file=options.get("log_level_file"),
    )

    path = root / "logs" / "dbt.log"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    assert {json.loads(line)["info"]["level"] for line in lines} == levels


def test_flags_of_the_command_line(write_project: WriteProject) -> None:
    root = write_project(ORDERS)

    none = headrace(root, "run", "--log-level", "none", "--log-level-file", "none")
    debug = headrace(root, "--log-level", "debug", "run", "--log-path", "elsewhere")
    wrong = headrace(root, "run", "--log-level", "wran")

    assert (none.exit_code, none.output, (root / "logs").exists()) == (0, "", False)
    assert "for the file" in debug.output
    assert (root / "elsewhere" / "dbt.log").exists()
    assert wrong.exit_code == 2
    assert "Did you mean 'warn'?" in wrong.output


def test_a_file_that_has_grown_long_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "dbt.log"

    for number in range(5):
        file = RotatingFile(longest=10, kept=2)
        file.write(f"line {number}\n")
        file.open(path)
        file.close()

    found = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert found == {"dbt.log": "line 4\n", "dbt.log.1": "line 3\n", "dbt.log.2": "line 2\n"}


def test_lines_are_written_many_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "dbt.log"
    file = RotatingFile()
    file.open(path)

    file.write("a line\n")
    before = path.exists()
    file.write("x" * 70_000)
    after = path.stat().st_size
    file.close()

    assert (before, after) == (False, 70_007)


def test_a_directory_that_cannot_be_written_is_a_problem_told_once(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    file = RotatingFile()
    file.open(tmp_path / "logs" / "dbt.log")

    for _ in range(3):
        file.write("x" * 70_000)
    file.close()

    assert file.problem is not None
    assert "could not be written" in file.problem


def test_text_that_is_longer_than_a_file_may_be_gets_one_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "dbt.log"
    path.touch()

    file = RotatingFile(longest=10)
    file.open(path)
    file.write("a line of its own length\n")
    file.close()

    assert {each.name for each in tmp_path.iterdir()} == {"dbt.log"}


def test_length_of_nothing_is_without_end(tmp_path: Path) -> None:
    for number in range(3):
        file = RotatingFile(longest=0)
        file.open(tmp_path / "dbt.log")
        file.write(f"line {number}\n")
        file.close()

    assert [each.name for each in tmp_path.iterdir()] == ["dbt.log"]


def test_text_without_a_form_in_utf_8_is_written_as_its_escape(tmp_path: Path) -> None:
    file = RotatingFile()
    file.open(tmp_path / "dbt.log")
    file.write("half a character: \ud83d\n")
    file.close()

    assert (tmp_path / "dbt.log").read_text("utf-8") == "half a character: \\ud83d\n"
