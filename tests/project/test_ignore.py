"""The patterns of .dbtignore."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import ProjectError
from headrace.engine.project.ignore import IgnoreRules


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("a.sql", ["a.sql", "models/a.sql"], ["models/aa.sql", "models/a.sql.bak"]),
        ("*.sql", ["models/x/a.sql"], ["models/a.csv"]),
        ("/models/a.sql", ["models/a.sql"], ["x/models/a.sql"]),
        ("models/*.sql", ["models/a.sql"], ["models/x/a.sql", "x/models/a.sql"]),
        ("models/**/a.sql", ["models/a.sql", "models/x/y/a.sql"], ["models/x/b.sql"]),
        ("models/**", ["models/a.sql", "models/x/a.sql"], ["other/a.sql"]),
        ("**/a.sql", ["a.sql", "x/y/a.sql"], ["x/b.sql"]),
        ("a?.sql", ["ab.sql"], ["a.sql", "abc.sql", "a/.sql"]),
        ("[ab].sql", ["a.sql", "x/b.sql"], ["c.sql"]),
        ("[!ab].sql", ["c.sql"], ["a.sql"]),
        ("a+(b).sql", ["a+(b).sql"], ["aab.sql"]),
        (r"\#a.sql", ["#a.sql"], ["a.sql"]),
        ("# a.sql", [], ["a.sql", "# a.sql"]),
        ("", [], ["a.sql", ""]),
        ("a.sql   ", ["a.sql"], []),
        ("[.sql", ["[.sql"], ["a.sql"]),
    ],
)
def test_pattern_ignores_as_in_gitignore(pattern: str, ignored: list[str], kept: list[str]) -> None:
    rules = IgnoreRules.parse(pattern)

    assert [path for path in ignored if not rules.ignores(path, is_directory=False)] == []
    assert [path for path in kept if rules.ignores(path, is_directory=False)] == []


def test_pattern_with_a_slash_at_its_end_is_for_directories() -> None:
    rules = IgnoreRules.parse("archive/\n")

    assert rules.ignores("models/archive", is_directory=True)
    assert not rules.ignores("models/archive", is_directory=False)


def test_last_rule_that_matches_decides() -> None:
    rules = IgnoreRules.parse("*.sql\n!keep.sql\n")

    assert not rules.ignores("models/keep.sql", is_directory=False)
    assert rules.ignores("models/other.sql", is_directory=False)


@pytest.mark.parametrize(
    ("rules", "kept", "left_out"),
    [
        ("archive/\n!archive/new/", "archive/new/a.sql", "archive/a.sql"),
        ("archive\n!archive/keep.sql", "archive/keep.sql", "archive/new/keep.sql"),
        ("*.sql\n!models/**/keep_*.sql", "models/x/y/keep_1.sql", "keep_1.sql"),
    ],
)
def test_rule_takes_back_what_another_leaves_out_with_its_directory(
    rules: str, kept: str, left_out: str
) -> None:
    read = IgnoreRules.parse(rules)

    assert not read.ignores("archive", is_directory=True)
    assert not read.ignores(kept, is_directory=False)
    assert read.ignores(left_out, is_directory=False)


def test_line_that_is_no_pattern_is_told_with_its_place() -> None:
    with pytest.raises(ProjectError, match=r"^\.dbtignore:2: '!' is no pattern"):
        IgnoreRules.parse("*.bak\n!")
