"""Entries of properties files whose node isn't there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...core.errors import did_you_mean
from ...core.events import WarningRaised
from .package_parse import PackageParse, Parse
from .patches import NodePatch
from .property_keys import NODE_SECTIONS

_MOST_PROPOSALS = 100


def unused_properties(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each entry that no node was found for."""
    everywhere = [package.patches.file_names for package in parse.packages]
    for package in parse.packages:
        yield from _unused_in(package, everywhere)


def _unused_in(
    package: PackageParse, everywhere: Iterable[Mapping[str, set[str]]]
) -> Iterator[WarningRaised]:
    patches = package.patches
    unused = patches.unused()
    free = {
        section: patches.file_names.get(section, set()) - patches.names(section)
        for section in {section for section, _ in unused}
    }
    for count, (section, patch) in enumerate(unused):
        name = patch.name
        if patch.version is not None:
            name, *_ = patch.version.file_names(patch.name)
        homes = (patches.file_names, *everywhere)
        other = next((found for home in homes if (found := _section_of(name, home))), None)
        if other is not None:
            yield _wrong_section(patch, other)
            continue
        # To look for what comes close takes as long as there are names, for each of them.
        proposal = did_you_mean(name, free[section]) if count < _MOST_PROPOSALS else ""
        yield WarningRaised(
            "NoNodeForYamlKey",
            f"Did not find matching node for patch with name '{name}' in the "
            f"'{patch.section}' section of file '{patch.document.display}'.{proposal}",
            patch.location,
            {"patch_name": name, "yaml_key": section, "file_path": patch.document.display},
        )


def _section_of(name: str, names: Mapping[str, set[str]]) -> str | None:
    """The section that a node's entry belongs to, if there is such a node."""
    return next((found for found in NODE_SECTIONS if name in names.get(found, ())), None)


def _wrong_section(patch: NodePatch, section: str) -> WarningRaised:
    return WarningRaised(
        "WrongResourceSchemaFile",
        f"'{patch.name}' is a {NODE_SECTIONS[section]}, but it stands under '{patch.section}:' in "
        f"{patch.document.display}: its tests count, and nothing else does. Move it to "
        f"'{section}:'.",
        patch.location,
        {
            "patch_name": patch.name,
            "resource_type": NODE_SECTIONS[section],
            "plural_resource_type": section,
            "yaml_key": patch.section,
            "file_path": patch.document.display,
        },
    )
