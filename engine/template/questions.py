"""What a rendering asks of the project while parsing: noted as it asks, and answered again.

Whatever is handed to templates and isn't a function of their node alone notes here that it was
asked for. What can't be asked again, such as the time, makes a rendering one that isn't kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.nodes.macro import Macro
from ..manifest.reading.kept_file import DIGEST_BYTES
from ..manifest.reading.render_memory import Question
from ..project.vars import NodePlace, Vars

Note = Callable[[Question], None]
"""Takes a question that a template has asked."""

UNREPEATABLE: Question = ("unrepeatable",)
_ALL_MACROS: Question = ("macros",)


def ignore(question: Question) -> None:
    """Take no note: nothing of this phase is kept."""


class Asked:
    """The questions of the rendering that goes on."""

    def __init__(self) -> None:
        self._questions: dict[Question, None] = {}

    def note(self, question: Question) -> None:
        self._questions[question] = None

    def begin(self) -> None:
        """Forget what was asked before."""
        self._questions = {}

    def taken(self) -> list[Question] | None:
        """What was asked since; None where something can't be asked again."""
        return None if UNREPEATABLE in self._questions else list(self._questions)


class WatchedVars(Vars, frozen=True, kw_only=True):
    """Variables that note which of them are looked up."""

    note: Note

    def lookup(
        self, package_name: str, name: str, place: NodePlace | None = None
    ) -> tuple[bool, object]:
        # Where a node is counts only for projects that have variables by folder.
        kind, fqn = place if place and self.folders else ("", ())
        self.note(("var", package_name, name, kind, *fqn))
        return super().lookup(package_name, name, place)


def watched(variables: Vars, note: Note) -> Vars:
    """The same variables, which note what is looked up."""
    return WatchedVars(**msgspec.structs.asdict(variables), note=note)


class WatchedIndex:
    """Macros that note which names are asked for. Stands in for a `MacroIndex`.

    The answer to a name is every macro of it, in whichever package. What isn't written here
    counts as a question about all macros there are.
    """

    def __init__(self, index: MacroIndex, note: Note) -> None:
        self._index = index
        self._note = note
        self._prefixes = tuple(f"{prefix}__" for prefix in index.dialect)
        # These say nothing of a macro, or are part of what every rendering depends on.
        self.files = index.files
        self.dialect = index.dialect
        self.packages = index.packages
        self.root_package = index.root_package

    def find(self, name: str, package: str) -> Macro | None:
        self._note(("macro", name))
        return self._index.find(name, package)

    def find_in(self, package: str, name: str) -> Macro | None:
        self._note(("macro", name))
        return self._index.find_in(package, name)

    def find_anywhere(self, name: str, package: str) -> Macro | None:
        self._note(("macro", name))
        return self._index.find_anywhere(name, package)

    def named(self, name: str) -> tuple[Macro, ...]:
        self._note(("macro", name))
        return self._index.named(name)

    def implementation(self, name: str, package: str) -> Macro | None:
        self._note_all_of(name)
        return self._index.implementation(name, package)

    def is_built_in(self, name: str, package: str) -> bool:
        self._note_all_of(name)
        return self._index.is_built_in(name, package)

    def is_overridden(self, name: str, package: str) -> bool:
        self._note_all_of(name)
        return self._index.is_overridden(name, package)

    def overrides(self, name: str, package: str) -> Macro | None:
        self._note_all_of(name)
        return self._index.overrides(name, package)

    def dispatch(
        self,
        name: str,
        namespace: str | None,
        package: str,
        orders: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[Macro | None, tuple[str, ...]]:
        self._note_all_of(name)
        return self._index.dispatch(name, namespace, package, orders)

    def _note_all_of(self, name: str) -> None:
        """Note a name with every prefix by which it may be implemented."""
        self._note(("macro", name))
        for prefix in self._prefixes:
            self._note(("macro", prefix + name))

    def __iter__(self) -> Iterator[Macro]:
        self._note(_ALL_MACROS)
        return iter(self._index)

    def __getattr__(self, name: str) -> Any:
        self._note(_ALL_MACROS)
        return getattr(self._index, name)


class Answers:
    """Digests of the answers to questions, each worked out once.

    `values` has what questions of other kinds are about: a mapping for each kind.
    """

    def __init__(
        self, index: MacroIndex, variables: Vars, values: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._index = index
        self._variables = variables
        self._values = values
        self._known: dict[Question, bytes] = {}
        self._macros: dict[str, bytes] = {}

    def __call__(self, question: Question) -> bytes:
        found = self._known.get(question)
        if found is None:
            found = self._known[question] = self._answer(question)
        return found

    def _answer(self, question: Question) -> bytes:
        kind, *about = question
        if kind == "macro":
            return _joined(map(self._of_macro, self._index.named(about[0])))
        if question == _ALL_MACROS:
            return _joined(map(self._of_macro, self._index))
        if kind == "var":
            package, name, tree, *fqn = about
            place = (tree, fqn) if tree else None
            return _digest(repr(self._variables.lookup(package, name, place)))
        (name,) = about
        return value_digest(self._values[kind], name)

    def _of_macro(self, macro: Macro) -> bytes:
        """What a macro says, and what it stands in where that counts."""
        found = self._macros.get(macro.unique_id)
        if found is None:
            path = macro.original_file_path
            file = self._index.files[macro.package_name, path].source
            text = file if macro.file_has_state else macro.macro_sql
            said = "\0".join((macro.unique_id, macro.path, path, *macro.arguments, text))
            found = self._macros[macro.unique_id] = _digest(said)
        return found


def value_digest(values: Mapping[str, Any], name: str) -> bytes:
    """A digest of one of the values, or of its absence."""
    return _digest(repr(values[name]) if name in values else "")


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def _joined(digests: Iterator[bytes]) -> bytes:
    return blake2b(b"".join(digests), digest_size=DIGEST_BYTES).digest()
