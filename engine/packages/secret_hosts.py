"""To which hosts a secret may be sent: those that the root project sends it to itself.

A package's packages.yml is rendered with the secrets of whoever installs it, since a private
package may need a private one. Without this it could send any of them to any host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..core.errors import PackageError
from .package_entries import AnyEntry, GitEntry, HubEntry, LocalEntry, TarballEntry

Origin = tuple[str, ...]
"""What an address is reached by: scheme, host and port."""

_HOST = r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
# Nothing that one program takes for the end of a host and another one doesn't.
_URL = re.compile(
    rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#@\\\s]*@)?{_HOST}(?::(?P<port>[0-9]*))?"
    r"(?:[/?#][^\\]*)?"
)
_BY_SSH = re.compile(rf"(?:[^/?#@:\\\s]+@)?{_HOST}:(?!:)[^\\]*")
_HUB: Origin = ("hub",)


class SecretHosts:
    """The hosts that each secret goes to, by the entries of the root project.

    `SecretHosts(root's entries) → check(entry) …` for each entry of anybody else.
    """

    def __init__(self, entries: Iterable[AnyEntry]) -> None:
        self._known = {
            (name, origin)
            for entry in entries
            if (origin := _origin(entry)) is not None
            for name in entry.secrets
        }

    def check(self, entry: AnyEntry) -> None:
        """See that an entry sends no secret where the root project doesn't send it.

        Raises:
            PackageError: it does.
        """
        if isinstance(entry, LocalEntry):
            return  # it is sent nowhere
        origin = _origin(entry)
        for name in sorted(entry.secrets):
            if origin is None or (name, origin) not in self._known:
                raise PackageError(
                    f"{entry.asked_by} would send {name} to {_shown(origin)}, to which this "
                    "project doesn't send it itself. If that is right, ask for this package in "
                    "your own packages.yml, with the same variable.",
                    location=entry.location,
                )


def _origin(entry: AnyEntry) -> Origin | None:
    """What an entry is fetched from; None where that can't be said for sure."""
    match entry:
        case HubEntry():
            return _HUB
        case GitEntry(address=address) | TarballEntry(address=address):
            if found := _URL.fullmatch(address):
                return (found["scheme"].lower(), found["host"].lower(), found["port"] or "")
            if found := _BY_SSH.fullmatch(address):
                return ("ssh", found["host"].lower(), "")
    return None


def _shown(origin: Origin | None) -> str:
    match origin:
        case None:
            return "an address that can't be told for sure"
        case (scheme, host, port):
            return f"{scheme}://{host}{f':{port}' if port else ''}"
        case _:
            return "the hub"
