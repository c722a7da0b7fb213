"""From a profile's `type:` to an adapter."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from .base import Adapter, Target
from .errors import AdapterError

ENTRY_POINT_GROUP = "headrace.adapters"


class UnknownAdapterError(AdapterError):
    """No adapter of that type is installed."""

    def __init__(self, type: str, known: list[str]) -> None:
        from difflib import get_close_matches

        self.type = type
        close = get_close_matches(type, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        super().__init__(
            f"no adapter of type '{type}' is installed (there are: {', '.join(known)}).{hint}"
        )


def create_adapter(target: Target) -> Adapter:
    """The adapter for a target, not yet opened.

    Raises:
        UnknownAdapterError: nothing installed has that type.
        ProfileKeyError: the adapter can't make sense of a key of the profile.
    """
    create, version = _factory(target.type)
    adapter = create(target)
    adapter.version = version
    return adapter


def _factory(type: str) -> tuple[Callable[[Target], Adapter], str]:
    """What makes an adapter, and the release of the package that brings it, if it isn't ours."""
    # Reading every installed distribution's entry points takes tens of milliseconds, so our
    # own adapters are found by their folder.
    own = _own_types()
    if type in own:
        create: Callable[[Target], Adapter] = import_module(f".{type}", __package__).create
        return create, ""
    # To import that module takes as long as to parse a hundred models.
    entry_points = import_module("importlib.metadata").entry_points
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if type not in found:
        raise UnknownAdapterError(type, sorted(own | found.keys()))
    loaded: Callable[[Target], Adapter] = found[type].load()
    distribution = found[type].dist
    return loaded, distribution.version if distribution else ""


def _own_types() -> set[str]:
    here = Path(__file__).parent
    return {entry.parent.name for entry in here.glob("*/__init__.py")}
