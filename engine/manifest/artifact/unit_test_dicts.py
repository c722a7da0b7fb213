"""Unit tests in the shape of the artifact."""

from __future__ import annotations

from typing import Any

import msgspec

from ..nodes.unit_test_node import Fixture, UnitTest


def unit_test_dict(test: UnitTest, parents: tuple[str, ...] = ()) -> dict[str, Any]:
    """A unit test in the artifact's shape."""
    overrides = test.overrides
    return {
        "model": test.model,
        "given": [{"input": given.input, **_rows_dict(given)} for given in test.given],
        "expect": _rows_dict(test.expect),
        "name": test.name,
        "resource_type": test.resource_type.value,
        "package_name": test.package_name,
        "path": test.path,
        "original_file_path": test.original_file_path,
        "unique_id": test.unique_id,
        "fqn": list(test.fqn),
        "description": test.description,
        "overrides": None if overrides is None else msgspec.structs.asdict(overrides),
        "depends_on": {"macros": [], "nodes": list(parents)},
        "config": {
            "enabled": True,
            "meta": {},
            **{key: value for key, value in test.config.values.items() if key != "materialized"},
            "tags": list(test.config.tags),
        },
        "checksum": test.checksum.checksum,
        "schema": test.schema,
        "created_at": test.created_at,
        "versions": None if test.versions is None else msgspec.structs.asdict(test.versions),
        "version": test.version,
    }


def _rows_dict(fixture: Fixture) -> dict[str, Any]:
    rows = fixture.rows if isinstance(fixture.rows, str) else [dict(row) for row in fixture.rows]
    return {"rows": rows, "format": fixture.format, "fixture": fixture.fixture}
