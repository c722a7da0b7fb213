"""Variables: from `--vars` and from the `vars:` of the project and its packages."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ..core.errors import UsageError, YamlError
from .render import has_template
from .yaml_file import load_yaml_text


def parse_cli_vars(text: str, flag: str = "--vars") -> dict[str, object]:
    """What `--vars`, or a flag like it, was given: a mapping in YAML, of which JSON is a part.

    Blank means none.

    Raises:
        UsageError: it is something else.
    """
    try:
        data = load_yaml_text(text, display=flag)
    except YamlError as problem:
        raise UsageError(f"{flag} isn't YAML: {problem.problem}") from problem
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise UsageError(
            f"{flag} takes a mapping in YAML or JSON, such as '{{start: 2024-01-01, limit: 10}}', "
            f"but this is {_kind(data)}. Put a space after each colon."
        )
    return {str(name): value for name, value in data.items()}


def _kind(data: object) -> str:
    return {str: "a text", list: "a list", bool: "a boolean"}.get(type(data), "a number")


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
