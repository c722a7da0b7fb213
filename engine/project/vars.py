"""Variables: from `--vars` and from the `vars:` of the project and its packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from .first_version import KINDS, Tree, vars_of
from .flag_mapping import parse_mapping
from .render import has_template

NodePlace = tuple[str, Sequence[str]]
"""A node's kind, as dbt_project.yml calls it, and its fqn."""


def parse_cli_vars(text: str, flag: str = "--vars") -> dict[str, object]:
    """What `--vars`, or a flag like it, was given.

    Raises:
        UsageError: it is no mapping.
    """
    return parse_mapping(text, flag, "'{start: 2024-01-01, limit: 10}'")


class Vars(Struct, frozen=True):
    """All variables of an invocation, and who sees which.

    Best first: `--vars`; the root project's, scoped by the node's package; the root project's
    for all; the package's own, scoped by its own name; the package's own. Where a project's file
    is of old, those of the node's folder come before the others of that project.

    Attributes:
        cli: from `--vars`.
        root: the root project's `vars:`.
        packages: each package's own `vars:`, by the package's name.
        folders: those that a project's file of old has by folder, by the project and the kind.
        root_name: the root project's name.
    """

    cli: Mapping[str, object] = field(default_factory=dict)
    root: Mapping[str, object] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    folders: Mapping[str, Mapping[str, Tree]] = field(default_factory=dict)
    root_name: str = ""

    def lookup(
        self, package_name: str, name: str, place: NodePlace | None = None
    ) -> tuple[bool, object]:
        """Whether a node of that package sees a variable, and its value, with its type kept.

        `place` is where the node is, for projects that have variables by folder.
        """
        if name in self.cli:
            return True, self.cli[name]
        for project in dict.fromkeys((self.root_name, package_name)):
            if project in self.folders:
                of_folder = self._of_folder(project, package_name, place)
                if name in of_folder:
                    return True, of_folder[name]
            own = self._of_project(project)
            scoped = own.get(package_name)
            if isinstance(scoped, Mapping) and name in scoped:
                return True, scoped[name]
            if name in own:
                return True, own[name]
        return False, None

    def _of_project(self, name: str) -> Mapping[str, object]:
        return self.root if name == self.root_name else self.packages.get(name, {})

    def _of_folder(
        self, project: str, package_name: str, place: NodePlace | None
    ) -> Mapping[str, object]:
        kind, fqn = place or (KINDS[0], (package_name,))
        trees = self.folders[project]
        return vars_of(trees.get(kind, trees[KINDS[0]]), fqn)

    @property
    def hold_templates(self) -> bool:
        """Whether there is one that is Jinja."""
        values: list[object] = []
        for own in (self.cli, self.root, *self.packages.values()):
            for value in own.values():
                values += value.values() if isinstance(value, Mapping) else [value]
        values += [value for trees in self.folders.values() for value in _leaves(trees)]
        return any(isinstance(value, str) and has_template(value) for value in values)

    def for_package(self, package_name: str, place: NodePlace | None = None) -> dict[str, object]:
        """All the variables that a node of that package sees."""
        seen: dict[str, object] = {}
        for project in dict.fromkeys((package_name, self.root_name)):
            own = self._of_project(project)
            seen.update(own)
            scoped = own.get(package_name)
            if isinstance(scoped, Mapping):
                seen.update(scoped)
            if project in self.folders:
                seen.update(self._of_folder(project, package_name, place))
        seen.update(self.cli)
        return seen


def _leaves(value: object) -> Iterator[object]:
    """Every value in mappings in each other."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value
