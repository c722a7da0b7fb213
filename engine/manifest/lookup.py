"""Finding the node that a `ref` or a `source` means."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import Location, ParseError, did_you_mean
from .nodes import Node, RefCall, Source, SourceCall
from .snapshot_node import RELATION_KINDS


class MissingTargetError(ParseError):
    """A `ref` or a `source` that leads nowhere. `is_disabled`: it would, if that were enabled."""

    def __init__(self, problem: str, *, location: Location, is_disabled: bool = False) -> None:
        self.is_disabled = is_disabled
        super().__init__(problem, location=location)


class NodeLookup:
    """Nodes by the names that templates call them by."""

    def __init__(
        self,
        nodes: Iterable[Node],
        sources: Iterable[Source],
        disabled: Iterable[Node],
        root_package: str,
    ) -> None:
        self.root_package = root_package
        self._refs: dict[str, dict[str, Node]] = {}
        for node in nodes:
            if isinstance(node, RELATION_KINDS):
                self._refs.setdefault(node.name, {})[node.package_name] = node
        self._sources: dict[tuple[str, str], Source] = {}
        for source in sources:
            self._sources[source.source_name, source.name] = source
        self._disabled = {
            (node.source_name, node.name) if isinstance(node, Source) else node.name
            for node in disabled
        }

    def ref(self, call: RefCall, package: str) -> Node | None:
        """The model, seed or snapshot that a `ref` in a package means.

        Without a package of its own it is looked for in the root project, then in the package
        that calls, then anywhere (https://docs.getdbt.com/reference/dbt-jinja-functions/ref).
        """
        by_package = self._refs.get(call.name)
        if by_package is None or call.version is not None:
            return None
        if call.package is not None:
            return by_package.get(call.package)
        for candidate in (self.root_package, package):
            if candidate in by_package:
                return by_package[candidate]
        return next(iter(by_package.values()))

    def source(self, call: SourceCall) -> Source | None:
        return self._sources.get((call.source_name, call.table_name))

    def missing_ref(self, call: RefCall, caller: Node) -> MissingTargetError:
        """The error for a `ref` that means nothing."""
        where = _location(caller, call.line, call.name)
        spelled = f"'{call.package}', '{call.name}'" if call.package else f"'{call.name}'"
        what = f"{_describe(caller)} depends on a node named '{call.name}'"
        if call.package:
            what += f" in package '{call.package}'"
        if call.version is not None:
            return MissingTargetError(
                f"ref({spelled}, v={call.version!r}): model versions aren't there yet in this "
                "version of headrace.",
                location=where,
            )
        if call.name in self._disabled:
            return MissingTargetError(
                f"{what} which is disabled. Enable '{call.name}', or take the ref out.",
                location=where,
                is_disabled=True,
            )
        homes = sorted(self._refs.get(call.name, ()))
        if homes:
            hint = f" Package '{homes[0]}' has one: ref('{homes[0]}', '{call.name}')."
        else:
            hint = did_you_mean(call.name, self._refs)
        return MissingTargetError(
            f"{what} which was not found: ref({spelled}) matches no model, seed or snapshot.{hint}",
            location=where,
        )

    def missing_source(self, call: SourceCall, caller: Node) -> MissingTargetError:
        """The error for a `source` that means nothing."""
        where = _location(caller, call.line, call.table_name)
        known = {f"{source}.{table}" for source, table in self._sources}
        wanted = f"{call.source_name}.{call.table_name}"
        what = f"{_describe(caller)} depends on a source named '{wanted}'"
        if (call.source_name, call.table_name) in self._disabled:
            return MissingTargetError(
                f"{what} which is disabled. Enable '{wanted}', or take the source() out.",
                location=where,
                is_disabled=True,
            )
        return MissingTargetError(
            f"{what} which was not found: "
            f"no properties file declares it.{did_you_mean(wanted, known)}",
            location=where,
        )


def _location(caller: Node, line: int | None, name: str) -> Location:
    """Where a call stands: its line where that is known, else the first that names the name."""
    if line is None:
        named = re.compile(rf"(['\"]){re.escape(name)}\1")
        lines = enumerate(caller.raw_code.splitlines(), 1)
        line = next((number for number, text in lines if named.search(text)), None)
    return Location(caller.original_file_path, line or caller.location.line)


def _describe(node: Node) -> str:
    kind = node.resource_type.value.capitalize()
    return f"{kind} '{node.unique_id}' ({node.original_file_path})"
