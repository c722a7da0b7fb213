"""Scopes and macros: what a name means while one node is rendered.

A scope belongs to one node in one phase. Macro files are compiled once a session, and their top
level is run once as well: a macro's free names are looked up when it is called, in the scope of
the node that calls it. A file that does more than define macros is run for each call, as in dbt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from jinja2.utils import missing

from ...adapters.errors import AdapterError
from ..core.errors import CompilationError, Frame, HeadraceError, Location
from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from ..manifest.nodes.macro import Macro
from ..sandbox.budget import TemplateLimitError, current_budget, metered
from ..sandbox.callables import require_arguments
from ..sandbox.owned import own
from .macro_space import CALLING, MacroReturn, MacroSpace, macro_path
from .template_environment import template_line
from .wording import describe

LazyName = Callable[["Scope"], Any]
MakeNames = Callable[[], tuple[Mapping[str, Any], Mapping[str, LazyName]]]
"""Gives the names that are at hand, and those that are made when they are first used."""


class Scope:
    """The names of one node's templates in one phase.

    `names` are at hand; each of `lazy` is made when it is first used. A project's macro of the
    same name hides either.
    """

    def __init__(
        self,
        macros: MacroSpace,
        package: str,
        names: Mapping[str, Any],
        lazy: Mapping[str, LazyName],
        caller: Frame | None = None,
        forced: Mapping[str, Any] | None = None,
    ) -> None:
        self.macros = macros
        self.package = package
        self.caller = caller
        self._names = names
        self._lazy = lazy
        self._forced = forced or {}
        self.make_names: MakeNames | None = None
        """What makes the names when one is asked for, if they aren't made: many a node asks for
        none.
        """
        self._made: dict[str, Any] = {}
        self._bound: dict[str, BoundMacro] = {}
        self.note_call: Callable[[str], None] | None = None
        """Told the id of each macro that a template calls itself, and no other macro for it."""

    def _require_names(self) -> None:
        if self.make_names is not None:
            self._names, self._lazy = self.make_names()
            self.make_names = None

    def with_names(self, lazy: Mapping[str, LazyName] | None = None, /, **names: Any) -> Scope:
        """The same scope, in which some names stand for something else."""
        self._require_names()
        return Scope(
            self.macros,
            self.package,
            {**self._names, **names},
            {**self._lazy, **(lazy or {})},
            self.caller,
            self._forced,
        )

    def with_forced(self, forced: Mapping[str, Any]) -> Scope:
        """The same scope, in which some names stand for something else, whatever macros there are.

        A name with a dot, such as `dbt_utils.star`, is a package's macro.
        """
        self._require_names()
        forced = {**self._forced, **forced}
        return Scope(self.macros, self.package, self._names, self._lazy, self.caller, forced)

    def force(self, values: Mapping[str, Any]) -> None:
        """Let names stand for something else here from now on, whatever macros there are."""
        self._forced = {**self._forced, **values}

    def lookup(self, name: str, package: str) -> Any:
        """What a name stands for in a package's templates, or `missing`."""
        if self._forced and name in self._forced:
            return self._forced[name]
        # Whatever package a macro is from, it sees what the node's package sees, so that
        # overrides count inside it.
        macro = self.macros.find(name, self.package)
        if macro is not None:
            return self.bind(macro)
        found = self.context_name(name)
        if found is missing:
            # dbt gives up here; but there is nothing else that the name could mean.
            index = self.macros.index
            other = index.find_in(package, name) or next(iter(index.named(name)), None)
            return missing if other is None else self.bind(other)
        return found

    def context_name(self, name: str) -> Any:
        """A name of the context itself, whatever macros there are."""
        self._require_names()
        if name in self._names:
            return self._names[name]
        if name in self._made:
            return self._made[name]
        factory = self._lazy.get(name)
        if factory is not None:
            value = self._made[name] = factory(self)
            return value
        if name in self.macros.index.packages:
            namespace = self._made[name] = PackageMacros(self, name)
            return namespace
        return missing

    def known_names(self) -> list[str]:
        """Every name that stands for something in the templates of the node's package."""
        self._require_names()
        index = self.macros.index
        macros = index.visible_from(self.package)
        return sorted({*self._names, *self._lazy, *index.by_package, *macros})

    def bind(self, macro: Macro) -> BoundMacro:
        """A macro that can be called in this scope."""
        bound = self._bound.get(macro.unique_id)
        if bound is None:
            bound = self._bound[macro.unique_id] = BoundMacro(self, macro)
        return bound

    def context_names(self) -> list[str]:
        """The names of the context itself, whatever macros there are."""
        self._require_names()
        return sorted({*self._names, *self._lazy})

    def in_package(self, package: str, macro: Macro) -> Any:
        """A macro that was named with its package."""
        forced = self._forced.get(f"{package}.{macro.name}") if self._forced else None
        return forced if forced is not None else self.bind(macro)

    def macro(self, name: str) -> BoundMacro | None:
        """The macro of that name as the node's own package sees it."""
        macro = self.macros.find(name, self.package)
        return self.bind(macro) if macro is not None else None

    def is_built_in(self, name: str) -> bool:
        """Whether a macro is headrace's own all the way, overridden by nobody."""
        return self.macros.is_built_in(name, self.package)

    def is_default(self, name: str) -> bool:
        """Whether a macro does what the built-in one does on every database."""
        return self.macros.index.overrides(name, self.package) is None

    def is_overridden(self, name: str) -> bool:
        """Whether a project has a macro of that name, or of what the built-in one dispatches to."""
        return self.macros.is_overridden(name, self.package)

    async def call_implementation(self, name: str, *arguments: Any) -> Any:
        """As `call_macro`, but straight to what a built-in macro would dispatch to.

        A built-in macro that has implementations by dialect does nothing else itself.
        """
        macro = self.macros.index.implementation(name, self.package)
        if macro is None:
            return await self.call_macro(name, *arguments)
        return await self.bind(macro)(*map(own, arguments))

    async def call_macro(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Call a macro by name, as a template of the node's package would.

        Raises:
            CompilationError: there is none, or it failed.
        """
        bound = self.macro(name)
        if bound is None:
            raise CompilationError(f"'{name}' is undefined: there is no macro of that name.")
        return await bound(*map(own, arguments), **named)


class BoundMacro:
    """A macro in a scope: what a template gets when it names one."""

    __slots__ = ("_macro", "_scope")
    template_names: ClassVar[frozenset[str]] = frozenset(("call_macro", "macro"))

    def __init__(self, scope: Scope, macro: Macro) -> None:
        self._scope = scope
        self._macro = macro

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        if current_budget() is None:
            require_arguments(arguments, named)
            return await metered(self(*arguments, **named))
        macro, note_call = self._macro, self._scope.note_call
        if note_call is not None and CALLING.get(None) is None:
            note_call(macro.unique_id)
        token = CALLING.set(self._scope)
        try:
            macros = self._scope.macros
            function = macros.functions.get(macro.unique_id) or await macros.function(macro)
            return await function(*arguments, **named)
        except MacroReturn as returned:
            return returned.value
        except CompilationError as error:
            raise self._with_frame(error) from error.__cause__
        except (AdapterError, HeadraceError):
            raise
        except Exception as error:
            raise self._translated(error) from error
        finally:
            CALLING.reset(token)

    async def call_macro(self, *arguments: Any, **named: Any) -> Any:
        """A call, by the name that packages know from dbt's own macros."""
        return await self(*arguments, **named)

    def __str__(self) -> str:
        return f"macro {self._macro.name}"

    @property
    def macro(self) -> Any:
        """What is known of the macro: its name, its package, its text."""
        macro = self._macro
        return own(
            {
                "name": macro.name,
                "resource_type": "macro",
                "package_name": macro.package_name,
                "path": macro.path,
                "original_file_path": macro.original_file_path,
                "unique_id": macro.unique_id,
                "macro_sql": macro.macro_sql,
                "arguments": list(macro.arguments),
            }
        )

    @property
    def frame(self) -> Frame:
        return Frame("macro", self._macro.name, macro_path(self._macro))

    def _with_frame(self, error: CompilationError) -> CompilationError:
        location = error.location or self._location(error)
        # A macro that calls itself, or that others call in a circle, stands in the stack once.
        stack = error.stack if self.frame in error.stack else (*error.stack, self.frame)
        kind = TemplateLimitError if isinstance(error, TemplateLimitError) else CompilationError
        return kind(error.problem, location=location, stack=stack)

    def _translated(self, error: Exception) -> CompilationError:
        return CompilationError(
            describe(error), location=self._location(error), stack=(self.frame,)
        )

    def _location(self, error: Exception) -> Location | None:
        """The macro's line that an error came through.

        None where the call itself was wrong, and in a built-in macro: then it is up to whoever
        called it.
        """
        if self._macro.package_name == BUILTIN_PACKAGE:
            return None
        path = macro_path(self._macro)
        template = self._scope.macros.template(self._macro)
        line = template_line(template, path, error.__traceback__)
        return None if line is None else Location(path, line)


class PackageMacros(Mapping[str, Any]):
    """`package.` in a template: the macros of one package, by attribute and by key."""

    __slots__ = ("_package", "_scope")
    template_names: ClassVar[frozenset[str]] = frozenset(
        ("get", "items", "keys", "update", "values")
    )

    def __init__(self, scope: Scope, package: str) -> None:
        self._scope = scope
        self._package = package

    def __getitem__(self, name: str) -> Any:
        macro = self._scope.macros.index.find_in(self._package, name)
        if macro is None:
            raise KeyError(name)
        return self._scope.in_package(self._package, macro)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope.macros.index.by_package.get(self._package, ()))

    def __len__(self) -> int:
        return len(self._scope.macros.index.by_package.get(self._package, ()))

    def update(self, values: Mapping[str, Any]) -> None:
        """Let macros of the package stand for something else here from now on."""
        self._scope.force({f"{self._package}.{name}": value for name, value in values.items()})
