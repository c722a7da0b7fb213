"""What files say by themselves, kept from one parse to the next by their content.

Only what is a function of a file's text alone is kept: what a template's syntax tree says, which
macros a file defines, what data a YAML text stands for. What depends on anything else (other
files, variables, the environment, the target) is worked out anew each time. So a parse gives the
same with it and without, and nothing ever needs to be told that it is out of date.

The file holds MessagePack, checked by a digest and by its types; whatever is wrong with it, or
with its owner, it is passed over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import msgspec
import yaml

from ..jinja.macro_file import MacroFile
from ..jinja.scanner import Scan
from ..nodes.macro import Macro
from .kept_file import DIGEST_BYTES, read_kept, sealed, survives, unsealed

T = TypeVar("T")

FILE_NAME = "headrace_parse_cache.msgpack"

ENGINE = Path(__file__).parents[2]
_READERS = (
    "manifest/jinja/bare_calls.py",
    "manifest/jinja/blocks.py",
    "manifest/jinja/literal_template.py",
    "manifest/jinja/macro_calls.py",
    "manifest/jinja/macro_file.py",
    "manifest/jinja/macro_reader.py",
    "manifest/jinja/macro_trees.py",
    "manifest/jinja/plain_macros.py",
    "manifest/jinja/scanner.py",
    "manifest/jinja/syntax.py",
    "manifest/jinja/template_reader.py",
    "manifest/nodes/node_calls.py",
    "manifest/nodes/macro.py",
    "manifest/nodes/materialization_names.py",
    "manifest/nodes/pieces.py",
    "project/yaml_data.py",
    "project/yaml_file.py",
    "project/yaml_graph.py",
    "project/yaml_problems.py",
    "sandbox/lacking.py",
    "sandbox/preparation.py",
    "sandbox/sandbox_environment.py",
    "sandbox/unpacking.py",
)
"""The modules of the engine that decide what is kept: with other ones, all of it is out of date."""


class _Entries(msgspec.Struct):
    """Everything that is kept, by the digest of the text that it is of."""

    scans: dict[bytes, Scan] = {}
    documents: dict[bytes, Any] = {}
    macros: dict[bytes, tuple[Macro, ...]] = {}


class ParseCache:
    """Answers from the last parse, and takes note of this one's.

        ParseCache.decoded(…) → (scan() | document() | macros())* → encoded()

    What this parse hasn't asked for is forgotten, so that the file stays as large as the project.
    """

    def __init__(self, known: _Entries | None = None) -> None:
        self._known = known or _Entries()
        self._used = _Entries()

    @classmethod
    def decoded(cls, content: bytes) -> ParseCache:
        """The cache out of its file; an empty one where that can't be read or isn't ours."""
        payload = unsealed(content, _maker())
        if payload is None:
            return cls()
        try:
            return cls(msgspec.msgpack.decode(payload, type=_Entries))
        except (msgspec.DecodeError, RecursionError):
            return cls()

    def encoded(self) -> bytes | None:
        """The file's new content; None where it would be what it is."""
        for name in _Entries.__struct_fields__:
            if getattr(self._used, name).keys() != getattr(self._known, name).keys():
                return sealed(msgspec.msgpack.encode(self._used), _maker())
        return None

    def scan(self, source: str, read: Callable[[], Scan]) -> Scan:
        """What a template's syntax tree says."""
        return self._get(self._known.scans, self._used.scans, _key(source), read, Scan)

    def document(self, text: str, read: Callable[[], Any]) -> Any:
        """The plain data of a YAML text."""
        return self._get(self._known.documents, self._used.documents, _key(text), read, Any)

    def macros(self, file: MacroFile, read: Callable[[], tuple[Macro, ...]]) -> tuple[Macro, ...]:
        """The macros of a file, which know where it stands."""
        key = _key("\0".join((file.package_name, file.path, file.original_file_path, file.source)))
        return self._get(self._known.macros, self._used.macros, key, read, tuple[Macro, ...])

    def _get(
        self,
        known: dict[bytes, T],
        used: dict[bytes, T],
        key: bytes,
        read: Callable[[], T],
        kind: Any,
    ) -> T:
        found = known.get(key)
        if found is None:
            found = read()
            if found is None or not survives(found, kind):
                return found
        used[key] = found
        return found


def load_cache(path: Path, project_root: Path) -> ParseCache:
    """The cache that a file holds; an empty one where there is none that can be read.

    It holds macros, so one that somebody else may have written is none.
    """
    return ParseCache.decoded(read_kept(path, project_root))


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


@cache
def _maker() -> bytes:
    """A digest of the code that reads the files."""
    digest = blake2b(digest_size=32)
    digest.update(f"{sys.version_info[:2]} {jinja2.__version__} {yaml.__version__}".encode())
    for name in _READERS:
        digest.update((ENGINE / name).read_bytes())
    return digest.digest()
