"""Scopes and macros: what a name means while one node is rendered.

A scope belongs to one node in one phase. Macro files are compiled once a session, and their top
level is run once as well: a macro's free names are looked up when it is called, in the scope of
the node that calls it. A file that does more than define macros is run for each call, as in dbt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar

from jinja2 import Template
from jinja2.utils import missing

from ...adapters.errors import AdapterError
from ..core.errors import (
    CompilationError,
    Frame,
    HeadraceError,
    Location,
)
from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.jinja.syntax import MACRO_PREFIX
from ..manifest.nodes.macro import Macro
from ..sandbox.budget import current_budget, metered
from ..sandbox.callables import require_arguments
from ..sandbox.owned import own
from .template_environment import (
    ScopeContext,
    TemplateEnvironment,
    template_line,
)
from .wording import describe

LazyName = Callable[["Scope"], Any]

# Jinja binds a macro's free names to the context that its file was run in. That context asks
# this variable, so that one run of the file serves every node: each is built in its own task.
_calling: ContextVar[Scope] = ContextVar("headrace_calling_scope")


class MacroReturn(Exception):  # noqa: N818 # it carries a value, not a failure
    """`return(value)`: leaves the macro that it stands in, with the value's Python type."""

    def __init__(self, value: Any) -> None:
        self.value = value
        super().__init__("return() stands outside of a macro")


class _CallingScope:
    """Looks names up in the scope of whichever node is calling."""

    def lookup(self, name: str, package: str) -> Any:
        return _calling.get().lookup(name, package)


class MacroSpace:
    """The macros of a project, compiled when they are first called."""

    def __init__(self, index: MacroIndex, environment: TemplateEnvironment) -> None:
        self.index = index
        self.environment = environment
        self._templates: dict[tuple[str, str], Template] = {}
        self._functions: dict[str, Callable[..., Awaitable[Any]]] = {}

    def template(self, macro: Macro) -> Template:
        """The compiled file that a macro stands in."""
        key = (macro.package_name, macro.original_file_path)
        template = self._templates.get(key)
        if template is None:
            source = self.index.files[key].source
            path = macro_path(macro)
            template = self.environment.template(source, path, is_macro_file=True)
            self._templates[key] = template
        return template

    async def function(self, macro: Macro) -> Callable[..., Awaitable[Any]]:
        """The macro as Jinja made it, for calls in any scope."""
        function = self._functions.get(macro.unique_id)
        if function is None:
            template = self.template(macro)
            scope = _CallingScope()
            context = ScopeContext(self.environment, template, scope, macro.package_name)
            async for _ in template.root_render_func(context):  # type: ignore[attr-defined] # asynchronous
                pass
            function = context.vars[MACRO_PREFIX + macro.name]
            if not macro.file_has_state:
                self._functions[macro.unique_id] = function
        return function


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
        self._made: dict[str, Any] = {}
        self._bound: dict[str, BoundMacro] = {}

    def with_names(self, lazy: Mapping[str, LazyName] | None = None, /, **names: Any) -> Scope:
        """The same scope, in which some names stand for something else."""
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
        macro = self.macros.index.find(name, self.package)
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
        if name in self._names:
            return self._names[name]
        if name in self._made:
            return self._made[name]
        factory = self._lazy.get(name)
        if factory is not None:
            value = self._made[name] = factory(self)
            return value
        if name in self.macros.index.by_package:
            namespace = self._made[name] = PackageMacros(self, name)
            return namespace
        return missing

    def known_names(self) -> list[str]:
        """Every name that stands for something in the templates of the node's package."""
        index = self.macros.index
        macros = index.visible_from(self.package)
        return sorted({*self._names, *self._lazy, *index.by_package, *macros})

    def bind(self, macro: Macro) -> BoundMacro:
        """A macro that can be called in this scope."""
        bound = self._bound.get(macro.unique_id)
        if bound is None:
            bound = self._bound[macro.unique_id] = BoundMacro(self, macro)
        return bound

    def in_package(self, package: str, macro: Macro) -> Any:
        """A macro that was named with its package."""
        forced = self._forced.get(f"{package}.{macro.name}") if self._forced else None
        return forced if forced is not None else self.bind(macro)

    def macro(self, name: str) -> BoundMacro | None:
        """The macro of that name as the node's own package sees it."""
        macro = self.macros.index.find(name, self.package)
        return self.bind(macro) if macro is not None else None

    def is_built_in(self, name: str) -> bool:
        """Whether a macro is headrace's own all the way, overridden by nobody."""
        macro = self.macros.index.implementation(name, self.package)
        return macro is not None and macro.package_name == BUILTIN_PACKAGE

    def is_overridden(self, name: str) -> bool:
        """Whether a project has a macro of that name, or of what the built-in one dispatches to."""
        macro = self.macros.index.find(name, self.package)
        if macro is None or macro.package_name != BUILTIN_PACKAGE:
            return macro is not None
        implementation = self.macros.index.implementation(name, self.package)
        return implementation is not None and implementation.package_name != BUILTIN_PACKAGE

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
    template_names: ClassVar[frozenset[str]] = frozenset(("call_macro",))

    def __init__(self, scope: Scope, macro: Macro) -> None:
        self._scope = scope
        self._macro = macro

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        if current_budget() is None:
            require_arguments(arguments, named)
            return await metered(self(*arguments, **named))
        macro = self._macro
        token = _calling.set(self._scope)
        try:
            function = await self._scope.macros.function(macro)
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
            _calling.reset(token)

    async def call_macro(self, *arguments: Any, **named: Any) -> Any:
        """A call, by the name that packages know from dbt's own macros."""
        return await self(*arguments, **named)

    def __str__(self) -> str:
        return f"macro {self._macro.name}"

    @property
    def frame(self) -> Frame:
        return Frame("macro", self._macro.name, macro_path(self._macro))

    def _with_frame(self, error: CompilationError) -> CompilationError:
        location = error.location or self._location(error)
        # A macro that calls itself, or that others call in a circle, stands in the stack once.
        stack = error.stack if self.frame in error.stack else (*error.stack, self.frame)
        return CompilationError(error.problem, location=location, stack=stack)

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


