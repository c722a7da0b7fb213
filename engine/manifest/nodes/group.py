"""Groups of models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...core.errors import Location


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Models that belong together, and somebody who answers for them."""

    unique_id: str
    name: str
    package_name: str
    path: str
    original_file_path: str
    location: Location
    owner: Mapping[str, Any]
    description: str | None = None
    config: Mapping[str, Any] = {}
