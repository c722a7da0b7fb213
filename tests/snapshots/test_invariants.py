"""What holds of every history, whatever the source does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..conftest import WriteProject
from .support import SOURCES, SqliteShop, block

SOURCE_STATES = st.lists(
    st.dictionaries(st.integers(1, 3), st.sampled_from(["a", "b", None])), min_size=1, max_size=4
)
CONFIGS: dict[str, Any] = {
    "ignore": {},
    "invalidate": {"hard_deletes": "invalidate"},
    "new_record": {"hard_deletes": "new_record"},
    "current": {"hard_deletes": "invalidate", "dbt_valid_to_current": "'9999-12-31'"},
}


@pytest.mark.parametrize("name", CONFIGS)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=SOURCE_STATES)
def test_history_of_a_key_has_one_current_row_and_no_gaps(
    write_project: WriteProject, name: str, states: list[dict[int, str | None]]
) -> None:
    anyio.run(_check, write_project({"models/sources.yml": SOURCES}), CONFIGS[name], states)


async def _check(root: Path, config: dict[str, Any], states: list[dict[int, str | None]]) -> None:
    (root / "shop.db").unlink(missing_ok=True)
    shop = SqliteShop(root)
    shop.write(
        "snapshots/s.sql",
        block("kept", strategy="check", unique_key="id", check_cols="all", **config),
    )
    end = "9999-12-31" if "dbt_valid_to_current" in config else None
    for state in states:
        await shop.execute(
            "drop table if exists {schema}.orders",
            "create table {schema}.orders (id integer, name text)",
            *(
                f"insert into {{schema}}.orders values ({key}, {_literal(name)})"
                for key, name in state.items()
            ),
        )
        await shop.snapshot()
        names, rows = await shop.fetch("select * from {schema}.kept order by dbt_valid_from")
        versions = [dict(zip(names, row, strict=True)) for row in rows]
        assert len({version["dbt_scd_id"] for version in versions}) == len(versions)
        for key in {version["id"] for version in versions}:
            own = [version for version in versions if version["id"] == key]
            current = [version for version in own if version["dbt_valid_to"] == end]
            assert len(current) <= 1
            for earlier, later in pairwise(own):
                assert earlier["dbt_valid_from"] < earlier["dbt_valid_to"]
                # A gap is only where the row was gone, which its end says.
                assert earlier["dbt_valid_to"] <= later["dbt_valid_from"]
                if config.get("hard_deletes") != "invalidate":
                    assert earlier["dbt_valid_to"] == later["dbt_valid_from"]
            if key in state:
                assert current
                assert current[0]["name"] == state[key]
                assert current[0].get("dbt_is_deleted", "False") == "False"
            elif config.get("hard_deletes") == "invalidate":
                assert not current
            elif config.get("hard_deletes") == "new_record":
                assert current[0]["dbt_is_deleted"] == "True"


def _literal(name: str | None) -> str:
    return "null" if name is None else f"'{name}'"
