"""Groups of models (https://docs.getdbt.com/docs/build/groups)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ...core.errors import ParseError, did_you_mean
from ...core.events import WarningRaised
from ..nodes.group import Group
from .entries import Place, below_search_path, configured_meta, read_entry
from .package_parse import PackageParse, Parse
from .patches import NodePatch

SECTION = "groups"


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    owner: dict[str, Any]
    description: str | None = None
    config: dict[str, Any] = {}


def read_groups(package: PackageParse) -> None:
    """Read the groups that a project's properties files declare.

    Raises:
        ParseError: one has no owner, or stands twice.
    """
    seen: dict[str, NodePatch] = {}
    for patch in package.properties.declared[SECTION]:
        twin = seen.setdefault(patch.name, patch)
        if twin is not patch:
            raise ParseError(
                f"the group '{patch.name}' is declared twice: here and at {twin.location}. "
                "Merge the two entries.",
                location=patch.location,
            )
        package.found.groups.append(_read(package, patch))


def _read(package: PackageParse, patch: NodePatch) -> Group:
    place = Place(patch.document, patch.keys, "a group")
    entry = read_entry(_Entry, patch.values, place, None)
    path = patch.document.display
    return Group(
        unique_id=f"group.{package.name}.{patch.name}",
        name=patch.name,
        package_name=package.name,
        path=below_search_path(path, package.project),
        original_file_path=path,
        location=patch.location,
        owner=read_owner(entry.owner, place),
        description=entry.description,
        config={**entry.config, "meta": configured_meta(entry.config, place)},
    )


def read_owner(owner: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """An owner with the two keys that one always has; others are kept.

    Raises:
        ParseError: nobody is named, or an address is no text.
    """
    if owner.get("name") is None and owner.get("email") is None:
        raise ParseError(
            f"the owner of {place.what} has a 'name' or an 'email', or both.",
            location=place.locate("owner"),
        )
    email = owner.get("email")
    addresses = email if isinstance(email, list) else [email]
    if not all(address is None or isinstance(address, str) for address in addresses):
        raise ParseError(
            f"the 'email' of the owner of {place.what} must be a text, or a list of texts.",
            location=place.locate("owner", "email"),
        )
    return {"email": None, "name": None, **owner}


def check_groups(parse: Parse) -> Iterable[WarningRaised]:
    """Check that every group that a node says it is in is there.

    Raises:
        ParseError: one isn't.
    """
    found = parse.found
    names = sorted({group.name for group in found.groups})
    for node in (*found.nodes.values(), *found.declared.nodes.values()):
        if node.group and node.group not in names:
            raise ParseError(
                f"Invalid group '{node.group}', expected one of {names}."
                f"{did_you_mean(str(node.group), names)} Groups are declared under 'groups:' in a "
                "properties file.",
                location=node.location,
            )
    return ()
