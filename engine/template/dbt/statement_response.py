"""What a statement has been answered with, as templates see it."""

from __future__ import annotations

from typing import ClassVar

from ....adapters.base import Response


class StatementResponse:
    """The database's answer, as `load_result(…).response` shows it."""

    template_names: ClassVar[frozenset[str]] = frozenset(("code", "rows_affected"))

    def __init__(self, response: Response) -> None:
        self._message = response.message
        self.code = response.code
        self.rows_affected = response.driver_count

    def __str__(self) -> str:
        return self._message
