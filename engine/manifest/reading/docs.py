"""Docs blocks, and the descriptions that call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...core.errors import (
    Location,
    ParseError,
    did_you_mean,
)
from ...project.discovery import (
    SourceFile,
    find_files,
    read_source,
)
from ...project.project import Project
from ...project.render import (
    Renderer,
    TemplateError,
    has_template,
)
from ...project.yaml_file import YamlDocument
from ..nodes.doc import Doc

_BLOCK = re.compile(
    r"\{%-?\s*docs\s+(?P<name>\w+)\s*-?%\}(?P<text>.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL
)
_OPENING = re.compile(r"\{%-?\s*docs\s+(?P<name>\w+)\s*-?%\}")
_CALL = re.compile(
    r"\{\{-?\s*doc\(\s*(['\"])(?P<first>[^'\"]+)\1\s*"
    r"(?:,\s*(['\"])(?P<second>[^'\"]+)\3\s*)?\)\s*-?\}\}"
)


class Docs:
    """Every `{% docs %}` block of the projects, by package and name."""

    def __init__(self, docs: Iterable[Doc], root_package: str, yaml: Renderer) -> None:
        """Take the blocks in.

        Raises:
            ParseError: a package has two of one name.
        """
        self.by_id: dict[str, Doc] = {}
        for doc in docs:
            twin = self.by_id.setdefault(doc.unique_id, doc)
            if twin is not doc:
                raise ParseError(
                    f"found two docs with the name '{doc.name}': here and in "
                    f"{twin.original_file_path}. Rename or remove one.",
                    location=Location(doc.original_file_path),
                )
        self._root_package = root_package
        self._yaml = yaml
        self._renderers: dict[str, Renderer] = {}

    def describe(
        self,
        values: Mapping[str, Any],
        package: str,
        document: YamlDocument,
        keys: tuple[str | int, ...],
    ) -> str:
        """The description in an entry, with its Jinja done: mostly calls of `doc`.

        `keys` lead to the entry in its document.

        Raises:
            ParseError: there is no such block.
            ProjectError: a template in it fails.
        """
        text = str(values.get("description") or "")
        if not has_template(text):
            return text
        if has_template(_CALL.sub("", text)):
            path = (*keys, "description")
            return str(self._renderer(package).render(document, text, path))
        location = document.locate(*keys, "description")
        return _CALL.sub(
            lambda call: self._block(call.group("first"), call.group("second"), package, location),
            text,
        )

    def _renderer(self, package: str) -> Renderer:
        if package not in self._renderers:

            def doc(first: str, second: str | None = None) -> str:
                try:
                    return self._block(first, second, package, None)
                except ParseError as error:
                    raise TemplateError(error.problem, is_safe=True) from error

            self._renderers[package] = self._yaml.with_names(doc=doc)
        return self._renderers[package]

    def called_by(self, values: Mapping[str, Any], package: str) -> tuple[str, ...]:
        """The ids of the blocks that the description in an entry calls."""
        text = str(values.get("description") or "")
        if "doc(" not in text:
            return ()
        calls = _CALL.finditer(text)
        found = (self._find(call.group("first"), call.group("second"), package) for call in calls)
        return tuple(doc.unique_id for doc in found if doc is not None)

    def _block(
        self, first: str, second: str | None, package: str, location: Location | None
    ) -> str:
        doc = self._find(first, second, package)
        if doc is not None:
            return doc.block_contents
        name = second or first
        hint = did_you_mean(name, (doc.name for doc in self.by_id.values()))
        raise ParseError(
            f"doc('{name}') matches no docs block in a .md file.{hint}", location=location
        )

    def _find(self, first: str, second: str | None, package: str) -> Doc | None:
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
    """The docs blocks of a project's Markdown files.

    Raises:
        ParseError: a block has no end, or Jinja in it fails.
    """
    paths = project.docs_paths or (
        *project.model_paths,
        *project.seed_paths,
        *project.macro_paths,
        *project.test_paths,
        *project.snapshot_paths,
        *project.analysis_paths,
    )
    for file in find_files(project.root, paths, (".md",)):
        text = read_source(file)
        opened = _OPENING.search(_BLOCK.sub(_as_many_lines, text))
        if opened is not None:
            line = text.count("\n", 0, opened.start()) + 1
            raise ParseError(
                f"the docs block '{opened.group('name')}' has no end. Close it with "
                "{% enddocs %}.",
                location=Location(file.root_relative, line),
            )
        for match in _BLOCK.finditer(text):
            name = match.group("name")
            yield Doc(
                unique_id=f"doc.{project.name}.{name}",
                name=name,
                package_name=project.name,
                path=file.relative,
                original_file_path=file.root_relative,
                block_contents=_contents(match, file).strip(),
            )


def _contents(block: re.Match[str], file: SourceFile) -> str:
    """What a block holds, with its Jinja done, for which there are no names."""
    text = block.group("text")
    if not has_template(text):
        return text
    # Few projects need it, and it takes its time to import.
    from ...project.native import NativeTemplates

    try:
        return str(NativeTemplates({}).evaluate(text))
    except Exception as problem:
        line = block.string.count("\n", 0, block.start()) + 1
        raise ParseError(
            f"the docs block '{block.group('name')}' can't be rendered: {problem}. Put what isn't "
            "Jinja between {% raw %} and {% endraw %}.",
            location=Location(file.root_relative, line),
        ) from problem


def _as_many_lines(block: re.Match[str]) -> str:
    """Something of the same length and lines that holds no tag."""
    return re.sub(r"[^\n]", " ", block.group(0))
