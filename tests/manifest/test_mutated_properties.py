"""Whatever stands in a project's YAML, parsing it gives a manifest or says where the fault is.

A whole project is taken, and values in one of its files are replaced, left out, renamed or put
where they don't belong.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from headrace.engine.core.errors import HeadraceError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..conftest import FIXTURES
from .support import parse

PROJECT = FIXTURES / "declared_beside_models"
SOURCES = {
    str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
    for path in sorted(PROJECT.rglob("*"))
    if path.is_file() and path.suffix in {".yml", ".sql", ".md", ".csv"}
}
DOCUMENTS = {
    name: yaml.safe_load(text)
    for name, text in SOURCES.items()
    if name.endswith(".yml") and name != "profiles.yml"
}
VALUES: tuple[Any, ...] = (
    *(None, True, 1, -2.5, "", "x", "a.b", "é'\"", "2020-01-01", "*"),
    *([], [1], ["a"], [None], [[["a"]]], [{"name": None}]),
    *({}, {"a": 1}, {1: 2}, {"name": None}, {"a": {"b": [1]}}),
    *("{{ 1 + }}", "{{ nope() }}", "{{ none }}", "{{ [1] }}", "{{ var('q') }}", "{% break %}"),
    *("ref('nowhere')", "source('a')", "{{ doc('nowhere') }}", "{{ env_var() }}"),
)
_PYTHONS = re.compile(r"NoneType|unhashable|has no attribute|positional argument|not subscriptable")

Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> list[Place]:
    """Every place below a value, as the keys and positions that lead to it."""
    match value:
        case dict():
            below = list(value.items())
        case list():
            below = list(enumerate(value))
        case _:
            return []
    return [found for key, item in below for found in ((*place, key), *places(item, (*place, key)))]


def at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, Any]:
    """A file of the project, and what is to stand in it."""
    name = draw(st.sampled_from(sorted(DOCUMENTS)))
    document = copy.deepcopy(DOCUMENTS[name])
    for _ in range(draw(st.integers(1, 2))):
        known = places(document)
        if not known:
            break
        *above, last = draw(st.sampled_from(known))
        holder = at(document, tuple(above))
        match draw(st.sampled_from(["replace", "replace", "move", "remove", "rename"])):
            case "replace":
                holder[last] = copy.deepcopy(draw(st.sampled_from(VALUES)))
            case "move":
                holder[last] = copy.deepcopy(at(document, draw(st.sampled_from(known))))
            case "remove":
                del holder[last]
            case "rename" if isinstance(holder, dict):
                holder[f"{last}x"] = holder.pop(last)
    return name, document


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mutations())
def test_parsing_ends_in_a_manifest_or_in_a_place(
    tmp_path_factory: pytest.TempPathFactory, mutation: tuple[str, Any]
) -> None:
    name, document = mutation
    root = tmp_path_factory.mktemp("mutated")
    for path, text in {**SOURCES, name: yaml.safe_dump(document, sort_keys=False)}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    error = refusal(root)

    assert error is None or error.location is not None, error
    assert not _PYTHONS.search(str(error)), error


def refusal(root: Path) -> HeadraceError | None:
    """Why a project can't be parsed; None where it can."""
    try:
        parse(root)
    except HeadraceError as error:
        return error
    return None
