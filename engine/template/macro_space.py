"""The macros of a project, compiled when they are first called, for every scope alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import cache
from typing import Any

from jinja2 import Template

from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.jinja.syntax import MACRO_PREFIX
from ..manifest.nodes.macro import Macro
from .questions import WatchedIndex
from .template_environment import NameSource, ScopeContext, TemplateEnvironment

# Jinja binds a macro's free names to the context that its file was run in. That context asks
# this variable, so that one run of the file serves every node: each is built in its own task.
CALLING: ContextVar[NameSource] = ContextVar("headrace_calling_scope")


class MacroReturn(Exception):  # noqa: N818 # it carries a value, not a failure
    """`return(value)`: leaves the macro that it stands in, with the value's Python type."""

    def __init__(self, value: Any) -> None:
        self.value = value
        super().__init__("return() stands outside of a macro")


class _CallingScope:
    """Looks names up in the scope of whichever node is calling."""

    def lookup(self, name: str, package: str) -> Any:
        return CALLING.get().lookup(name, package)


class MacroSpace:
    """The macros of a project, compiled when they are first called."""

    def __init__(self, index: MacroIndex | WatchedIndex, environment: TemplateEnvironment) -> None:
        self.index = index
        self.environment = environment
        self.find = index.find
        self.is_built_in = index.is_built_in
        self.is_overridden = index.is_overridden
        if not isinstance(index, WatchedIndex):  # which notes each question
            self.find = cache(index.find)
            self.is_built_in = cache(index.is_built_in)
            self.is_overridden = cache(index.is_overridden)
        self._templates: dict[tuple[str, str], Template] = {}
        self.functions: dict[str, Callable[..., Awaitable[Any]]] = {}
        """Those that `function` has made already, for any scope."""

    def template(self, macro: Macro) -> Template:
        """The compiled file that a macro stands in."""
        key = (macro.package_name, macro.original_file_path)
        template = self._templates.get(key)
        if template is None:
            source = self.index.files[key].macros_alone
            path = macro_path(macro)
            template = self.environment.template(source, path, is_macro_file=True)
            self._templates[key] = template
        return template

    async def function(self, macro: Macro) -> Callable[..., Awaitable[Any]]:
        """The macro as Jinja made it, for calls in any scope."""
        function = self.functions.get(macro.unique_id)
        if function is None:
            template = self.template(macro)
            scope = _CallingScope()
            context = ScopeContext(self.environment, template, scope, macro.package_name)
            async for _ in template.root_render_func(context):  # type: ignore[attr-defined] # asynchronous
                pass
            function = context.vars[MACRO_PREFIX + macro.name]
            if not macro.file_has_state:
                self.functions[macro.unique_id] = function
        return function


def macro_path(macro: Macro) -> str:
    """A macro's file as a stack shows it, with its package where that says more."""
    if macro.package_name == BUILTIN_PACKAGE:
        return f"{BUILTIN_PACKAGE}/{macro.original_file_path}"
    return macro.original_file_path
