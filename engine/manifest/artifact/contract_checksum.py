"""The checksum of a model's contract, in dbt's shape, so that its states compare equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from ..nodes.node import Column

Constraint = Mapping[str, Any]
"""A constraint in the shape of the artifact."""

_ENFORCED_BY = ("table", "incremental")


def contract_checksum(
    columns: Mapping[str, Column], constraints: Iterable[Constraint], materialized: str
) -> str:
    """What a contract promises, as a digest: SHA-256 in hexadecimal."""
    said = ""
    for column in sorted(columns.values(), key=lambda column: column.name):
        said += f"|{column.name}{column.data_type}"
        said += _spelled("ColumnLevelConstraint", column.constraints)
    if materialized in _ENFORCED_BY:
        said += materialized + _spelled("ModelLevelConstraint", constraints)
    return hashlib.sha256(said.encode()).hexdigest()


def _spelled(kind: str, constraints: Iterable[Constraint]) -> str:
    """Constraints as dbt spells them where it digests them: as its Python objects."""
    texts = []
    for constraint in constraints:
        fields = ", ".join(
            f"{key}=<ConstraintType.{value}: '{value}'>" if key == "type" else f"{key}={value!r}"
            for key, value in constraint.items()
        )
        texts.append(f"{kind}({fields})")
    return f"[{', '.join(texts)}]"
