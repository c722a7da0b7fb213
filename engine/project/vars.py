"""Variables: from `--vars` and from the `vars:` of the project and its packages."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from .flag_mapping import parse_mapping
from .render import has_template


def parse_cli_vars(text: str, flag: str = "--vars") -> dict[str, object]:
    """What `--vars`, or a flag like it, was given.

    Raises:
        UsageError: it is no mapping.
    """
    return parse_mapping(text, flag, "'{start: 2024-01-01, limit: 10}'")


class Vars(Struct, frozen=True):
    """All variables of an invocation, and who sees which.

    Best first: `--vars`; the root project's, scoped by the node's package; the root project's
    for all; the package's own, scoped by its own name; the package's own.

    Attributes:
        cli: from `--vars`.
        root: the root project's `vars:`.
        packages: each package's own `vars:`, by the package's name.
    """

    cli: Mapping[str, object] = field(default_factory=dict)
    root: Mapping[str, object] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def lookup(self, package_name: str, name: str) -> tuple[bool, object]:
        """Whether a node of that package sees a variable, and its value, with its type kept."""
        if name in self.cli:
            return True, self.cli[name]
        for own in (self.root, self.packages.get(package_name, {})):
            scoped = own.get(package_name)
            if isinstance(scoped, Mapping) and name in scoped:
                return True, scoped[name]
            if name in own:
                return True, own[name]
        return False, None

    @property
    def hold_templates(self) -> bool:
        """Whether there is one that is Jinja."""
        values: list[object] = []
        for own in (self.cli, self.root, *self.packages.values()):
            for value in own.values():
                values += value.values() if isinstance(value, Mapping) else [value]
        return any(isinstance(value, str) and has_template(value) for value in values)

    def for_package(self, package_name: str) -> dict[str, object]:
        """All the variables that a node of that package sees."""
        seen: dict[str, object] = {}
        for own in (self.packages.get(package_name, {}), self.root):
            seen.update(own)
            scoped = own.get(package_name)
            if isinstance(scoped, Mapping):
                seen.update(scoped)
        seen.update(self.cli)
        return seen
