"""Addresses of packages, as they may be shown: a token in one is nobody else's business."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..project.secrets import MASK

_WITH_USER = re.compile(r"(?P<scheme>[a-zA-Z][\w+.-]*)://(?P<user>[^/\s@]*)@")
_QUERY = re.compile(r"(://[^\s?'\"]*)\?[^\s'\"]+")


def shown_address(text: str) -> str:
    """A text with its addresses as they may be shown: without passwords, tokens and queries.

    The user of `ssh://git@host/…` stays: it isn't a secret there.
    """
    return _QUERY.sub(rf"\1?{MASK}", _WITH_USER.sub(_masked, text))


def _masked(found: re.Match[str]) -> str:
    user, _, password = found["user"].partition(":")
    if not found["scheme"].endswith("ssh"):
        return f"{found['scheme']}://{MASK}@"
    kept = f"{user}:{MASK}" if password else user
    return f"{found['scheme']}://{kept}@"


def is_web_address(text: str) -> bool:
    """Whether it is fetched over HTTP."""
    return urlsplit(text).scheme.lower() in ("http", "https")
