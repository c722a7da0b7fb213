"""YAML files: read fast, without positions; positions are found again when one is needed.

document = read_yaml(path, "models/schema.yml")
document.data                                      # plain data; an empty file is None
document.locate("models", 0, "columns", 2, "name") # models/schema.yml:14:9
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml
from msgspec import Struct
from yaml.nodes import Node

from ..core.errors import Location, YamlError
from ..core.events import WarningRaised
from .text_file import read_text
from .yaml_data import Builder, find_child
from .yaml_graph import compose
from .yaml_problems import UnreadableYamlError, lines_of, read_problem

_MAX_SHOWN = 100


class DuplicateKey(Struct, frozen=True):
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
            {"duplicate_description": self.key, "file": self.location.path},
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
        node = _composed(text)
        data = None if node is None else builder.build(node)
    except (yaml.YAMLError, UnreadableYamlError) as error:
        problem = error if isinstance(error, UnreadableYamlError) else read_problem(error, text)
        # The original shows pieces of the text as well, so a discreet error forgets it.
        cause = None if discreet else error
        raise _yaml_error(problem, text, display, discreet=discreet) from cause
    duplicates = tuple(
        DuplicateKey(
            str(repeated.key), _location(display, repeated.last), _location(display, repeated.first)
        )
        for repeated in builder.repeated_keys
    )
    return YamlDocument(data, display, text, duplicates)


def _composed(text: str) -> Node | None:
    """The nodes of a text, read as dbt does: a value at its very end has no last end of a line."""
    try:
        return compose(text.rstrip())
    except (yaml.YAMLError, UnreadableYamlError):
        # What is wrong is told of in the text as it is.
        return compose(text)


def _location(display: str, mark: yaml.Mark) -> Location:
    return Location(display, mark.line + 1, mark.column + 1)


def _yaml_error(
    problem: UnreadableYamlError, text: str, display: str, *, discreet: bool
) -> YamlError:
    place = problem.place
    location = Location(display, place.line + 1, place.column + 1) if place else Location(display)
    remedy = f" {problem.remedy}" if problem.remedy else ""
    if discreet:
        before_quote = problem.what.split("'", 1)[0].rstrip(" :")
        return YamlError(f"{before_quote}.{remedy}", location=location)
    said = f" (PyYAML: {problem.said})" if problem.said else ""
    return YamlError(f"{problem.what}{said}.{remedy}{_excerpt(text, location)}", location=location)


def _excerpt(text: str, location: Location) -> str:
    """The line that a location points at, below the message, with a mark below the column."""
    if location.line is None or location.column is None:
        return ""
    lines = lines_of(text)
    if location.line > len(lines):
        return ""
    start = max(0, location.column - _MAX_SHOWN + 20)
    line = lines[location.line - 1][start : start + _MAX_SHOWN]
    shown = "".join(letter if letter.isprintable() else " " for letter in line).rstrip()
    margin = f"{location.line} | "
    pointer = " " * (len(margin) + location.column - 1 - start) + "^"
    return f"\n  {margin}{shown}\n  {pointer}" if shown else ""
