"""What reads the nodes is a table: a new kind of node is a reader and a line in it."""

from __future__ import annotations

import pytest
from headrace.engine.manifest import loader
from headrace.engine.manifest.readers import DECLARED_SECTIONS, READERS, Reader
from headrace.engine.manifest.reading.package_parse import PackageParse

from ..conftest import WriteProject
from .support import parse

FRUIT = "models: [{name: a}]\nfruit: [{name: apple, colour: red}, {name: pear}]\n"


def test_reader_gets_the_entries_of_a_section_that_nobody_else_knows(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, object]] = []

    def read_fruit(package: PackageParse) -> None:
        found = sorted(package.found.nodes)
        for patch in package.properties.declared["fruit"]:
            read.append((patch.name, patch.values.get("colour")))
        assert found == ["model.shop.a"]  # those before it in the table have read

    monkeypatch.setattr(loader, "READERS", (*READERS, Reader(read_fruit, "fruit")))
    monkeypatch.setattr(loader, "DECLARED_SECTIONS", (*DECLARED_SECTIONS, "fruit"))
    parsed = parse(write_project({"models/a.sql": "select 1 as id", "models/s.yml": FRUIT}))

    assert read == [("apple", "red"), ("pear", None)]
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("section", "expected"), [("fruit", []), ("modles", ["CustomTopLevelKeyDeprecation"])]
)
def test_section_without_a_reader_is_warned_of_where_it_seems_misspelt(
    write_project: WriteProject, section: str, expected: list[str]
) -> None:
    text = FRUIT.replace("fruit", section)

    parsed = parse(write_project({"models/a.sql": "select 1 as id", "models/s.yml": text}))

    assert [warning.name for warning in parsed.warnings] == expected


def test_no_two_readers_read_one_section() -> None:
    assert len(set(DECLARED_SECTIONS)) == len(DECLARED_SECTIONS)
