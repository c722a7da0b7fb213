"""packages.yml, or the `packages:` of dependencies.yml, as typed entries."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import Location, PackageError, did_you_mean
from ..core.nouns import noun_of
from ..project.render import Renderer, ValuePath
from ..project.yaml_file import YamlDocument, parse_yaml, read_yaml
from .counted_packages import DEPENDENCIES_FILE, PACKAGES_FILE
from .entry_fields import entry_of
from .package_entries import AnyEntry

_KEYS = frozenset({"packages", "projects", "sha1_hash"})


@dataclass(frozen=True, slots=True)
class PackagesFile:
    """What a project asks for. `name` is the file that says it; `document` is None without one."""

    name: str
    entries: tuple[AnyEntry, ...] = ()
    document: YamlDocument | None = None


def package_renderer(
    environ: Mapping[str, str],
    cli_vars: Mapping[str, object],
    names: Mapping[str, object] | None = None,
) -> Renderer:
    """What renders packages.yml: it may read secret variables, and has `names` besides."""
    return Renderer(
        environ=environ, cli_vars=cli_vars, names=names, error=PackageError, with_secrets=True
    )


def read_packages(root: Path, renderer: Renderer, *, package: str | None = None) -> PackagesFile:
    """What the project in `root` asks for; nothing where it has neither file.

    `package` is its name in messages, where it isn't the root project.

    Raises:
        PackageError: the file, or one of its entries, can't be used.
    """
    before = f"{package}: " if package else ""
    documents = {
        name: read_yaml(root / name, before + name, discreet=True)
        for name in (PACKAGES_FILE, DEPENDENCIES_FILE)
        if os.path.isfile(root / name)
    }
    name, document = _asking(documents)
    if document is None:
        return PackagesFile(name)
    asked_by = f"package '{package}'" if package else name
    return PackagesFile(name, entries_of(document, renderer, asked_by=asked_by), document)


def parse_packages(text: str, name: str, renderer: Renderer) -> PackagesFile:
    """What the text of a file asks for, before it is written."""
    document = parse_yaml(text, name, discreet=True)
    return PackagesFile(name, entries_of(document, renderer, asked_by=name), document)


def entries_of(
    document: YamlDocument, renderer: Renderer, *, asked_by: str
) -> tuple[AnyEntry, ...]:
    """The entries below `packages:`, rendered and checked."""
    data = document.data
    written = data.get("packages") if isinstance(data, Mapping) else None
    if data is not None and not isinstance(data, Mapping):
        raise _malformed(f"it must be a mapping, but it is {noun_of(data)}", document.locate())
    if written is None:
        unknown = next((str(key) for key in _keys(document) if key not in _KEYS), None)
        if unknown is not None:
            raise _malformed(
                f"'{unknown}' is no key of it.{did_you_mean(unknown, ('packages',))} Packages are "
                "listed under 'packages'",
                document.locate(unknown),
            )
        return ()
    if not isinstance(written, list):
        raise _malformed(
            f"'packages' must be a list, but it is {noun_of(written)}", document.locate("packages")
        )
    secrets: dict[int, set[str]] = {}

    def note(path: ValuePath, name: str) -> None:
        secrets.setdefault(int(path[1]), set()).add(name)

    rendered = renderer.noting_secrets(note).render(document, written, ("packages",))
    assert isinstance(rendered, list)  # a list is rendered to a list
    entries = (
        entry_of(values, raw, document, index, asked_by)
        for index, (values, raw) in enumerate(zip(rendered, written, strict=True))
    )
    return tuple(
        replace(entry, secrets=frozenset(secrets.get(index, ())))
        for index, entry in enumerate(entries)
    )


def _asking(documents: Mapping[str, YamlDocument]) -> tuple[str, YamlDocument | None]:
    """The one that lists packages."""
    packages = documents.get(PACKAGES_FILE)
    dependencies = documents.get(DEPENDENCIES_FILE)
    if packages is not None and "projects" in _keys(packages):
        raise PackageError(
            "The 'projects' key cannot be specified in packages.yml.",
            location=packages.locate("projects"),
        )
    if dependencies is not None and _keys(dependencies).get("projects"):
        raise PackageError(
            "'projects' names projects of dbt Cloud, which headrace can't read. Ask for them as "
            "packages, from git.",
            location=dependencies.locate("projects"),
        )
    if dependencies is not None and "packages" in _keys(dependencies):
        if packages is not None and "packages" in _keys(packages):
            raise PackageError(
                "The 'packages' key cannot be specified in both packages.yml and "
                "dependencies.yml. Keep one of them.",
                location=dependencies.locate("packages"),
            )
        return DEPENDENCIES_FILE, dependencies
    return PACKAGES_FILE, packages


def _keys(document: YamlDocument) -> Mapping[object, object]:
    return document.data if isinstance(document.data, Mapping) else {}


def _malformed(problem: str, location: Location) -> PackageError:
    return PackageError(f"This list of packages is malformed: {problem}.", location=location)
