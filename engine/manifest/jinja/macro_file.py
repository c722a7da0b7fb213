"""Files of macros: their texts, and what there is to know of all that are in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ..nodes.materialization_names import PREFIX
from .blocks import blocks_alone
from .scanner import PARSE_TIME_EFFECTS

BUILTIN_PACKAGE = "dbt"
MACRO_WORDS = frozenset({"macro", "test", "data_test", "materialization"})
"""The tags that define one."""

_LANGUAGES = re.compile(r"supported_languages\s*=\s*\[([^\]]*)\]")
_QUOTED = re.compile(r"[\"']([^\"']*)[\"']")


class MacroFile(Struct, frozen=True):
    """The text of one macro file, and where it belongs."""

    package_name: str
    path: str
    original_file_path: str
    source: str

    @property
    def macros_alone(self) -> str:
        """The file's text with nothing but its macros: as in dbt what is beside them isn't run."""
        return blocks_alone(self.source, MACRO_WORDS)


def macro_files_in(directory: Path, prefix: str) -> Iterator[MacroFile]:
    """Every .sql file right in a directory of macros that comes with headrace."""
    for path in sorted(directory.glob("*.sql")):
        name = f"{prefix}/{path.name}"
        yield MacroFile(BUILTIN_PACKAGE, name, name, path.read_text(encoding="utf-8"))


def languages_of(macro_name: str, text: str) -> tuple[str, ...] | None:
    """What a macro's models may be written in, if it is a materialization: its tag may say so."""
    if not macro_name.startswith(PREFIX):
        return None
    said = _LANGUAGES.search(text.partition("%}")[0])
    return ("sql",) if said is None else tuple(_QUOTED.findall(said[1]))


def effects_in(file: MacroFile) -> frozenset[str]:
    """What a macro of a file can't use and be without effect while parsing.

    The built-in ones raise errors for wrong arguments only, which may wait until the node is
    compiled.
    """
    own = {"exceptions"} if file.package_name == BUILTIN_PACKAGE else set()
    return (PARSE_TIME_EFFECTS - own) | {"ref", "source"}
