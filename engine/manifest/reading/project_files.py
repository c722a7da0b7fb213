"""The macro files and the properties files of projects, read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...core.errors import YamlError
from ...project.discovery import SourceFile, read_source
from ...project.project import Project
from ...project.text_file import read_text
from ...project.yaml_file import YamlDocument, parse_yaml
from ..jinja.macro_file import MacroFile
from .inputs import ParseInputs
from .parse_cache import ParseCache
from .properties import Properties, PropertiesReader


def macro_files(inputs: ParseInputs) -> Iterator[MacroFile]:
    """The built-in macros' files, then those of each project.

    Raises:
        ProjectError: one can't be read.
    """
    yield from inputs.builtin_macros
    for project in inputs.projects:
        generic_tests = tuple(f"{path}/generic" for path in project.test_paths)
        for file in project.find_files((*project.macro_paths, *generic_tests), ".sql"):
            source = read_source(file)
            yield MacroFile(project.name, file.root_relative, file.root_relative, source)


def read_properties(inputs: ParseInputs, project: Project, declared: Iterable[str]) -> Properties:
    """What the properties files of a project say.

    `declared` are the sections whose entries are all that there is of what they name.

    Raises:
        YamlError: one isn't YAML.
        ParseError: something in one has the wrong shape; says where.
    """
    reader = PropertiesReader(project.name, declared, inputs.yaml[project.name], inputs.warn)
    for file in project.find_files(project.properties_paths, ".yml", ".yaml"):
        document = _read_document(file, inputs.cache)
        for warning in document.warnings():
            inputs.warn(warning)
        reader.read(document)
    return reader.properties


def _read_document(file: SourceFile, cache: ParseCache) -> YamlDocument:
    text = read_text(file.absolute, display=file.root_relative, error=YamlError)
    read: list[YamlDocument] = []

    def data() -> object:
        read.append(parse_yaml(text, file.root_relative))
        # A key that stands twice is to be warned of each time.
        return None if read[0].duplicates else read[0].data

    known = cache.document(text, data)
    return read[0] if read else YamlDocument(known, file.root_relative, text)
