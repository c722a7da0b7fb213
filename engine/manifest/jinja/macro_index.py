"""Macros: read from their files, and found by name in the order that dbt looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from jinja2 import nodes
from msgspec import Struct

from ...core.errors import Location, ParseError
from ..nodes.macro import Macro
from ..nodes.materialization_names import PREFIX
from .scanner import (
    PARSE_TIME_EFFECTS,
    READING_CONFIG,
    Scan,
)
from .syntax import (
    MACRO_PREFIX,
    SyntaxEnvironment,
    prefix_macros,
    refuse_deep_nesting,
)

BUILTIN_PACKAGE = "dbt"

_WHOLE_NAMES = frozenset(
    "model target kwargs varargs loop flags this schema database results schemas execute sql "
    "database_schemas modules api adapter dbt_metadata_envs invocation_args_dict project_name "
    "selected_resources run_started_at invocation_id thread_id dbt_version caller column return "
    "none true false none None True False".split()
)
"""Names of the context that may be handed on, or looked into, without effect."""

_OPENING = re.compile(r"\{%-?\s*(?:macro|test|data_test|materialization)\b")
_BLOCK = re.compile(
    r"\{%-?\s*(macro|test|data_test|materialization)\b.*?\{%-?\s*end\1\s*-?%\}", re.DOTALL
)


class MacroFile(Struct, frozen=True):
    """The text of one macro file, and where it belongs."""

    package_name: str
    path: str
    original_file_path: str
    source: str


def read_macros(syntax: SyntaxEnvironment, file: MacroFile) -> Iterator[Macro]:
    """The macros that one file defines.

    Raises:
        CompilationError: the file isn't Jinja.
    """
    if not _OPENING.search(file.source):
        return
    tree = syntax.syntax_tree(file.source, file.original_file_path)
    texts = [match.group(0) for match in _BLOCK.finditer(file.source)]
    definitions = prefix_macros(tree)
    with refuse_deep_nesting(tree, file.original_file_path):
        file_has_state = not all(_is_inert_statement(statement) for statement in tree.body)
        reads = [_reads(definition, file) for definition in definitions]
    for position, (definition, needs) in enumerate(zip(definitions, reads, strict=True)):
        name = definition.name.removeprefix(MACRO_PREFIX)
        names, dispatched, captures = needs
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
            macro_sql=texts[position] if len(texts) == len(definitions) else file.source,
            supported_languages=languages_of(name),
        )


def languages_of(macro_name: str) -> tuple[str, ...] | None:
    """What a macro's models may be written in, if it is a materialization."""
    return ("sql",) if macro_name.startswith(PREFIX) else None


def _is_inert_statement(statement: nodes.Node) -> bool:
    """Whether it only defines a macro, or is text between two of them."""
    if isinstance(statement, nodes.Output):
        return all(isinstance(part, nodes.TemplateData) for part in statement.nodes)
    return isinstance(statement, nodes.Macro)


def effects_in(file: MacroFile) -> frozenset[str]:
    """What a macro of a file can't use and be without effect while parsing.

    The built-in ones raise errors for wrong arguments only, which may wait until the node is
    compiled.
    """
    own = {"exceptions"} if file.package_name == BUILTIN_PACKAGE else set()
    return (PARSE_TIME_EFFECTS - own) | {"ref", "source"}


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
                first = node.args[0] if node.args else None
                if isinstance(first, nodes.Const) and isinstance(first.value, str):
                    dispatched.add(first.value)
                else:
                    captures = True
    free = frozenset(names - stored)
    captures = captures or bool(free & effects_in(file))
    if file.package_name != BUILTIN_PACKAGE:
        # A name that is nobody's here may be a package, in which macros are looked up by name.
        captures = captures or bool((whole & free) - _WHOLE_NAMES)
    return free, frozenset(dispatched), captures


