"""The pieces of a template that is nothing but text and literal calls."""

from __future__ import annotations

from typing import Any

import msgspec


class Constant(msgspec.Struct, frozen=True, tag="constant"):
    """A piece of a template that is text already."""

    text: str


class Hole(msgspec.Struct, frozen=True, tag="hole"):
    """A piece of a template that is one call with literal arguments, or `this`."""

    function: str
    arguments: tuple[Any, ...] = ()
    line: int = 0


Piece = Constant | Hole
