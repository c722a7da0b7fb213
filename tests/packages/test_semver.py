"""Versions, and what requirements let through."""

from __future__ import annotations

import pytest
from headrace.engine.packages.semver import (
    VersionSyntaxError,
    can_all_hold,
    meets,
    parse_requirement,
    parse_version,
)


def test_versions_are_ordered_by_numbers_and_then_by_prerelease() -> None:
    in_order = "0.9.9 1.0.0-a 1.0.0-a.1 1.0.0-a.b 1.0.0-rc.2 1.0.0-rc.10 1.0.0 1.2.0 1.10.0".split()

    versions = sorted((parse_version(text) for text in reversed(in_order)), key=lambda v: v.key)

    assert [str(version) for version in versions] == in_order


@pytest.mark.parametrize(
    ("requirement", "inside", "outside"),
    [
        ("1.2.3", ["1.2.3", "1.2.3+build"], ["1.2.4", "1.2.3-rc1"]),
        ("=1.2.3", ["1.2.3"], ["1.2.2"]),
        (">=1.2.3", ["1.2.3", "1.10.0", "2.0.0-rc1"], ["1.2.2", "1.2.3-rc1"]),
        (">1.2.3", ["1.2.4"], ["1.2.3", "1.2.3-rc1"]),
        ("<=1.2.3", ["1.2.3", "1.2.3-rc1"], ["1.2.4-rc1"]),
        ("<1.2.3", ["1.2.2", "1.2.2-rc1"], ["1.2.3", "1.2.3-rc1"]),
        ("<1.2.3-rc2", ["1.2.3-rc1", "1.2.2"], ["1.2.3-rc2", "1.2.3"]),
    ],
)
def test_a_requirement_lets_through_what_it_says(
    requirement: str, inside: list[str], outside: list[str]
) -> None:
    wanted = [parse_requirement(requirement)]

    assert [text for text in inside + outside if meets(parse_version(text), wanted)] == inside


@pytest.mark.parametrize(
    ("texts", "is_possible"),
    [
        ((">=1.0.0", "<2.0.0"), True),
        ((">=1.0.0", "<=1.0.0"), True),
        ((">=1.0.0", "<1.0.0"), False),
        ((">2.0.0", "<1.0.0"), False),
        (("1.0.0", ">=1.0.0"), True),
        (("1.0.0", "2.0.0"), False),
        (("1.0.0", ">1.0.0"), False),
        ((), True),
    ],
)
def test_requirements_that_exclude_each_other_are_known(
    texts: tuple[str, ...], is_possible: bool
) -> None:
    assert can_all_hold([parse_requirement(text) for text in texts]) is is_possible


@pytest.mark.parametrize("text", ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0.0", "~1.0.0", "a.b.c"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionSyntaxError, match="is not a valid semantic version"):
        parse_requirement(text)
