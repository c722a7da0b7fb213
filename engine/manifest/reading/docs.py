"""Docs blocks, and the descriptions that call them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...core.errors import Location, ParseError, did_you_mean
from ...project.discovery import SourceFile, read_source
from ...project.project import Project
from ...project.render import Renderer, has_template
from ...project.template_errors import TemplateError
from ...project.yaml_file import YamlDocument
from ..jinja.docs_blocks import DocCall, DocsBlock, doc_calls, docs_blocks, fill_doc_calls
from ..nodes.doc import Doc
from .inputs import ParseInputs


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
        # Where there is Jinja, a last end of a line goes.
        text = text.removesuffix("\n")
        if has_template(fill_doc_calls(text, lambda call: "")):
            path = (*keys, "description")
            return str(self._renderer(package).render(document, text, path))
        location = document.locate(*keys, "description")
        return fill_doc_calls(text, lambda call: self._block(call, package, location))

    def _renderer(self, package: str) -> Renderer:
        if package not in self._renderers:

            def doc(first: str, second: str | None = None) -> str:
                try:
                    return self._block(DocCall(first, second), package, None)
                except ParseError as error:
                    raise TemplateError(error.problem, is_safe=True) from error

            self._renderers[package] = self._yaml.leniently().with_names(doc=doc)
        return self._renderers[package]

    def called_by(self, values: Mapping[str, Any], package: str) -> tuple[str, ...]:
        """The ids of the blocks that the description in an entry calls."""
        text = str(values.get("description") or "")
        found = (self._find(call, package) for call in doc_calls(text))
        return tuple(doc.unique_id for doc in found if doc is not None)

    def _block(self, call: DocCall, package: str, location: Location | None) -> str:
        doc = self._find(call, package)
        if doc is not None:
            return doc.block_contents
        name = call.name
        hint = did_you_mean(name, (doc.name for doc in self.by_id.values()))
        raise ParseError(
            f"doc('{name}') matches no docs block in a .md file.{hint}", location=location
        )

    def _find(self, call: DocCall, package: str) -> Doc | None:
        packages = [call.first] if call.second else [self._root_package, package]
        name = call.name
        for candidate in packages:
            doc = self.by_id.get(f"doc.{candidate}.{name}")
            if doc is not None:
                return doc
        if call.second:
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


def read_docs(inputs: ParseInputs) -> Docs:
    """The docs blocks of all projects.

    Raises:
        ParseError: a block has no end, Jinja in it fails, or a package has two of one name.
    """
    docs = (doc for project in inputs.projects for doc in _docs_of(project))
    return Docs(docs, inputs.root.name, inputs.yaml[inputs.root.name])


def _docs_of(project: Project) -> Iterator[Doc]:
    """The docs blocks of a project's Markdown files."""
    paths = project.docs_paths or (
        *project.model_paths,
        *project.seed_paths,
        *project.macro_paths,
        *project.test_paths,
        *project.snapshot_paths,
        *project.analysis_paths,
    )
    for file in project.find_files(paths, ".md"):
        for block in list(docs_blocks(read_source(file), file.root_relative)):
            yield Doc(
                unique_id=f"doc.{project.name}.{block.name}",
                name=block.name,
                package_name=project.name,
                path=file.relative,
                original_file_path=file.root_relative,
                block_contents=_contents(block, file).strip(),
            )


def _contents(block: DocsBlock, file: SourceFile) -> str:
    """What a block holds, with its Jinja done, for which there are no names."""
    if not has_template(block.text):
        return block.text
    # Few projects need it, and it takes its time to import.
    from ...project.native import NativeTemplates

    try:
        return str(NativeTemplates({}).evaluate(block.text))
    except Exception as problem:
        raise ParseError(
            f"the docs block '{block.name}' can't be rendered: {problem}. Put what isn't "
            "Jinja between {% raw %} and {% endraw %}.",
            location=Location(file.root_relative, block.line),
        ) from problem
