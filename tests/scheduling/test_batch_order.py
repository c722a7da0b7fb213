"""Which batches of a microbatch model may be built side by side, and which hooks are whose."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from headrace.engine.running.microbatch import may_run_together


def may(*, said: bool | None = None, key: object = None, sql: str = "select 1 as id") -> bool:
    node = SimpleNamespace(config=SimpleNamespace(unique_key=key), raw_code=sql)
    return may_run_together(cast(Any, node), cast(Any, SimpleNamespace(is_concurrent=said)))


@pytest.mark.parametrize(
    ("key", "sql", "expected"),
    [
        (None, "select 1 as id", True),
        ("id", "select 1 as id", False),
        (["id", "at"], "select 1 as id", False),
        (None, "select * from {{ this }}", False),
        ("id", "select * from {{ this }}", False),
    ],
)
def test_batches_run_together_unless_a_key_or_the_models_own_rows_tie_them(
    key: object, sql: str, expected: bool
) -> None:
    assert may(key=key, sql=sql) is expected


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize(("key", "sql"), [(None, "select 1"), ("id", "from {{ this }}")])
def test_what_the_model_says_counts(said: bool, key: object, sql: str) -> None:
    assert may(said=said, key=key, sql=sql) is said
