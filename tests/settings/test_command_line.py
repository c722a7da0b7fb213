"""What is read off a command line without typer, against what typer reads off it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from headrace.cli_flags import make_app
from headrace.engine.commands.all_commands import COMMANDS
from headrace.engine.commands.command_line import join_values, names_of, read_plain
from headrace.engine.settings.flag import BEFORE, Kind
from headrace.engine.settings.flags import flags_of
from hypothesis import given, settings
from hypothesis import strategies as st

LINES = (
    *("build", "run", "ls", "list", "run-operation", "docs generate", "docs", "source freshness"),
    *("source snapshot-freshness", "deps", "show", "clean", "generate", "bild", ""),
)
ANYTHING_RUN = {
    word for command in COMMANDS.values() for word in (*names_of(command), command.group)
}
NAMES = sorted(
    {
        name
        for command in (BEFORE, *COMMANDS, "freshness", "generate")
        for flag in flags_of(command)
        for text in flag.spellings
        for name in text.split("/")
    }
)
WORDS = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(["orders", "4", "0", "-1", "9999999999", "", "a b", "x=y", "٣", "1.0", "1_0"]),
    st.sampled_from(["--", "-", "-h", "--help", "--nonsense", "--no-select", "-sorders", "-qx"]),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["orders", "4", "", "a=b"])).map("=".join),
    st.sampled_from(LINES[:-1]),
)


@cache
def app(arguments: frozenset[str]) -> Any:
    """The command line, which runs nothing: it puts into `found` what it would run."""

    def take(command: str, flags: dict[str, Any]) -> int:
        found.append((command, flags))
        return 0

    found: list[tuple[str, dict[str, Any]]] = []
    return typer.main.get_command(make_app(arguments, take)), found


def read_by_typer(words: list[str]) -> tuple[str, dict[str, Any]] | None:
    made, found = app(frozenset(words) & ANYTHING_RUN)
    found.clear()
    made.main(join_values(words), "headrace", standalone_mode=False)
    for command, flags in found:
        # What isn't given is None to typer, or no words.
        return command, {key: value for key, value in flags.items() if value not in (None, (), [])}
    return None


@settings(max_examples=1_000, deadline=None)
@given(st.lists(WORDS, max_size=3), st.sampled_from(LINES), st.lists(WORDS, max_size=5))
def test_what_is_read_without_typer_is_what_typer_reads(
    before: list[str], line: str, behind: list[str]
) -> None:
    words = [*before, *line.split(), *behind]

    plain = read_plain(words)

    if plain is not None:
        assert plain == read_by_typer(words)


def values_of(kind: Kind) -> list[str]:
    return [] if kind in (Kind.SWITCH, Kind.MARK) else ["4"]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_each_flag_of_a_command_is_read_without_typer(command: str) -> None:
    made = COMMANDS[command]
    taken = flags_of(made.flags_like or command)
    wanted = ["macro"] if any(flag.kind is Kind.ARGUMENT for flag in taken) else []
    line = [*made.group.split(), command, *wanted]
    for flag in taken:
        for name in (name for text in flag.spellings for name in text.split("/")):
            words = [*line, name, *values_of(flag.kind)]

            plain = read_plain(words)

            assert plain is not None, words
            assert flag.name in plain[1], words
            assert plain == read_by_typer(words)


def test_paths_numbers_and_words_are_what_options_want() -> None:
    line = ["-q", "build", "--threads", "4", "--select", "a", "b", "-s", "c", "--state=old"]

    plain = read_plain(line)

    assert plain == (
        "build",
        {"quiet": True, "threads": 4, "select": ["a", "b", "c"], "state": Path("old")},
    )


@pytest.mark.parametrize(
    "line", ["build --help", "-h", "--version", "bild", "build --selct a", "build --threads 0", ""]
)
def test_what_asks_for_help_or_is_wrong_is_left_to_typer(line: str) -> None:
    assert read_plain(line.split()) is None


HEAVY = (
    *("typer", "click", "pydantic", "rich", "asyncpg", "aiohttp", "statistics"),
    *("headrace.cli_flags", "headrace.engine.running", "headrace.engine.materializations"),
    *("headrace.engine.packages.packages_file", "headrace.engine.packages.semver"),
)
OF_READING = (
    *("headrace.engine.manifest.loader", "headrace.engine.manifest.readers"),
    *("headrace.engine.manifest.checks", "headrace.engine.template.parsing", "difflib"),
)


def test_parsing_imports_nothing_that_it_has_no_use_for(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from headrace.cli import main\n"
        "unwanted = set(sys.argv[1:])\n"
        "sys.argv[1:] = ['parse', '--target', 'dev', '--threads=2']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as ended:\n"
        "    assert ended.code == 0, ended.code\n"
        "assert not unwanted & set(sys.modules), unwanted & set(sys.modules)\n"
    )
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: sqlite, path: shop.db, schema: main}}}\n"
    )
    command = [sys.executable, "-c", code]

    subprocess.run([*command, *HEAVY], check=True, cwd=tmp_path)
    subprocess.run([*command, *HEAVY, *OF_READING], check=True, cwd=tmp_path)
