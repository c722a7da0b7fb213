"""Finding the node that a `ref` or a `source` means."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Location, ParseError, did_you_mean
from .nodes import Model, Node, RefCall, Seed, Source, SourceCall


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
            if isinstance(node, (Model, Seed)):
                self._refs.setdefault(node.name, {})[node.package_name] = node
        self._sources: dict[tuple[str, str], Source] = {}
        for source in sources:
            self._sources[source.source_name, source.name] = source
        self._disabled = {node.name for node in disabled}

    def ref(self, call: RefCall, package: str) -> Node | None:
        """The model or seed that a `ref` in a package means.

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

    def missing_ref(self, call: RefCall, caller: Node) -> ParseError:
        """The error for a `ref` that means nothing."""
        where = Location(caller.original_file_path, call.line or caller.location.line)
        spelled = f"'{call.package}', '{call.name}'" if call.package else f"'{call.name}'"
        what = f"{_describe(caller)} depends on a node named '{call.name}'"
        if call.package:
            what += f" in package '{call.package}'"
        if call.version is not None:
            return ParseError(
                f"ref({spelled}, v={call.version!r}): model versions aren't there yet in this "
                "version of headrace.",
                location=where,
            )
        if call.name in self._disabled:
            return ParseError(
                f"{what} which is disabled. Enable '{call.name}', or take the ref out.",
                location=where,
            )
        hint = did_you_mean(call.name, self._refs)
        return ParseError(
            f"{what} which was not found: ref({spelled}) matches no model or seed.{hint}",
            location=where,
        )

    def missing_source(self, call: SourceCall, caller: Node) -> ParseError:
        """The error for a `source` that means nothing."""
        where = Location(caller.original_file_path, call.line or caller.location.line)
        known = {f"{source}.{table}" for source, table in self._sources}
        wanted = f"{call.source_name}.{call.table_name}"
        return ParseError(
            f"{_describe(caller)} depends on a source named '{wanted}' which was not found: "
            f"no properties file declares it.{did_you_mean(wanted, known)}",
            location=where,
        )


def _describe(node: Node) -> str:
    kind = node.resource_type.value.capitalize()
    return f"{kind} '{node.unique_id}' ({node.original_file_path})"
