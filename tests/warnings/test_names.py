"""The code, the registry of names and docs/warnings.md agree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from headrace.engine.settings import warning_names
from headrace.engine.settings.warning_names import DEPRECATIONS, KNOWN, RAISED

ROOT = Path(warning_names.__file__).parents[2]
DOCUMENT = Path(__file__).parents[2] / "docs" / "warnings.md"


def names_in_code() -> Iterator[str]:
    for directory in ("engine", "adapters"):
        for path in (ROOT / directory).rglob("*.py"):
            yield from names_in(ast.parse(path.read_text("utf-8")))


def names_in(module: ast.Module) -> Iterator[str]:
    """The names that a module gives to `WarningRaised` or asks the policy about."""
    for call in ast.walk(module):
        if not isinstance(call, ast.Call):
            continue
        called = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if called not in ("WarningRaised", "raises", "report_nothing") or not call.args:
            continue
        names = constants_like_names(call.args[0])
        # A name that is handed on stands elsewhere in the same module.
        yield from names or constants_like_names(module)


def constants_like_names(tree: ast.AST) -> list[str]:
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = [value for value in values if isinstance(value, str)]
    return [text for text in texts if re.fullmatch(r"(?:[A-Z][a-zA-Z]+){2,}", text)]


def test_every_name_that_the_code_raises_is_registered_and_every_registered_one_is_raised() -> None:
    assert set(names_in_code()) == RAISED


def test_every_registered_name_is_documented_with_what_it_says_and_what_to_do() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)

    assert sorted(name for name, _, _ in rows) == sorted(RAISED)


def test_deprecations_are_names_that_settings_may_name() -> None:
    assert DEPRECATIONS < KNOWN
    named_so = {name for name in RAISED if name.endswith("Deprecation")}
    # It is about the project's own models, and none of dbt's deprecations.
    assert named_so - DEPRECATIONS == {"UpcomingReferenceDeprecation"}


def test_what_dbt_alone_has_is_documented_with_the_reason() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)

    assert sorted(name for name, _ in rows) == sorted(KNOWN - RAISED)
