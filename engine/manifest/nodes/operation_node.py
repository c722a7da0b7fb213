"""A macro that is called for its own sake: what `run-operation` runs."""

from __future__ import annotations

from ...core.errors import Location
from .macro import Macro
from .node import Checksum, Node, NodeConfig
from .resource_type import ResourceType


class Operation(Node, frozen=True, kw_only=True):
    """A call of a macro, as templates, results and messages need it: in the place of a node."""

    line: int | None = None

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)


def operation_of(macro: Macro, schema: str, database: str | None) -> Operation:
    """The operation that a macro is."""
    return Operation(
        unique_id=macro.unique_id,
        name=macro.name,
        package_name=macro.package_name,
        resource_type=ResourceType.OPERATION,
        path=macro.path,
        original_file_path=macro.original_file_path,
        fqn=tuple(macro.unique_id.split(".")),
        config=NodeConfig(),
        schema=schema,
        database=database,
        alias=macro.name,
        checksum=Checksum("none", ""),
        line=macro.line,
    )
