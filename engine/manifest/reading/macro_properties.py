"""What properties files say of macros: what each is for, and what it takes."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.errors import ParseError, did_you_mean
from ...core.events import WarningRaised
from ..nodes.macro import MacroArgument, MacroProperties, own_arguments
from .entries import Place, configured_meta, read_entry
from .macro_annotations import FLAG, check_arguments
from .package_parse import PackageParse
from .patches import NodePatch


class _Docs(msgspec.Struct, frozen=True, kw_only=True):
    show: bool = True
    node_color: str | None = None


class _Argument(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str | None = None
    description: str | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    arguments: list[_Argument] = []
    docs: _Docs = _Docs()
    meta: dict[str, Any] | None = None
    config: dict[str, Any] = {}


def read_macro_properties(package: PackageParse) -> None:
    """Read what a project's properties files say of its macros.

    Raises:
        ParseError: an entry has the wrong shape, or stands twice.
    """
    first: dict[str, NodePatch] = {}
    for patch in package.properties.macros:
        twin = first.setdefault(patch.name, patch)
        if twin is not patch:
            raise ParseError(
                f"'{patch.name}' is described twice under 'macros': here and at {twin.location}. "
                "Merge the two entries.",
                location=patch.location,
            )
        macro = package.macros.find_in(package.name, patch.name)
        if macro is None:
            known = package.macros.by_package.get(package.name, {})
            package.inputs.warn(
                WarningRaised(
                    "MacroNotFoundForPatch",
                    f"Found patch for macro '{patch.name}' which was not found."
                    f"{did_you_mean(patch.name, known)}",
                    patch.location,
                    {"patch_name": patch.name},
                )
            )
            continue
        said = _read(package, patch)
        if package.inputs.root.flags.get(FLAG):
            for warning in check_arguments(macro, said.arguments, patch):
                package.inputs.warn(warning)
            if not said.arguments:
                said = msgspec.structs.replace(said, arguments=own_arguments(macro))
        package.found.macro_properties[macro.unique_id] = said


def _read(package: PackageParse, patch: NodePatch) -> MacroProperties:
    docs, document = package.docs, patch.document
    place = Place(document, patch.keys, "a macro")
    # What the reader of properties files has warned of already isn't worth a second word.
    known = {key: patch.values[key] for key in _Entry.__struct_fields__ if key in patch.values}
    entry = read_entry(_Entry, known, place, None)
    meta = {**(entry.meta or {}), **configured_meta(entry.config, place)}
    return MacroProperties(
        description=docs.describe(patch.values, package.name, document, patch.keys),
        arguments=tuple(
            MacroArgument(
                name=argument.name,
                type=argument.type,
                description=docs.describe(
                    {"description": argument.description},
                    package.name,
                    document,
                    (*patch.keys, "arguments", position),
                ),
            )
            for position, argument in enumerate(entry.arguments)
        ),
        docs=msgspec.structs.asdict(entry.docs),
        meta=meta,
        patch_path=patch.patch_path,
    )