class MacroIndex:
    """Every macro, by package and name.

    A bare name is looked for in the package of the node that is rendered, also where a macro of
    another package says it, then in the root project, then among the built-in ones, and at last
    in the other packages (dbt asks for their names there).
    """

    def __init__(
        self,
        files: Iterable[MacroFile],
        *,
        syntax: SyntaxEnvironment,
        root_package: str,
        dialect: tuple[str, ...],
        read: Callable[[MacroFile], Iterable[Macro]] | None = None,
        search_order: Iterable[str] = (),
        effects: frozenset[str] = frozenset(),
    ) -> None:
        """Read the macros of every file; `read` may know what is in one without reading it.

        `effects` are further names of the context whose use while parsing shows.

        Raises:
            CompilationError: a file isn't Jinja.
            ParseError: two macros of a package have the same name.
        """
        read = read or partial(read_macros, syntax)
        self.root_package = root_package
        self.dialect = dialect
        # Where the root project says so, packages may implement what the built-in macros dispatch.
        self._search_order = tuple(
            dict.fromkeys((*(tuple(search_order) or (root_package,)), BUILTIN_PACKAGE))
        )
        self.by_package: dict[str, dict[str, Macro]] = {BUILTIN_PACKAGE: {}, root_package: {}}
        self.files: dict[tuple[str, str], MacroFile] = {}
        for file in files:
            self.files[file.package_name, file.original_file_path] = file
            for macro in read(file):
                self._add(macro)
        self._effects = effects
        self._inert: dict[str, bool] = {}
        self._implementations: dict[tuple[str, str], Macro | None] = {}
        self._flat: dict[str, Mapping[str, Macro]] = {}
        self._by_name: dict[str, list[Macro]] = {}

    def _add(self, macro: Macro) -> None:
        package = self.by_package.setdefault(macro.package_name, {})
        twin = package.get(macro.name)
        if twin is not None and macro.package_name != BUILTIN_PACKAGE:
            raise ParseError(
                f"macro '{macro.name}' is defined twice: at line {macro.line}, and in "
                f"{twin.original_file_path} at line {twin.line}. Rename or remove one.",
                location=Location(macro.original_file_path, macro.line),
            )
        package[macro.name] = macro

    def __iter__(self) -> Iterator[Macro]:
        for package in self.by_package.values():
            yield from package.values()

    @property
    def packages(self) -> frozenset[str]:
        return frozenset(self.by_package)

    def visible_from(self, package: str) -> Mapping[str, Macro]:
        """Every macro that a bare name can mean in a package."""
        flat = self._flat.get(package)
        if flat is None:
            merged: dict[str, Macro] = dict(self.by_package[BUILTIN_PACKAGE])
            for name in (self.root_package, package):
                merged.update(self.by_package.get(name, {}))
            flat = self._flat[package] = merged
        return flat

    def named(self, name: str) -> tuple[Macro, ...]:
        """All macros of a name, whatever their packages."""
        if not self._by_name:
            for macro in self:
                self._by_name.setdefault(macro.name, []).append(macro)
        return tuple(self._by_name.get(name, ()))

    def find_anywhere(self, name: str, package: str) -> Macro | None:
        """What a bare name means in a package, or else the macro of some package.

        For what needs no package's name in front: materializations and generic tests.
        """
        found = self.find(name, package)
        return found if found is not None else next(iter(self.named(name)), None)

    def find(self, name: str, package: str) -> Macro | None:
        """The macro that a bare name means in a package."""
        return self.visible_from(package).get(name)

    def find_in(self, package: str, name: str) -> Macro | None:
        """A macro by its explicit package."""
        return self.by_package.get(package, {}).get(name)

    def implementation(self, name: str, package: str) -> Macro | None:
        """The macro that a built-in one of that name dispatches to, seen from a package.

        None where the name isn't a built-in's, or is overridden as a whole.
        """
        key = (name, package)
        if key not in self._implementations:
            self._implementations[key] = self._find_implementation(name, package)
        return self._implementations[key]

    def _find_implementation(self, name: str, package: str) -> Macro | None:
        wrapper = self.find(name, package)
        if wrapper is None or wrapper.package_name != BUILTIN_PACKAGE:
            return None
        for owner in self._search_order:
            for prefix in self.dialect:
                macro = self.find_in(owner, f"{prefix}__{name}")
                if macro is not None:
                    return macro
        return None

    def overrides(self, name: str, package: str) -> Macro | None:
        """A macro that stands in for a built-in of that name, or for its `default__` one."""
        for owner in (package, self.root_package):
            macro = self.find_in(owner, name)
            if macro is not None and owner != BUILTIN_PACKAGE:
                return macro
        macro = self.implementation(name, package)
        is_default = macro is None or (macro.package_name, macro.name) == (
            BUILTIN_PACKAGE,
            f"default__{name}",
        )
        return None if is_default else macro

    def is_inert(self, macro: Macro) -> bool:
        """Whether calling it while parsing can add neither dependency nor configuration.

        All that it may call counts, so a circle of macros is inert when each of its members is.
        """
        known = self._inert.get(macro.unique_id)
        if known is not None:
            return known
        seen = {macro.unique_id}
        waiting = [macro]
        result = True
        while waiting and result:
            current = waiting.pop()
            result = current.is_inert and not current.names & self._effects
            result = result and self._inert.get(current.unique_id, True)
            for called in self._may_be_called_by(current):
                if called.unique_id not in seen:
                    seen.add(called.unique_id)
                    waiting.append(called)
        if result:
            self._inert.update(dict.fromkeys(seen, True))
        else:
            self._inert[macro.unique_id] = False
        return result

    def called_by(self, macro: Macro) -> Iterator[Macro]:
        """The macros that a macro names, directly or through dispatch."""
        for name in macro.names:
            if "." in name:
                package, _, member = name.partition(".")
                found = self.find_in(package, member)
            else:
                found = self.find(name, macro.package_name)
            if found is not None:
                yield found
        for name in macro.dispatched:
            for prefix in self.dialect:
                implementation = f"{prefix}__{name}"
                found = self.find_in(self.root_package, implementation)
                found = found or self.find_anywhere(implementation, macro.package_name)
                if found is not None:
                    yield found

    def ids_named_in(self, found: Scan, package: str) -> tuple[str, ...]:
        """The macros that a template of a package names, bare or with their own package."""
        visible = self.visible_from(package)
        macros = [visible.get(name) for name in sorted(found.names)]
        for member in sorted(found.attributes):
            owner, _, name = member.partition(".")
            macros.append(self.find_in(owner, name))
        return tuple(dict.fromkeys(macro.unique_id for macro in macros if macro is not None))

    def _may_be_called_by(self, macro: Macro) -> Iterator[Macro]:
        """The macros that a macro may come to call: which ones is up to the node it runs for."""
        for name in macro.names:
            yield from self.named(name.rpartition(".")[2])
        for name in macro.dispatched:
            for prefix in self.dialect:
                yield from self.named(f"{prefix}__{name}")


def macro_files_in(directory: Path, prefix: str) -> Iterator[MacroFile]:
    """Every .sql file right in a directory of macros that comes with headrace."""
    for path in sorted(directory.glob("*.sql")):
        name = f"{prefix}/{path.name}"
        yield MacroFile(BUILTIN_PACKAGE, name, name, path.read_text(encoding="utf-8"))
