"""Things under names, as templates are given them: `api`, `modules.re`, `validation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Names:
    """Gives a thing by its name, and nothing else of itself."""

    __slots__ = ("_named",)
    template_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = dict(named)

    def __getitem__(self, name: str) -> Any:
        return self._named[name]

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def __repr__(self) -> str:
        return f"<{' '.join(self._named)}>"
