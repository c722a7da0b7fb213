"""Standard output, standard error, colours and the forms of the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import __version__

from ..building.support import PROJECT
from .support import SECONDS, environment, headrace

WriteProject = Callable[[Mapping[str, str]], Path]

SHOP = {
    "models/orders.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/broken.sql": "select * from nowhere",
    "models/loud.sql": "{% if execute %}{{ log('said', info=true) }}{{ log('hushed') }}"
    "{{ print('printed') }}{% endif %} select 1 as id",
}


def test_run_tells_in_dbts_lines_on_standard_output(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "run", "--threads", "1", "--exclude", "loud")

    assert (done.exit_code, done.stderr) == (1, "")
    whole = done.stdout.splitlines()
    lines = [line.partition(" | ")[2] for line in whole]
    for beginning, end in (
        ("Running with headrace=", __version__),
        ("Found 3 models, ", "macros"),
        ("Concurrency: 1 threads (target='dev')", ""),
        ("1 of 2 START view model main.broken ....", ". [RUN]"),
        ("1 of 2 ERROR creating view model main.broken ....", "s]"),
        ("2 of 2 OK created table model main.orders ....", "s]"),
        ("Finished running 1 table model, 1 view model in ", "s."),
        ("Completed with 1 error, 0 partial successes, and 0 warnings:", ""),
        ("Done. PASS=1 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=2", ""),
    ):
        assert [x for x in lines if x.startswith(beginning) and x.endswith(end)], beginning
    block = whole.index("Database Error in model broken (models/broken.sql)")
    assert whole[block - 1] == ""
    assert whole[block + 1].startswith("  ")
    assert "\x1b" not in done.stdout


def test_templates_log_and_print(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    loud = headrace(root, "run", "--select", "loud")
    quiet = headrace(root, "run", "--select", "loud", "--quiet")

    assert "| said" in loud.stdout
    assert "hushed" not in loud.output
    assert "printed\n" in loud.stdout
    assert (quiet.stdout, quiet.stderr) == ("printed\n", "")


@pytest.mark.parametrize("arguments", [("--quiet", "run"), ("run", "-q")])
def test_quiet_says_nothing_but_errors(
    write_project: WriteProject, arguments: tuple[str, ...]
) -> None:
    root = write_project(SHOP)

    good = headrace(root, *arguments, "--select", "orders")
    bad = headrace(root, *arguments, "--select", "broken")

    assert (good.exit_code, good.output) == (0, "")
    assert bad.exit_code == 1
    assert "ERROR creating view model main.broken" in bad.output
    assert "START" not in bad.output


@pytest.mark.parametrize("arguments", [("--debug", "run"), ("run", "-d")])
def test_debug_shows_what_is_sent_and_what_templates_log_for_themselves(
    write_project: WriteProject, arguments: tuple[str, ...]
) -> None:
    root = write_project(SHOP)

    usual = headrace(root, "run", "--select", "orders", "loud")
    debug = headrace(root, *arguments, "--select", "orders", "loud")

    assert "On model.shop.orders: " not in usual.stdout
    assert "| hushed\n" not in usual.stdout
    assert '| Using sqlite connection "model.shop.orders"\n' in debug.stdout
    assert "| On model.shop.orders: " in debug.stdout
    assert "| hushed\n" in debug.stdout
    assert "| Done. PASS=2" in debug.stdout


@pytest.mark.parametrize("command", ["run", "ls", "compile", "debug"])
def test_json_lines_are_all_there_is_on_standard_output(
    write_project: WriteProject, command: str
) -> None:
    root = write_project(SHOP)

    done = headrace(root, command, environ={"DBT_LOG_FORMAT": "json"})

    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert {"info", "data"} == set().union(*records)
    assert len({record["info"]["invocation_id"] for record in records}) == 1
    if command == "run":
        results = [r["data"] for r in records if r["info"]["name"] == "LogModelResult"]
        assert {data["node_info"]["unique_id"]: data["status"] for data in results} == {
            "model.shop.orders": "SELECT 1",
            "model.shop.loud": "OK",
            "model.shop.broken": "error",
        }


def test_failure_to_start_is_a_json_line_as_well(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": "select * from {{ ref('b') }}"})

    done = headrace(root, "--log-format", "json", "run")

    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 2
    assert [r["info"]["level"] for r in records if "ref('b')" in r["info"]["msg"]] == ["error"]


def test_form_of_the_log_that_does_not_exist_is_refused(write_project: WriteProject) -> None:
    done = headrace(write_project(SHOP), "run", "--log-format", "jsn")

    assert done.exit_code == 2
    assert "--log-format is 'jsn'" in done.stderr
    assert "Did you mean 'json'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "flags", "is_shown"),
    [
        ((), {}, "", True),
        (("--no-print",), {}, "", False),
        ((), {"DBT_PRINT": "false"}, "", False),
        ((), {}, "flags: {print: false}", True),
        (("--print",), {"DBT_PRINT": "0"}, "", True),
    ],
)
def test_what_templates_print_can_be_held_back(
    write_project: WriteProject,
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    flags: str,
    is_shown: bool,
) -> None:
    root = write_project({**SHOP, "dbt_project.yml": f"{PROJECT}{flags}\n"})

    done = headrace(root, "run", "--select", "loud", *arguments, environ=environ)

    assert done.exit_code == 0, done.output
    assert ("printed" in done.stdout) is is_shown
    assert "| said" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environ", "flags", "width"),
    [
        ((), {}, "", 80),
        (("--printer-width", "120"), {"DBT_PRINTER_WIDTH": "90"}, "", 120),
        ((), {"DBT_PRINTER_WIDTH": "90"}, "flags: {printer_width: 70}", 90),
        ((), {}, "flags: {printer_width: 70}", 70),
    ],
)
def test_width_of_the_lines_with_dots_can_be_chosen(
    write_project: WriteProject,
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    flags: str,
    width: int,
) -> None:
    root = write_project({**SHOP, "dbt_project.yml": f"{PROJECT}{flags}\n"})

    done = headrace(root, "run", "--select", "orders", *arguments, environ=environ)

    (line,) = [line for line in done.stdout.splitlines() if " START " in line]
    assert line.index(" [RUN]") == width


def test_one_node_at_a_time_whatever_the_number_of_threads(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "run", "--select", "orders", "--threads", "4", "--single-threaded")

    assert "Concurrency: 1 threads (target='dev')" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environ", "are_colored"),
    [
        ((), {}, False),
        (("--use-colors",), {}, True),
        (("--use-colors",), {"NO_COLOR": "1"}, True),
        (("--no-use-colors",), {"FORCE_COLOR": "1"}, False),
        ((), {"DBT_USE_COLORS": "true"}, True),
    ],
)
def test_colors_in_a_pipe_are_only_there_on_demand(
    write_project: WriteProject,
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    are_colored: bool,
) -> None:
    root = write_project(SHOP)

    done = headrace(root, "run", "--select", "orders", *arguments, environ=environ)

    assert ("\x1b[" in done.stdout) is are_colored


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize(
    ("environ", "are_colored"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["plain", "NO_COLOR"]
)
def test_terminal_has_colors_unless_told_otherwise(
    write_project: WriteProject, environ: Mapping[str, str], are_colored: bool
) -> None:
    root = write_project(SHOP)

    shown = on_a_terminal(root, "run", environ={"TERM": "xterm-256color", **environ})

    assert "OK created table model main.orders" in shown
    assert "Done. PASS=2 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=3" in shown
    assert ("\x1b[31m" in shown or "\x1b[32m" in shown) is are_colored


def on_a_terminal(root: Path, *arguments: str, environ: Mapping[str, str]) -> str:
    """What the command line shows on a terminal."""
    reader, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", *arguments],
        cwd=root,
        env=environment(environ),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(reader, 65536):
            shown += chunk
    except OSError:
        pass  # how Linux says that the other end is gone
    finally:
        os.close(reader)
        process.wait(timeout=SECONDS)
    return shown.decode()


def test_reader_that_goes_away_does_not_change_the_run(write_project: WriteProject) -> None:
    root = write_project({f"models/m{n}.sql": "select 1 as id" for n in range(20)})
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", "run"],
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()

    _, errors = process.communicate(timeout=SECONDS)

    assert (process.returncode, errors) == (0, b"")


def test_version_and_help_answer_without_a_project(tmp_path: Path) -> None:
    version = headrace(tmp_path, "--version")
    overview = headrace(tmp_path, "--help")
    about_run = headrace(tmp_path, "run", "--help")

    assert (version.exit_code, version.stdout) == (0, f"headrace {__version__}\n")
    assert (overview.exit_code, about_run.exit_code) == (0, 0)
    for command in ("run", "seed", "test", "build", "compile", "ls", "parse", "debug", "clean"):
        assert f"\n  {command} " in overview.stdout
    for flag in ("--select", "--exclude", "--fail-fast", "--full-refresh", "--threads", "--vars"):
        assert flag in about_run.stdout


def test_flags_of_before_and_after_the_command_are_the_same(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "--no-write-json", "--quiet", "run", "--no-quiet", "-s", "orders")

    assert "Done. PASS=1" in done.stdout
    assert not (root / "target" / "manifest.json").exists()
