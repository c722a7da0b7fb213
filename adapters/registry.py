"""From a profile's `type:` to an adapter."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec

from .base import Adapter, Target
from .errors import AdapterError

ENTRY_POINT_GROUP = "headrace.adapters"


class UnknownAdapterError(AdapterError):
    """No adapter of that type is installed."""

    def __init__(self, type: str, known: list[str]) -> None:
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
    return _factory(target.type)(target)


def _factory(type: str) -> Callable[[Target], Adapter]:
    # Reading every installed distribution's entry points takes tens of milliseconds, so our
    # own adapters are found by their module.
    if type.isidentifier() and find_spec(f"{__package__}.{type}"):
        create: Callable[[Target], Adapter] = import_module(f".{type}", __package__).create
        return create
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if type not in found:
        raise UnknownAdapterError(type, sorted(found))
    loaded: Callable[[Target], Adapter] = found[type].load()
    return loaded
