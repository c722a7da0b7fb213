"""Exposures (https://docs.getdbt.com/docs/build/exposures)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from ...core.events import WarningRaised
from ...project.project import Project
from ..jinja.bare_calls import read_call
from ..nodes.declared_nodes import Exposure
from ..nodes.node_calls import MetricCall, RefCall, SourceCall
from ..nodes.resource_type import ResourceType
from ..reading.declared_entry import DeclaredEntry, entries_under
from ..reading.entries import configured_meta, read_entry
from ..reading.groups import read_owner
from ..reading.package_parse import PackageParse

_GOOD_NAME = re.compile(r"[\w-]+\Z")


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: Literal["dashboard", "notebook", "analysis", "ml", "application"]
    owner: dict[str, Any]
    description: str | None = None
    label: str | None = None
    maturity: Literal["low", "medium", "high"] | None = None
    meta: dict[str, Any] | None = None
    tags: list[str] | str = []
    url: str | None = None
    depends_on: list[str] = []
    config: dict[str, Any] = {}


def read_exposures(package: PackageParse) -> None:
    """Read every exposure."""
    for entry in entries_under(package, "exposures"):
        entry.add(_read(entry))


def _read(declared: DeclaredEntry) -> Exposure:
    """An exposure out of its entry.

    Raises:
        ParseError: something in it has the wrong shape; says where.
    """
    place = declared.place("an exposure")
    warn = declared.package.inputs.warn
    entry = read_entry(_Entry, declared.patch.values, place, None)
    if not _GOOD_NAME.match(entry.name):
        warn(
            WarningRaised(
                "ExposureNameDeprecation",
                f"The exposure name '{entry.name}' can hold letters, digits, underscores and "
                "hyphens. Put what it is called by people under 'label:'.",
                declared.patch.location,
            )
        )
    calls = [
        read_call(text, ("ref", "source", "metric"), place.locate("depends_on", position))
        for position, text in enumerate(entry.depends_on)
    ]
    configured_meta(entry.config, place)
    exposure = declared.make(
        Exposure,
        ResourceType.EXPOSURE,
        entry.config,
        refs=tuple(call for call in calls if isinstance(call, RefCall)),
        sources=tuple(call for call in calls if isinstance(call, SourceCall)),
        metrics=tuple(call for call in calls if isinstance(call, MetricCall)),
        fields={
            "type": entry.type,
            "owner": read_owner(entry.owner, place),
            "label": entry.label,
            "maturity": entry.maturity,
            "url": entry.url,
        },
    )
    return _with_own(exposure, entry, declared.package.project)


def _with_own(exposure: Exposure, entry: _Entry, project: Project) -> Exposure:
    """An exposure with the tags and the `meta` beside its `config:`, as dbt puts them together.

    What stands right under `exposures:` in its project's file, without a `+`, counts besides the
    most particular configuration.
    """
    tree, config = project.config_trees.get("exposures", {}), exposure.config
    tags = tuple(sorted({*_texts(tree.get("tags")), *_texts(entry.tags), *config.tags}))
    given = tree.get("meta")
    for_all: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    meta = {**for_all, **(entry.meta or {}), **config.meta}
    values = {**config.values, "tags": list(tags), "meta": meta}
    return replace(exposure, config=replace(config, tags=tags, meta=meta, values=values))


def _texts(tags: object) -> list[str]:
    return [str(tag) for tag in (tags if isinstance(tags, list) else [tags] if tags else [])]
