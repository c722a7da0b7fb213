"""Finding the node that a `ref` or a `source` means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from ..core.errors import Location, ParseError, did_you_mean
from .jinja.line_numbers import line_quoting
from .nodes.model_node import Model
from .nodes.node import Node
from .nodes.node_calls import RefCall, SourceCall, Version
from .nodes.snapshot_node import RELATION_KINDS
from .nodes.source_node import Source
from .nodes.version_order import is_newer, newest

NodeT = TypeVar("NodeT", bound=Node)


class MissingTargetError(ParseError):
    """A `ref` or a `source` that leads nowhere. `is_disabled`: it would, if that were enabled."""

    def __init__(self, problem: str, *, location: Location, is_disabled: bool = False) -> None:
        self.is_disabled = is_disabled
        super().__init__(problem, location=location)


class AmbiguousRefError(ParseError):
    """A `ref` that several packages could mean, none of which is nearer than the others."""

    def __init__(
        self, call: RefCall, packages: Sequence[str], *, location: Location | None = None
    ) -> None:
        self.call, self.packages = call, packages
        ways = ", ".join(str(RefCall(call.name, package, call.version)) for package in packages)
        super().__init__(
            f"{call} could mean a node of any of the packages {', '.join(packages)}. Say which "
            f"one: {ways}.",
            location=location,
        )


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
        self._versions: dict[str, dict[str, list[Model]]] = {}
        for node in nodes:
            if isinstance(node, Model) and node.version is not None:
                self._add_version(node)
            elif isinstance(node, RELATION_KINDS):
                self._refs.setdefault(node.name, {})[node.package_name] = node
        self._sources: dict[tuple[str, str], dict[str, Source]] = {}
        for source in sources:
            named = self._sources.setdefault((source.source_name, source.name), {})
            named[source.package_name] = source
        self._disabled: dict[str | tuple[str, str], set[str]] = {}
        for node in disabled:
            for name in _names(node):
                self._disabled.setdefault(name, set()).add(node.package_name)

    def _add_version(self, model: Model) -> None:
        """A version goes by its name with the version; the latest one by its name alone, too."""
        versions = self._versions.setdefault(model.name, {}).setdefault(model.package_name, [])
        versions.append(model)
        self._refs.setdefault(model.versioned_name, {})[model.package_name] = model
        if model.is_latest_version:
            self._refs.setdefault(model.name, {})[model.package_name] = model

    def versions(self, model: Model) -> tuple[Model, ...]:
        """Every version of a versioned model, in the order of their files."""
        return tuple(self._versions[model.name][model.package_name])

    def is_disabled(self, name: str | tuple[str, str], package: str | None = None) -> bool:
        """Whether there is a disabled node of that name, in a package or in any."""
        packages = self._disabled.get(name, set())
        return bool(packages) if package is None else package in packages

    def prerelease(self, model: Model) -> Version | None:
        """The newest version of a model, where that is newer than its latest one."""
        if model.latest_version is None:
            return None
        models = self._versions[model.name][model.package_name]
        version = newest(other.version for other in models if other.version is not None)
        return version if is_newer(version, model.latest_version) else None

    def ref(self, call: RefCall, package: str, place: Location | None = None) -> Node | None:
        """The model, seed or snapshot that a `ref` in a package means.

        Without a package of its own it is looked for in the root project, then in the package
        that calls, then anywhere (https://docs.getdbt.com/reference/dbt-jinja-functions/ref).
        `place` is that of the call, for messages.

        Raises:
            AmbiguousRefError: it is in neither of the two, and in several others.
        """
        by_package = self._refs.get(_name(call))
        if by_package is None:
            return None
        if call.package is not None:
            return by_package.get(call.package)
        found = self._near(by_package, package)
        if found is None and len(by_package) > 1:
            raise AmbiguousRefError(call, sorted(by_package), location=place)
        return found or next(iter(by_package.values()))

    def source(self, call: SourceCall, package: str) -> Source | None:
        """The table that a `source` in a package means: looked for as a `ref` is."""
        by_package = self._sources.get((call.source_name, call.table_name), {})
        return self._near(by_package, package) or next(iter(by_package.values()), None)

    def _near(self, by_package: Mapping[str, NodeT], package: str) -> NodeT | None:
        """What the root project has of a name, or else the package that says it."""
        return by_package.get(self.root_package) or by_package.get(package)

    def missing_ref(self, call: RefCall, caller: Node) -> MissingTargetError:
        """The error for a `ref` that means nothing."""
        where = _location(caller, call.line, call.name)
        what = f"{_describe(caller)} depends on a node named '{call.name}'"
        if call.version is not None:
            what += f" with version '{call.version}'"
        if call.package:
            what += f" in package '{call.package}'"
        if self.is_disabled(_name(call), call.package):
            return MissingTargetError(
                f"{what} which is disabled. Enable '{_name(call)}', or take the ref out.",
                location=where,
                is_disabled=True,
            )
        return MissingTargetError(
            f"{what} which was not found: {call} matches no model, seed or snapshot."
            f"{self._hint(call)}",
            location=where,
        )

    def _hint(self, call: RefCall) -> str:
        """What may have been meant by a `ref` that means nothing."""
        homes = sorted(self._refs.get(_name(call), ()))
        if homes:
            there = RefCall(call.name, homes[0], call.version)
            return f" Package '{homes[0]}' has one: {there}."
        known = {
            str(model.version): model
            for models in self._versions.get(call.name, {}).values()
            for model in models
        }
        if known:
            hint = did_you_mean(str(call.version), known) if call.version is not None else ""
            return f"{hint} There are versions {', '.join(sorted(known))} of '{call.name}'."
        if call.version is not None and call.name in self._refs:
            return f" '{call.name}' has no versions: {RefCall(call.name, call.package)}."
        of_file = self._version_in_file(call.name)
        if of_file is not None:
            meant = RefCall(of_file.name, version=of_file.version)
            return f" Did you mean {meant}? A version goes by its model's name."
        return did_you_mean(call.name, self._refs)

    def _version_in_file(self, name: str) -> Model | None:
        """The version of a model that is in a file of that name."""
        return next(
            (
                model
                for by_package in self._versions.values()
                for models in by_package.values()
                for model in models
                if PurePosixPath(model.path).stem == name
            ),
            None,
        )

    def missing_source(self, call: SourceCall, caller: Node) -> MissingTargetError:
        """The error for a `source` that means nothing."""
        where = _location(caller, call.line, call.table_name)
        known = {f"{source}.{table}" for source, table in self._sources}
        wanted = f"{call.source_name}.{call.table_name}"
        what = f"{_describe(caller)} depends on a source named '{wanted}'"
        if self.is_disabled((call.source_name, call.table_name)):
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


def _names(node: Node) -> Iterator[str | tuple[str, str]]:
    """What a node may be called by."""
    if isinstance(node, Source):
        yield node.source_name, node.name
    elif isinstance(node, Model) and node.version is not None:
        yield node.versioned_name
        if node.is_latest_version:
            yield node.name
    else:
        yield node.name


def _name(call: RefCall) -> str:
    return call.name if call.version is None else f"{call.name}.v{call.version}"


def _location(caller: Node, line: int | None, name: str) -> Location:
    """Where a call stands: its line where that is known, else the first that names the name."""
    if caller.is_embedded:
        return caller.location
    if line is None:
        line = line_quoting(caller.raw_code, name)
    return Location(caller.original_file_path, line or caller.location.line)


def _describe(node: Node) -> str:
    kind = node.resource_type.value.capitalize()
    return f"{kind} '{node.unique_id}' ({node.original_file_path})"
