"""The manifest of whole projects, held to what dbt 1.10.23 says of the same ones.

What dbt said is stored in `facts/`: without its macros, and without what depends on the database,
the machine or the moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from headrace.engine.core.encoding import encode
from headrace.engine.workspace.loaded_project import manifest_of

from .support import parse

FACTS = Path(__file__).parent / "facts"

ELSEWHERE = frozenset(
    "created_at database relation_name root_path build_path macro_sql freshness raw_code".split()
)
"""Keys that aren't stored, since they depend on something else than the project."""

KNOWN_DIFFERENCES = {
    # It says the same in every environment, which dbt has only behind a flag.
    "nodes/model.shop.stg_orders/unrendered_config/meta/owner": "{{ 'us' }}",
    # Another test has that name, too, and in dbt the one's file is written over by the other's.
    "nodes/test.shop.orders_are_unique.8ee7193e88/path": "orders_are_unique.8ee7193e88.sql",
}

CopyFixture = Callable[[str], Path]


def manifest_and_facts(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    document = msgspec.json.decode(encode(manifest_of(parse(root).project, {}).as_dict()))
    facts = json.loads((FACTS / f"{root.name}.json").read_text())
    return document, facts


def differences(ours: Any, facts: Any, path: str = "") -> Iterator[str]:
    """Where a value isn't the stored one: `place: ours, not theirs`."""
    if path in KNOWN_DIFFERENCES:
        facts = KNOWN_DIFFERENCES[path]
    key = path.rpartition("/")[2]
    if isinstance(facts, dict) and isinstance(ours, dict):
        for name in sorted((ours.keys() | facts.keys()) - ELSEWHERE):
            below = f"{path}/{name}".lstrip("/")
            if name not in ours or name not in facts:
                yield f"{below}: {'missing' if name not in ours else 'not in dbt'}"
            else:
                yield from differences(ours[name], facts[name], below)
    elif isinstance(facts, list) and isinstance(ours, list) and len(facts) == len(ours):
        if key == "macros" or path.startswith("group_map/"):
            ours, facts = sorted(ours), sorted(facts)
        for position, (own, fact) in enumerate(zip(ours, facts, strict=True)):
            yield from differences(own, fact, f"{path}/{position}")
    elif key == "deprecation_date" and ours and facts:
        # Without the offset: a day begins at midnight in the time zone of the machine.
        if ours[:19] != facts[:19]:
            yield f"{path}: {ours}, not {facts}"
    elif ours != facts:
        yield f"{path}: {ours!r}, not {facts!r}"


@pytest.mark.parametrize(
    "section",
    "nodes sources exposures metrics semantic_models saved_queries groups group_map docs macros "
    "parent_map disabled".split(),
)
def test_everything_that_a_project_declares_is_in_the_manifest_as_in_dbts(
    copy_fixture: CopyFixture, section: str
) -> None:
    document, facts = manifest_and_facts(copy_fixture("declared_beside_models"))
    ours = {
        unique_id: value
        for unique_id, value in document[section].items()
        if not unique_id.startswith(("macro.dbt.", "doc.dbt."))
    }

    assert list(differences(ours, facts[section], section)) == []


def test_child_map_is_the_parent_map_turned_round(copy_fixture: CopyFixture) -> None:
    document, facts = manifest_and_facts(copy_fixture("declared_beside_models"))

    children: dict[str, list[str]] = {unique_id: [] for unique_id in facts["parent_map"]}
    for child, parents in sorted(facts["parent_map"].items()):
        for parent in parents:
            children[parent].append(child)
    assert document["child_map"] == children


def test_nodes_of_a_real_project_are_called_and_described_as_by_dbt(
    copy_fixture: CopyFixture,
) -> None:
    document, facts = manifest_and_facts(copy_fixture("coffee_shop"))

    nodes = document["nodes"]
    for unique_id, fact in facts["nodes"].items():
        ours = {key: nodes[unique_id][key] for key in fact}
        assert list(differences(ours, fact, unique_id)) == []
        written = nodes[unique_id]["unrendered_config"]
        assert list(differences(written, facts["unrendered_config"][unique_id], unique_id)) == []
    for unique_id, columns in facts["columns"].items():
        for name, fact in columns.items():
            column = nodes[unique_id]["columns"][name]
            assert {key: column[key] for key in fact} == fact
    assert document["parent_map"] == facts["parent_map"]
    assert nodes.keys() == facts["nodes"].keys()
