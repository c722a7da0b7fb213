"""Every test of a command ends with a look at what must hold after any run."""

from __future__ import annotations

from ..building.conftest import invariants

__all__ = ["invariants"]
