"""What a statement has been answered with, as templates see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ....adapters.base import Response
from ....adapters.relation_parts import NOT_STORED


class StatementResponse:
    """The database's answer, as `load_result(…).response` shows it."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        ("code", "rows_affected", "query_id", "to_dict")
    )
    template_lacks: ClassVar[Mapping[str, str]] = NOT_STORED
    query_id = None

    def __init__(self, response: Response) -> None:
        self._message = response.message
        self.code = response.code
        self.rows_affected = response.driver_count

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:
        described = {
            "_message": self._message,
            "code": self.code,
            "rows_affected": self.rows_affected,
            "query_id": self.query_id,
        }
        return {k: value for k, value in described.items() if not (omit_none and value is None)}

    def __str__(self) -> str:
        return self._message
