"""The macros that a file defines."""

from __future__ import annotations

from collections.abc import Iterable

from ..nodes.macro import Macro
from .macro_file import BUILTIN_PACKAGE, MacroFile
from .macro_trees import read_macro_trees
from .plain_macros import read_plain_macros
from .syntax import SyntaxEnvironment


def read_macros(syntax: SyntaxEnvironment, file: MacroFile) -> Iterable[Macro]:
    """The macros of a file: off its text where it is one of ours, else off its syntax tree.

    Raises:
        CompilationError: the file isn't Jinja.
    """
    if file.package_name == BUILTIN_PACKAGE:
        return read_plain_macros(file)
    return read_macro_trees(syntax, file)
