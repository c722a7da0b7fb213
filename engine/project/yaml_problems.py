"""What is wrong with a YAML text, in words of ours.

PyYAML has two readers with words of their own, which change from release to release. So what a
message says, and advises, is told by the kind of the error and by what stands where it was
noticed; the reader's own words come last, for who wants them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml
from msgspec import Struct
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_UNQUOTED_TEMPLATE = re.compile(r"(?:^|[\s\[,])\{\{|(?:^|[\s\[,])\{%")

_ENDS_EARLY = ("the file ends inside of something", "A quote or a bracket isn't closed.")
_BY_LETTER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "\t": (
            "a tab stands where YAML lets none stand",
            "Indent with spaces, and put quotes around a value like this one.",
        ),
        ":": (
            "a colon and a space stand inside of a value, as if a mapping began there",
            "Put quotes around a value that holds ': '.",
        ),
        **dict.fromkeys(
            "@`%",
            (
                "a value can't begin with this character",
                "Put quotes around a value like this one.",
            ),
        ),
    }
)
_ELSE = ("this is no valid YAML", "Check the indentation, and that quotes and brackets are closed.")


class Place(Struct, frozen=True):
    """A line and a column of a text, both counted from 0, as PyYAML counts."""

    line: int
    column: int


class UnreadableYamlError(Exception):
    """What is wrong, where, and what usually helps.

    `what` is a clause without a full stop; what stands in quotes in it is of the file. `place`
    is a line and a column, both counted from 0; None where the place isn't known. `said` are the
    reader's words.
    """

    def __init__(
        self, what: str, mark: Any, remedy: str = "", *, said: str = "", place: Place | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.place = place or (Place(mark.line, mark.column) if mark is not None else None)
        self.remedy = remedy
        self.said = said


def lines_of(text: str) -> list[str]:
    """The lines of a text, as YAML 1.1 ends them."""
    return _LINE_END.split(text)


def read_problem(error: yaml.YAMLError, text: str) -> UnreadableYamlError:
    """What PyYAML found wrong with a text."""
    if isinstance(error, yaml.reader.ReaderError):
        return _forbidden_character(text)
    if not isinstance(error, yaml.MarkedYAMLError):
        return UnreadableYamlError(*_with_mark(_ELSE, None), said=str(error))
    said = ", ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    if isinstance(error, ConstructorError):
        return UnreadableYamlError("this value doesn't fit its tag", mark, said=said)
    rest = None if mark is None else _rest_of_text(text, mark)
    if isinstance(error, ComposerError):
        return _composition(rest, mark, said)
    if mark is None or rest is None:
        return UnreadableYamlError(*_with_mark(_ELSE, mark), said=said)
    if not rest.strip():
        return UnreadableYamlError(*_with_mark(_ENDS_EARLY, mark), said=said)
    what, remedy = _BY_LETTER.get(rest[0], _ELSE)
    if _UNQUOTED_TEMPLATE.search(lines_of(text)[mark.line][: mark.column]):
        remedy = "Put quotes around a value that begins with '{'."
    return UnreadableYamlError(what, mark, remedy, said=said)


def _with_mark(words: tuple[str, str], mark: Any) -> tuple[str, Any, str]:
    return words[0], mark, words[1]


def _composition(rest: str | None, mark: Any, said: str) -> UnreadableYamlError:
    """What is wrong with documents that can be read, but not be put together."""
    if rest is not None and rest.startswith("*"):
        name = re.split(r"[\s,\[\]{}]", rest, maxsplit=1)[0]
        return UnreadableYamlError(
            f"nothing is named by the alias '{name}'",
            mark,
            "Put quotes around a value that begins with '*'.",
            said=said,
        )
    if rest is not None and rest.startswith("&"):
        return UnreadableYamlError(*_with_mark(_ELSE, mark), said=said)
    return UnreadableYamlError(
        "another document begins here, and a file may hold one",
        mark,
        "Take the line '---' away, or split the file.",
        said=said,
    )


def _rest_of_text(text: str, mark: Any) -> str | None:
    """What stands from a place on; None if it isn't in the text."""
    lines = lines_of(text)
    if mark.line > len(lines):
        return None
    if mark.line == len(lines):
        return ""
    return "\n".join([lines[mark.line][mark.column :], *lines[mark.line + 1 :]])


def _forbidden_character(text: str) -> UnreadableYamlError:
    index = next((i for i, letter in enumerate(text) if not _is_yaml(letter)), 0)
    line_start = text.rfind("\n", 0, index) + 1
    return UnreadableYamlError(
        f"the character U+{ord(text[index]):04X} is not allowed in YAML",
        None,
        place=Place(text.count("\n", 0, index), index - line_start),
    )


def _is_yaml(letter: str) -> bool:
    """Whether YAML 1.1 lets a character stand in a file (its section 5.1)."""
    code = ord(letter)
    return letter in "\t\n\r\x85" or 0x20 <= code <= 0x7E or (code >= 0xA0 and code != 0xFFFE)
