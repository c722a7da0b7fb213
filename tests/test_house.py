"""The shape of the code: what stands where, and how long things may get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import headrace
import pytest

HOME = Path(headrace.__file__).parent
MODULES = sorted(
    path
    for path in (*HOME.glob("*.py"), *HOME.glob("engine/**/*.py"), *HOME.glob("adapters/**/*.py"))
    if "site-packages" not in path.relative_to(HOME).parts
)
LONGEST_FUNCTION = 60
"""Lines: about a screen."""
MOST_PARAMETERS = 8
"""Of a constructor that is written by hand."""
LONGEST_FILE = 400
"""Lines."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(HOME)}:{node.lineno} {node.name}", node


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 300
    assert sum(1 for _ in functions()) > 2000


def test_engine_has_one_module_of_its_own_beside_its_folders() -> None:
    assert sorted(path.name for path in (HOME / "engine").glob("*.py")) == [
        "__init__.py",
        "session.py",
    ]


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {where: (node.end_lineno or 0) - node.lineno + 1 for where, node in functions()}

    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_no_constructor_takes_more_than_a_few_things() -> None:
    taken = {
        where: len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
        for where, node in functions()
        if node.name == "__init__"
    }

    assert {where: count for where, count in taken.items() if count > MOST_PARAMETERS} == {}


def test_no_file_is_longer_than_can_be_surveyed() -> None:
    lengths = {str(path.relative_to(HOME)): path.read_text("utf-8").count("\n") for path in MODULES}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


@pytest.mark.parametrize("name", ["import_module", "__import__"])
def test_engine_imports_nothing_that_type_checker_and_linter_cannot_see(name: str) -> None:
    # Python's own modules, of which some systems lack one.
    of_python = {"leftovers.py", "patterns.py", "plain_functions.py"}
    found = {
        path.name
        for path in MODULES
        if "engine" in path.relative_to(HOME).parts and name in path.read_text("utf-8")
    }

    assert found <= of_python
