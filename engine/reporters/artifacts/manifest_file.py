"""`manifest.json`, of which only the head is made anew where the last one had the same origin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from ...core.atomic_files import write_atomically
from ...core.checkpoints import checkpoint
from ...core.json_document import JsonDocument
from ...project.text_file import open_without_waiting, read_regular

MANIFEST_NAME = "manifest.json"
TAIL_NAME = "headrace_manifest_tail.msgpack"

_BLOCK_BYTES = 1 << 20


class _Tail(Struct, frozen=True, array_like=True):
    """What follows the head in the manifest that is there, and what the file is known by."""

    origin: bytes
    offset: int
    file: tuple[int, ...]


def write_manifest(directory: Path, document: JsonDocument) -> Path:
    """Write the manifest, and give back where to. A reader never meets half of it.

    Raises:
        OSError: it can't be written.
    """
    path, head, origin = directory / MANIFEST_NAME, document.head, document.origin
    tail = _kept_tail(path, document) if origin is not None else None
    if tail is None:
        tail = document.tail()
    write_atomically(path, _chunks(head, tail))
    note = directory / TAIL_NAME
    with suppress(OSError):  # then the next one is written anew
        if origin is not None:
            known = _Tail(origin, len(head), _identity(os.stat(path)))
            write_atomically(note, msgspec.msgpack.encode(known), durable=False)
    return path


def _chunks(head: bytes, tail: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    for chunk in tail:
        checkpoint()
        yield chunk


def _kept_tail(path: Path, document: JsonDocument) -> Iterator[bytes] | None:
    """The rest of the file that is there; None where it isn't what would be written."""
    try:
        known = msgspec.msgpack.decode(read_regular(path.with_name(TAIL_NAME)), type=_Tail)
        if known.origin != document.origin:
            return None
        with open(path, "rb", opener=open_without_waiting) as file:
            if _identity(os.fstat(file.fileno())) != known.file:
                return None
            file.seek(known.offset)
            content = file.read()
    except (OSError, msgspec.DecodeError):
        return None
    if not document.is_clean(content):
        return None
    view = memoryview(content)
    return (
        bytes(view[start : start + _BLOCK_BYTES]) for start in range(0, len(view), _BLOCK_BYTES)
    )


def _identity(found: os.stat_result) -> tuple[int, ...]:
    """What changes with each change of a file."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev
