"""Docs blocks, and the descriptions that call them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import Location, ParseError, did_you_mean
from ..project.discovery import find_files, read_source
from ..project.project import Project
from ..project.yaml_file import YamlDocument
from .nodes import Doc

_BLOCK = re.compile(
    r"\{%-?\s*docs\s+(?P<name>\w+)\s*-?%\}(?P<text>.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL
)
_CALL = re.compile(
    r"\{\{-?\s*doc\(\s*(['\"])(?P<first>[^'\"]+)\1\s*"
    r"(?:,\s*(['\"])(?P<second>[^'\"]+)\3\s*)?\)\s*-?\}\}"
)


class Docs:
    """Every `{% docs %}` block of the projects, by package and name."""

    def __init__(self, docs: Mapping[str, Doc], root_package: str) -> None:
        self.by_id = docs
        self._root_package = root_package

    def describe(
        self,
        values: Mapping[str, Any],
        package: str,
        document: YamlDocument,
        keys: tuple[str | int, ...],
    ) -> str:
        """The description in an entry, with its `{{ doc('…') }}` calls replaced by their blocks.

        `keys` lead to the entry in its document.

        Raises:
            ParseError: there is no such block.
        """
        text = str(values.get("description") or "")
        if "doc(" not in text:
            return text
        location = document.locate(*keys, "description")
        return _CALL.sub(lambda call: self._block(call, package, location), text)

    def called_by(self, values: Mapping[str, Any], package: str) -> tuple[str, ...]:
        """The ids of the blocks that the description in an entry calls."""
        text = str(values.get("description") or "")
        if "doc(" not in text:
            return ()
        found = (self._find(call, package) for call in _CALL.finditer(text))
        return tuple(doc.unique_id for doc in found if doc is not None)

    def _block(self, call: re.Match[str], package: str, location: Location) -> str:
        doc = self._find(call, package)
        if doc is not None:
            return doc.block_contents
        name = call.group("second") or call.group("first")
        hint = did_you_mean(name, (doc.name for doc in self.by_id.values()))
        raise ParseError(
            f"doc('{name}') matches no docs block in a .md file.{hint}", location=location
        )

    def _find(self, call: re.Match[str], package: str) -> Doc | None:
        first, second = call.group("first"), call.group("second")
        packages = [first] if second else [package, self._root_package]
        name = second or first
        for candidate in packages:
            doc = self.by_id.get(f"doc.{candidate}.{name}")
            if doc is not None:
                return doc
        if second:
            return None
        return next((doc for doc in self.by_id.values() if doc.name == name), None)


OVERVIEW = Doc(
    unique_id="doc.dbt.__overview__",
    name="__overview__",
    package_name="dbt",
    path="overview.md",
    original_file_path="docs/overview.md",
    block_contents="""### What this project holds

The tree on the left lists it in two ways: by project, as the files are laid out, and by database,
as the relations are. Each page says what a node is for, which columns and tests it has, and what
it is made of. The button in the corner draws how the nodes hang together.

Write a docs block named `__overview__` to say something of your own here.""",
)
"""What the documentation shows first, where a project has no block of that name."""


def read_docs(project: Project) -> Iterator[Doc]:
    """The docs blocks of a project's Markdown files."""
    paths = project.docs_paths or (
        *project.model_paths,
        *project.seed_paths,
        *project.macro_paths,
        *project.test_paths,
        *project.snapshot_paths,
        *project.analysis_paths,
    )
    for file in find_files(project.root, paths, (".md",)):
        for match in _BLOCK.finditer(read_source(file)):
            name = match.group("name")
            yield Doc(
                unique_id=f"doc.{project.name}.{name}",
                name=name,
                package_name=project.name,
                path=file.relative,
                original_file_path=file.root_relative,
                block_contents=match.group("text").strip(),
            )
