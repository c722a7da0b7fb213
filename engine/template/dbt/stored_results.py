"""`store_result` and `load_result`: what statements gave, by the names that they have."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from ....adapters.base import Response, Rows
from ...core.errors import CompilationError
from ...sandbox.handed import printed
from .result_table import ResultTable
from .statement_response import StatementResponse


class StoredResult(dict[str, Any]):
    """What one statement gave, by keys and by attributes: response, status, table and data."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class StoredResults(Struct):
    """`store_result` and `load_result`: what the statements of one node gave."""

    _results: dict[str, StoredResult | None] = field(default_factory=dict)

    def store(self, name: str, response: Any, agate_table: Any = None) -> str:
        table = agate_table if agate_table is not None else ResultTable(Rows((), ()))
        self._results[name] = StoredResult(
            response=response, status=printed(response), table=table, data=[tuple(r) for r in table]
        )
        return ""

    def store_raw(
        self,
        name: str,
        message: Any = None,
        code: Any = None,
        rows_affected: Any = None,
        agate_table: Any = None,
    ) -> str:
        response = StatementResponse(Response(printed(message), code, rows_affected))
        return self.store(name, response, agate_table)

    def load(self, name: str) -> StoredResult | None:
        """What a statement gave, or None where none has that name.

        Raises:
            CompilationError: it was asked for before. As in dbt the result is kept but once, so
                that it doesn't stay in memory; that of `main` is kept for good.
        """
        if name not in self._results:
            return None
        found = self._results[name]
        if found is None:
            raise CompilationError(
                f"The 'statement' result named '{name}' has already been loaded into a variable: "
                "keep what load_result() gives with 'set', and ask for it once."
            )
        if name != _MAIN:
            self._results[name] = None
        return found


_MAIN = "main"
