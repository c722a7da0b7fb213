"""YAML files: read fast, without positions; positions are found again when one is needed.

document = read_yaml(path, "models/schema.yml")
document.data                                      # plain data; an empty file is None
document.locate("models", 0, "columns", 2, "name") # models/schema.yml:14:9
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml
from yaml.nodes import Node

from ..errors import Location, YamlError
from ..events import WarningRaised
from .text_file import read_text
from .yaml_data import Builder, find_child
from .yaml_graph import compose

# What PyYAML says, and what usually helps.
_HINTS = (
    ("mapping values are not allowed", "Put quotes around a value that holds ': '."),
    ("cannot start any token", "Indent with spaces, and put quotes around a value like this one."),
    ("unhashable key", "Put quotes around a value that begins with '{'."),
    ("undefined alias", "Put quotes around a value that begins with '*'."),
    ("unexpected end of stream", "A quote or a bracket isn't closed."),
    ("did not find expected", "Check the indentation, and that quotes and brackets are closed."),
    ("could not determine a constructor", "Put quotes around a value that begins with '!'."),
    ("another document", "Take the line '---' away, or split the file."),
)
_MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class DuplicateKey:
    """A key that stands twice in one mapping. The last one counts, as in dbt."""

    key: str
    location: Location
    first: Location

    def warning(self) -> WarningRaised:
        return WarningRaised(
            "DuplicateYAMLKeysDeprecation",
            f"'{self.key}' stands twice in this mapping: here, which counts, and in line "
            f"{self.first.line}, which doesn't. Take one of them away.",
            self.location,
        )


@dataclass(frozen=True)
class YamlDocument:
    """What a YAML file holds, and how to find a place in it.

    `display` is the file as messages name it. The content stays out of `repr`: it may be
    somebody's profiles.yml.
    """

    data: object = field(repr=False)
    display: str
    text: str = field(repr=False, default="")
    duplicates: tuple[DuplicateKey, ...] = ()

    def locate(self, *path: str | int) -> Location:
        """Where a key or an item is: `locate("models", 0, "name")`.

        Where the path leads nowhere, the last place on it that there is. The text is parsed
        again for the first call, so this is for messages only.
        """
        node = self._graph
        if node is None:
            return Location(self.display, 1, 1)
        mark = node.start_mark
        for step in path:
            found = find_child(node, step)
            if found is None:
                break
            mark, node = found
        return _location(self.display, mark)

    @cached_property
    def _graph(self) -> Node | None:
        return compose(self.text)

    def warnings(self) -> tuple[WarningRaised, ...]:
        """What there is to say of the file that stops nothing."""
        return tuple(duplicate.warning() for duplicate in self.duplicates)


def load_yaml_text(text: str, *, display: str) -> object:
    """The plain data of a YAML text; None where it is empty.

    Raises:
        YamlError: see `read_yaml`.
    """
    return parse_yaml(text, display).data


def read_yaml(path: Path, display: str, *, discreet: bool = False) -> YamlDocument:
    """Read a YAML file (YAML 1.1, one document, as dbt does).

    `discreet` keeps what the file holds out of messages: for files with secrets.

    Raises:
        YamlError: it can't be read, isn't UTF-8, isn't YAML, nests too deeply, or has aliases
            that stand for too much. The message has line and column, and shows the line.
    """
    return parse_yaml(read_text(path, display=display, error=YamlError), display, discreet=discreet)


def parse_yaml(text: str, display: str, *, discreet: bool = False) -> YamlDocument:
    """Read a YAML text; see `read_yaml`."""
    builder = Builder()
    try:
        node = compose(text)
        data = None if node is None else builder.build(node)
    except yaml.YAMLError as problem:
        # The original shows pieces of the text as well, so a discreet error forgets it.
        cause = None if discreet else problem
        raise _yaml_error(problem, text, display, discreet=discreet) from cause
    duplicates = tuple(
        DuplicateKey(
            str(repeated.key), _location(display, repeated.last), _location(display, repeated.first)
        )
        for repeated in builder.repeated_keys
    )
    return YamlDocument(data, display, text, duplicates)


def _location(display: str, mark: yaml.Mark) -> Location:
    return Location(display, mark.line + 1, mark.column + 1)


def _yaml_error(problem: yaml.YAMLError, text: str, display: str, *, discreet: bool) -> YamlError:
    what, location = _what_and_where(problem, text, display)
    hint = next((f" {advice}" for said, advice in _HINTS if said in what), "")
    if discreet:
        before_quote = re.split("[\"']", what)[0].rstrip(" :")
        return YamlError(f"{before_quote}.{hint}", location=location)
    return YamlError(f"{what}.{hint}{_excerpt(text, location)}", location=location)


def _what_and_where(problem: yaml.YAMLError, text: str, display: str) -> tuple[str, Location]:
    if isinstance(problem, yaml.MarkedYAMLError):
        what = ", ".join(part for part in (problem.context, problem.problem) if part)
        mark = problem.problem_mark or problem.context_mark
        return what, _location(display, mark) if mark else Location(display)
    if isinstance(problem, yaml.reader.ReaderError):
        index = next((i for i, letter in enumerate(text) if not _is_yaml(letter)), 0)
        line_start = text.rfind("\n", 0, index) + 1
        location = Location(display, text.count("\n", 0, index) + 1, index - line_start + 1)
        return f"the character U+{ord(text[index]):04X} is not allowed in YAML", location
    return str(problem), Location(display)


def _is_yaml(letter: str) -> bool:
    """Whether YAML 1.1 lets a character stand in a file (its section 5.1)."""
    code = ord(letter)
    return letter in "\t\n\r\x85" or 0x20 <= code <= 0x7E or (code >= 0xA0 and code != 0xFFFE)


def _excerpt(text: str, location: Location) -> str:
    """The line that a location points at, below the message, with a mark below the column."""
    if location.line is None or location.column is None:
        return ""
    lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
    if location.line > len(lines):
        return ""
    start = max(0, location.column - _MAX_SHOWN + 20)
    line = lines[location.line - 1][start : start + _MAX_SHOWN]
    shown = "".join(letter if letter.isprintable() else " " for letter in line).rstrip()
    margin = f"{location.line} | "
    pointer = " " * (len(margin) + location.column - 1 - start) + "^"
    return f"\n  {margin}{shown}\n  {pointer}" if shown else ""
