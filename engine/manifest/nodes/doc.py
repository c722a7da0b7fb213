"""Docs blocks."""

from __future__ import annotations

import msgspec


class Doc(msgspec.Struct, frozen=True, kw_only=True):
    """A `{% docs %}` block."""

    unique_id: str
    name: str
    package_name: str
    path: str
    original_file_path: str
    block_contents: str
