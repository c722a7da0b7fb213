"""From a profile's `type:` to an adapter."""

from __future__ import annotations

from pathlib import Path

import pytest
from headrace.adapters.registry import UnknownAdapterError, create_adapter

from .support import make_target


@pytest.mark.parametrize(("type", "keys"), [("sqlite", {"path": "x.db"}), ("testing", {})])
def test_own_adapters_are_found_by_their_type(
    tmp_path: Path, type: str, keys: dict[str, object]
) -> None:
    adapter = create_adapter(make_target(type, tmp_path, keys))

    assert adapter.type == type
    assert adapter.dialect == (type,)


@pytest.mark.parametrize("type", ["base", "errors", "registry", "", "..", "sqlite.adapter", "os"])
def test_what_is_no_adapter_is_unknown(tmp_path: Path, type: str) -> None:
    with pytest.raises(UnknownAdapterError, match=r"there are: .*sqlite"):
        create_adapter(make_target(type, tmp_path, {}))


def test_misspelt_type_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(UnknownAdapterError, match="Did you mean 'sqlite'"):
        create_adapter(make_target("sqllite", tmp_path, {}))


def test_target_does_not_show_its_keys(tmp_path: Path) -> None:
    target = make_target("sqlite", tmp_path, {"path": "x.db", "password": "canary"})

    assert "canary" not in repr(target)