class ContextNames:
    """`context` in a template: whatever a name stands for there, for names that are computed.

    What a template puts into it stands for that in all of its node's templates from then on.
    """

    __slots__ = ("_scope",)
    template_names: ClassVar[frozenset[str]] = frozenset(("get", "keys", "update", "setdefault"))

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Any:
        found = self._scope.lookup(name, self._scope.package)
        if found is missing:
            raise KeyError(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self._scope.lookup(name, self._scope.package) is not missing

    def get(self, name: str, default: Any = None) -> Any:
        found = self._scope.lookup(name, self._scope.package)
        return default if found is missing else found

    def keys(self) -> list[str]:
        return self._scope.known_names()

    def update(self, values: Mapping[str, Any]) -> None:
        self._scope.force(values)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self._scope.force({name: default})
        return self[name]


class Builtins:
    """`builtins` in a template: the names of the context, whatever macros hide them."""

    __slots__ = ("_scope",)
    template_names: ClassVar[frozenset[str]] = frozenset(("get",))

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Any:
        found = self._scope.context_name(name)
        if found is missing:
            raise KeyError(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self._scope.context_name(name) is not missing

    def get(self, name: str, default: Any = None) -> Any:
        found = self._scope.context_name(name)
        return default if found is missing else found


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


def macro_path(macro: Macro) -> str:
    """A macro's file as a stack shows it, with its package where that says more."""
    if macro.package_name == BUILTIN_PACKAGE:
        return f"{BUILTIN_PACKAGE}/{macro.original_file_path}"
    return macro.original_file_path
