"""What properties files say of macros: what each is for, and what it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ...core.errors import ParseError, did_you_mean
from ...core.events import WarningRaised
from ...project.project import Project
from ..jinja.macro_index import MacroIndex
from ..nodes.macro import MacroArgument, MacroProperties
from .docs import Docs
from .entries import Place, configured_meta, read_entry
from .inputs import ParseInputs
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


def read_macro_properties(
    patches: Iterable[NodePatch],
    inputs: ParseInputs,
    project: Project,
    docs: Docs,
    macros: MacroIndex,
) -> dict[str, MacroProperties]:
    """What a project's properties files say of its macros, by their ids.

    Raises:
        ParseError: an entry has the wrong shape, or stands twice.
    """
    found: dict[str, MacroProperties] = {}
    first: dict[str, NodePatch] = {}
    for patch in patches:
        twin = first.setdefault(patch.name, patch)
        if twin is not patch:
            raise ParseError(
                f"'{patch.name}' is described twice under 'macros': here and at {twin.location}. "
                "Merge the two entries.",
                location=patch.location,
            )
        macro = macros.find_in(project.name, patch.name)
        if macro is None:
            known = macros.by_package.get(project.name, {})
            inputs.warn(
                WarningRaised(
                    "MacroNotFoundForPatch",
                    f"Found patch for macro '{patch.name}' which was not found."
                    f"{did_you_mean(patch.name, known)}",
                    patch.location,
                )
            )
            continue
        found[macro.unique_id] = _read(patch, inputs, docs)
    return found


def _read(patch: NodePatch, inputs: ParseInputs, docs: Docs) -> MacroProperties:
    document, package = patch.document, patch.package_name
    place = Place(document, patch.keys, "a macro")
    # What the reader of properties files has warned of already isn't worth a second word.
    known = {key: patch.values[key] for key in _Entry.__struct_fields__ if key in patch.values}
    entry = read_entry(_Entry, known, place, inputs.warn)
    meta = {**(entry.meta or {}), **configured_meta(entry.config, place)}
    rendered = inputs.yaml.render(document, meta, (*patch.keys, "meta"))
    assert isinstance(rendered, dict)  # a mapping is rendered to a mapping
    return MacroProperties(
        description=docs.describe(patch.values, package, document, patch.keys),
        arguments=tuple(
            MacroArgument(
                name=argument.name,
                type=argument.type,
                description=docs.describe(
                    {"description": argument.description},
                    package,
                    document,
                    (*patch.keys, "arguments", position),
                ),
            )
            for position, argument in enumerate(entry.arguments)
        ),
        docs=msgspec.structs.asdict(entry.docs),
        meta=rendered,
        patch_path=patch.patch_path,
    )
