"""Macros read off the syntax trees of their files."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from ..nodes.macro import Macro
from .blocks import find_blocks, tags_beside
from .macro_file import BUILTIN_PACKAGE, MACRO_WORDS, MacroFile, effects_in, languages_of
from .scanner import READING_CONFIG
from .syntax import MACRO_PREFIX, SyntaxEnvironment, prefix_macros, refuse_deep_nesting

_WHOLE_NAMES = frozenset(
    "model target kwargs varargs loop flags this schema database results schemas execute sql "
    "database_schemas modules api adapter dbt_metadata_envs invocation_args_dict project_name "
    "selected_resources run_started_at invocation_id thread_id dbt_version caller column return "
    "none true false none None True False".split()
)
"""Names of the context that may be handed on, or looked into, without effect."""


def read_macro_trees(syntax: SyntaxEnvironment, file: MacroFile) -> Iterator[Macro]:
    """The macros that one file defines.

    Raises:
        CompilationError: the file isn't Jinja.
    """
    texts = list(_texts(file.source))
    if not texts:
        return
    beside = tuple(tags_beside(file.source, MACRO_WORDS))
    tree = syntax.syntax_tree(file.macros_alone, file.original_file_path)
    definitions = prefix_macros(tree)
    with refuse_deep_nesting(tree, file.original_file_path):
        file_has_state = not all(_is_inert_statement(statement) for statement in tree.body)
        reads = [_reads(definition, file) for definition in definitions]
    for position, (definition, needs) in enumerate(zip(definitions, reads, strict=True)):
        name = definition.name.removeprefix(MACRO_PREFIX)
        names, dispatched, captures = needs
        text = texts[position] if len(texts) == len(definitions) else file.source
        yield Macro(
            unique_id=f"macro.{file.package_name}.{name}",
            name=name,
            package_name=file.package_name,
            path=file.path,
            original_file_path=file.original_file_path,
            line=definition.lineno,
            arguments=tuple(argument.name for argument in definition.args),
            names=names,
            dispatched=dispatched,
            is_inert=not (captures or file_has_state),
            file_has_state=file_has_state,
            beside=() if position else beside,
            macro_sql=text,
            supported_languages=languages_of(name, text),
        )


def _texts(source: str) -> Iterator[str]:
    """The blocks of a file, each with the white space that its outer tags take away.

    As in dbt there is none at the file's own ends.
    """
    before, source = 0, source.strip()
    for block in find_blocks(source, MACRO_WORDS):
        start = block.opening.start if block.opening else before
        end = block.closing.end if block.closing else len(source)
        if source.startswith("{%-", start):
            start = before + len(source[before:start].rstrip())
        if source.endswith("-%}", start, end):
            end = len(source) - len(source[end:].lstrip())
        before = end
        yield source[start:end]


def _dispatched(call: nodes.Call) -> str | None:
    """What a dispatch is for, with its namespace in front; None where it isn't written out."""
    given: dict[str, nodes.Node] = dict(zip(("name", "namespace"), call.args, strict=False))
    known = {"macro_name": "name", "macro_namespace": "namespace"}
    given |= {known[pair.key]: pair.value for pair in call.kwargs if pair.key in known}
    said = {key: _text(part) for key, part in given.items()}
    if not said.get("name"):
        return None
    return ".".join(filter(None, (said.get("namespace"), said["name"])))


def _text(node: nodes.Node) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def _is_inert_statement(statement: nodes.Node) -> bool:
    """Whether it only defines a macro, or is text between two of them."""
    if isinstance(statement, nodes.Output):
        return all(isinstance(part, nodes.TemplateData) for part in statement.nodes)
    return isinstance(statement, nodes.Macro)


def _reads(macro: nodes.Macro, file: MacroFile) -> tuple[frozenset[str], frozenset[str], bool]:
    """The names that a macro reads, those it dispatches to, and whether it captures."""
    names: set[str] = set()
    dispatched: set[str] = set()
    whole: set[str] = set()
    stored = {argument.name for argument in macro.args}
    captures = False
    for node in macro.find_all(
        (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Assign, nodes.Call)
    ):
        if isinstance(node, nodes.Name):
            (names if node.ctx == "load" else stored).add(node.name)
        elif isinstance(node, nodes.Getattr):
            if isinstance(node.node, nodes.Name):
                names.add(f"{node.node.name}.{node.attr}")
                if node.node.name == "config" and node.attr not in READING_CONFIG:
                    whole.add("config")
        elif isinstance(node, nodes.Getitem | nodes.Assign):
            if isinstance(node.node, nodes.Name):
                whole.add(node.node.name)
        elif isinstance(node, nodes.Call):
            whole.update(
                argument.name for argument in node.args if isinstance(argument, nodes.Name)
            )
            called = node.node
            if isinstance(called, nodes.Name) and called.name == "config":
                captures = True
            elif isinstance(called, nodes.Getattr) and called.attr == "dispatch":
                target = _dispatched(node)
                if target is None:
                    captures = True
                else:
                    dispatched.add(target)
    free = frozenset(names - stored)
    captures = captures or bool(free & effects_in(file))
    if file.package_name != BUILTIN_PACKAGE:
        # A name that is nobody's here may be a package, in which macros are looked up by name.
        captures = captures or bool((whole & free) - _WHOLE_NAMES)
    return free, frozenset(dispatched), captures
