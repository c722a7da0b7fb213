"""What the files are like that one parse keeps for the next: sealed, and nobody else's to write."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from ...project.own_file import read_own

DIGEST_BYTES = 16


def read_kept(path: Path, project_root: Path) -> bytes:
    """The content of a kept file; nothing where there is none that can be read, and trusted."""
    try:
        return read_own(path, project_root)
    except OSError:
        return b""


def sealed(payload: bytes, maker: bytes) -> bytes:
    """A payload behind its digest, and that of what made it, of at most 64 bytes."""
    return _seal(payload, maker) + payload


def unsealed(content: bytes, maker: bytes) -> bytes | None:
    """The payload of what was sealed; None where it is damaged, or something else made it."""
    digest, payload = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    return payload if digest == _seal(payload, maker) else None


def survives(value: object, kind: Any) -> bool:
    """Whether a value comes back from MessagePack as it went there: dates and tuples don't."""
    try:
        return bool(msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind) == value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False


def _seal(payload: bytes, maker: bytes) -> bytes:
    return blake2b(payload, key=maker, digest_size=DIGEST_BYTES).digest()
