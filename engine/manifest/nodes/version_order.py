"""Which version of a model comes after which."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from .node_calls import Version


def is_newer(version: Version, other: Version) -> bool:
    """Whether a version comes after another: as numbers where both are, else as texts."""
    try:
        return float(version) > float(other)
    except ValueError:
        return str(version) > str(other)


def newest(versions: Iterable[Version]) -> Version:
    """The version that comes after all the others."""
    return reduce(lambda best, other: other if is_newer(other, best) else best, versions)


def version_text(version: Version) -> str:
    """A version as part of a relation's name: `1.5` as `1_5`."""
    return str(version).replace(".", "_")
