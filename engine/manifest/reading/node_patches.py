"""What the properties files of a project say of its nodes, and which of it is about none."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.errors import ParseError
from .patches import NodePatch
from .properties import Properties


class NodePatches:
    """The entries of the nodes that have a file of their own, by section and name.

        find_versions(…) → (of_file(…) | named(…) | hand_over(…))* → unused()

    A version of a model goes by "orders.v2". `file_names` are the names of the files that were
    asked for, and of the nodes, by section.
    """

    def __init__(self, properties: Properties) -> None:
        """Take the entries in.

        Raises:
            ParseError: two describe one node.
        """
        self._by_name = _by_name(properties)
        self._unused = set(self._by_name)
        self._versions: dict[str, NodePatch] = {}
        self.file_names: dict[str, set[str]] = {}

    def find_versions(self, stems: Iterable[str]) -> None:
        """Find out which of some files each version of a model stands in."""
        stems = set(stems)
        for patch in self._by_name.values():
            if patch.version is None:
                continue
            names = patch.version.file_names(patch.name)
            free = (name for name in names if name in stems and name not in self._versions)
            if (name := next(free, None)) is not None:
                self._versions[name] = patch

    def of_file(self, section: str, stem: str) -> NodePatch | None:
        """What is said of the node in a file."""
        self.file_names.setdefault(section, set()).add(stem)
        if section == "models" and stem in self._versions:
            return self._used(section, self._versions[stem])
        patch = self._by_name.get((section, stem))
        return None if patch is None or patch.version is not None else self._used(section, patch)

    def named(self, section: str, name: str) -> NodePatch | None:
        """What is said of a node that has no file to itself."""
        self.file_names.setdefault(section, set()).add(name)
        patch = self._by_name.get((section, name))
        return None if patch is None else self._used(section, patch)

    def _used(self, section: str, patch: NodePatch) -> NodePatch:
        self._unused.discard((section, patch.versioned_name))
        return patch

    def entries(self) -> list[tuple[str, NodePatch]]:
        """The entries of nodes without versions, with their sections."""
        return [
            (section, patch)
            for (section, _), patch in self._by_name.items()
            if patch.version is None and patch.relation is None
        ]

    def hand_over(self, section: str, name: str, other: NodePatches) -> None:
        """Let an entry be about a node of another project.

        Raises:
            ParseError: that is described already.
        """
        patch = self._by_name.pop((section, name))
        self._unused.discard((section, name))
        twin = other._by_name.setdefault((section, name), patch)
        if twin is not patch:
            raise _described_twice(section, patch, twin)

    def names(self, section: str) -> set[str]:
        """The names that entries of a section have."""
        return {name for kind, name in self._by_name if kind == section}

    def unused(self) -> list[tuple[str, NodePatch]]:
        """The entries that nothing was found for, with their sections, in order."""
        return [(section, self._by_name[section, name]) for section, name in sorted(self._unused)]


def _by_name(properties: Properties) -> dict[tuple[str, str], NodePatch]:
    patches: dict[tuple[str, str], NodePatch] = {}
    entries: dict[tuple[str, str], NodePatch] = {}
    for patch in [*properties.nodes, *properties.tests, *properties.analyses]:
        section = patch.section.removeprefix("data_")
        twin = entries.setdefault((section, patch.name), patch)
        if section == "tests":
            pass  # Of a singular test, as in dbt, the last description counts.
        elif twin is not patch and _entry_keys(twin) != _entry_keys(patch):
            raise _described_twice(patch.section, patch, twin)
        patches[section, patch.versioned_name] = patch
    return patches


def _described_twice(section: str, patch: NodePatch, twin: NodePatch) -> ParseError:
    places = f"here and at {twin.location}"
    if patch.package_name != twin.package_name:
        places = (
            f"here, in the project '{patch.package_name}', and in the project "
            f"'{twin.package_name}' at {twin.location}"
        )
    return ParseError(
        f"'{patch.name}' is described twice under '{section}': {places}. Merge the two entries.",
        location=patch.location,
    )


def _entry_keys(patch: NodePatch) -> tuple[str, tuple[str | int, ...]]:
    """Which entry of which file a patch is read from."""
    return patch.document.display, patch.version.model_keys if patch.version else patch.keys
