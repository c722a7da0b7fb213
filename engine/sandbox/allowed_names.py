"""Things under names, as templates are given them: `api`, `modules.re`, `validation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .lacking import lacking


class Names:
    """Gives a thing by its name, and nothing else of itself."""

    __slots__ = ("_lacks", "_named")
    template_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, named: Mapping[str, Any], lacks: Mapping[str, str] | None = None) -> None:
        """`lacks` are the names that what stands behind it has besides, each with a reason."""
        self._named = dict(named)
        self._lacks = lacks or {}

    def __getitem__(self, name: str) -> Any:
        if name in self._lacks:
            return lacking(name, self._lacks[name])
        return self._named[name]

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def __repr__(self) -> str:
        return f"<{' '.join(self._named)}>"
