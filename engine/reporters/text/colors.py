"""Whether to write colours: what was asked for, else what the environment and stream allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO


def should_use_colors(flag: bool | None, environ: Mapping[str, str], stream: TextIO) -> bool:
    """A flag decides; without one, a terminal gets colours unless it can't or must not.

    `NO_COLOR` counts when set to anything but the empty string (https://no-color.org).
    """
    if flag is not None:
        return flag
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
