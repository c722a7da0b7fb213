"""A compressed archive to a plain one, a piece at a time, within a size and a memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.checkpoints import checked

MAX_DECOMPRESSOR_BYTES = 128 * 1024 * 1024
"""How much memory an .xz archive may ask for: it says so itself, up to 4 GB."""

_PIECE_BYTES = 64 * 1024
_LONGEST_MARK = 6


class TooLargeError(Exception):
    """What an archive holds is larger than it may be."""


def decompress(archive: Path, into: Path, limit: int) -> None:
    """Write what a .gz, .bz2 or .xz file holds, or any other as it is, into a new file.

    Raises:
        TooLargeError: it would be more than `limit` bytes.
        OSError, EOFError, zlib.error, LZMAError: it can't be read, or is damaged.
    """
    written = 0
    with open(archive, "rb") as file, open(into, "wb") as plain:
        for piece in checked(_pieces(file)):
            written += len(piece)
            if written > limit:
                raise TooLargeError
            plain.write(piece)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    mark = file.read(_LONGEST_MARK)
    file.seek(0)
    if mark.startswith(b"\xfd7zXZ\0"):
        return _xz_pieces(file)
    if mark.startswith(b"\x1f\x8b"):
        return _read_pieces(gzip.GzipFile(fileobj=file))
    if mark.startswith(b"BZh"):
        return _read_pieces(bz2.BZ2File(file))
    return _read_pieces(file)


def _read_pieces(file: BinaryIO | gzip.GzipFile | bz2.BZ2File) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


def _xz_pieces(file: BinaryIO) -> Iterator[bytes]:
    """The same of one .xz stream after the other. `LZMAFile` has no limit of memory."""
    rest = file.read(_PIECE_BYTES)
    while rest:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DECOMPRESSOR_BYTES)
        while not stream.eof:
            if stream.needs_input and not rest:
                rest = file.read(_PIECE_BYTES)
                if not rest:
                    raise EOFError("it ends in the middle")
            piece = stream.decompress(rest, _PIECE_BYTES)
            rest = b""
            if piece:
                yield piece
        # Streams are padded to four bytes with zeros.
        rest = (stream.unused_data or file.read(_PIECE_BYTES)).lstrip(b"\0")
