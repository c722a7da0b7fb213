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

    def _block(self, call: re.Match[str], package: str, location: Location) -> str:
        first, second = call.group("first"), call.group("second")
        packages = [first] if second else [package, self._root_package]
        name = second or first
        for candidate in packages:
            doc = self.by_id.get(f"doc.{candidate}.{name}")
            if doc is not None:
                return doc.block_contents
        for doc in self.by_id.values():
            if not second and doc.name == name:
                return doc.block_contents
        hint = did_you_mean(name, (doc.name for doc in self.by_id.values()))
        raise ParseError(
            f"doc('{name}') matches no docs block in a .md file.{hint}", location=location
        )


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
