"""The quick reading of the built-in macros says what their syntax trees say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from headrace.adapters.postgres.adapter import PostgresAdapter
from headrace.adapters.sqlite import SqliteAdapter
from headrace.engine.manifest.jinja.macro_file import MacroFile, macro_files_in
from headrace.engine.manifest.jinja.macro_trees import read_macro_trees
from headrace.engine.manifest.jinja.plain_macros import read_plain_macros
from headrace.engine.manifest.jinja.syntax import SyntaxEnvironment
from headrace.engine.manifest.nodes.macro import Macro
from headrace.engine.workspace.project_parse import BUILTIN_MACROS

DIRECTORIES = (BUILTIN_MACROS, SqliteAdapter.macro_directory, PostgresAdapter.macro_directory)
FILES = [
    file
    for directory in DIRECTORIES
    if isinstance(directory, Path)
    for file in macro_files_in(directory, directory.parent.name)
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_every_built_in_file_is_read_alike(file: MacroFile) -> None:
    quick = {macro.name: macro for macro in read_plain_macros(file)}
    slow = {macro.name: macro for macro in read_macro_trees(SyntaxEnvironment(), file)}

    assert quick.keys() == slow.keys()
    for name, macro in slow.items():
        assert comparable(quick[name]) == comparable(macro), name


def comparable(macro: Macro) -> dict[str, object]:
    """What is acted on. `macro_sql` is the text of either, which may have comments in it."""
    said = msgspec.structs.asdict(macro)
    del said["macro_sql"]
    return said
