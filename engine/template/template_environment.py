"""The Jinja environment, and how one template is rendered.

Rendering is asynchronous, so that template functions may be an adapter's own coroutines. Where
nothing awaits the database, `drive` runs it without an event loop.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from types import CodeType, TracebackType
from typing import Any, Protocol, TypeVar

from jinja2 import ChainableUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context
from jinja2.utils import missing

from ..core.errors import CompilationError, Location
from ..manifest.jinja.syntax import SyntaxEnvironment, prefix_macros
from ..sandbox.budget import MAX_TEXT, budgeted, metered, too_long
from ..sandbox.operators import concatenate
from ..sandbox.runtime import watch
from .code_store import CodeStore
from .dbt.dbt_filters import FILTERS

T = TypeVar("T")


class NameSource(Protocol):
    """Where a template's free names come from."""

    def lookup(self, name: str, package: str) -> Any:
        """What a name stands for in a package's templates, or `missing`."""


class ScopeContext(Context):
    """A template's context that asks a scope for names, only for those that are used."""

    def __init__(
        self, environment: TemplateEnvironment, template: Template, scope: NameSource, package: str
    ) -> None:
        super().__init__(environment, environment.globals, template.name, template.blocks)
        self._scope = scope
        self._package = package

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        found = self._scope.lookup(key, self._package)
        if found is missing and key in self.parent:
            return self.parent[key]
        return found


class LenientUndefined(ChainableUndefined):
    """While parsing, an unknown name may be called and looked into: it is judged later."""

    def __call__(self, *args: Any, **kwargs: Any) -> LenientUndefined:  # type: ignore[override] # Jinja's own always raises
        return self


class CodeCache:
    """Compiled templates, by their path and text, for every environment of a session.

    What isn't among them is looked for in a store, which other processes share; `flush()` puts
    what was compiled since there, but for a text with a secret in it.

    Attributes:
        compiled: how many texts were compiled, and not found.
    """

    def __init__(
        self,
        store: CodeStore | None = None,
        is_secret: Callable[[object], bool] = lambda value: False,
    ) -> None:
        self.compiled = 0
        self._store = store
        self._is_secret = is_secret
        self._codes: dict[tuple[str, str, bool], CodeType] = {}
        self._new: dict[str, CodeType] = {}

    def code(
        self, path: str, source: str, make: Callable[[], CodeType], *, is_macro_file: bool
    ) -> CodeType:
        """The code of a text; `make` compiles it, where nobody has."""
        key = (path, source, is_macro_file)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = self._stored(path, source, make, is_macro_file)
        return code

    def flush(self) -> None:
        """Write what was compiled to the store; blocks, and never raises."""
        if self._store is not None and self._new:
            codes, self._new = self._new, {}
            self._store.write(codes.items())

    def _stored(
        self, path: str, source: str, make: Callable[[], CodeType], is_macro_file: bool
    ) -> CodeType:
        if self._store is None:
            self.compiled += 1
            return make()
        name = self._store.key(path, source, is_macro_file=is_macro_file)
        code = self._store.read(name)
        if code is None:
            self.compiled += 1
            code = make()
            if not self._is_secret(source):
                self._new[name] = code
        return code


class TemplateEnvironment(SyntaxEnvironment):
    """dbt's Jinja, ready to run."""

    def __init__(self, codes: CodeCache, undefined: type[Undefined] = Undefined) -> None:
        super().__init__(enable_async=True, undefined=undefined)
        use_synchronous_filters(self)
        self.filters.update(FILTERS)
        self._codes = codes

    def template(self, source: str, path: str, *, is_macro_file: bool = False) -> Template:
        """A template ready to render.

        Raises:
            CompilationError: it isn't Jinja.
        """

        def compiled() -> CodeType:
            tree = self.syntax_tree(source, path)
            if is_macro_file:
                prefix_macros(tree)
            return self._compile_tree(tree, path)

        code = self._codes.code(path, source, compiled, is_macro_file=is_macro_file)
        return watch(self.template_class.from_code(self, code, {}))

    def _compile_tree(self, tree: nodes.Template, path: str) -> CodeType:
        try:
            return self.compile(tree, name=path, filename=path)
        except TemplateSyntaxError as error:
            raise CompilationError(
                error.message or "syntax error", location=Location(path, error.lineno)
            ) from error


def use_synchronous_filters(environment: TemplateEnvironment) -> None:
    """Put the synchronous bodies of filters and tests back.

    With `enable_async`, Jinja turns `map`, `select`, `reject` and their like into asynchronous
    generators, which `| list` accepts but `| length`, indexing and Python code do not.
    """
    for registry in (environment.filters, environment.tests):
        for name, function in registry.items():
            if getattr(function, "jinja_async_variant", False):
                registry[name] = getattr(function, "__wrapped__")  # noqa: B009 # a plain attribute is unknown to mypy


async def render(template: Template, context: Context) -> str:
    """The text of a template in a context, under a budget.

    Raises:
        TemplateLimitError: it goes on without end, or makes too much.
    """
    return await metered(_render(template, context))


async def _render(template: Template, context: Context) -> str:
    chunks: AsyncGenerator[str, None] = template.root_render_func(context)  # type: ignore[assignment] # asynchronous with enable_async
    texts, size = [], 0
    async for chunk in chunks:
        texts.append(chunk)
        size += len(chunk)
        if size > MAX_TEXT:
            # Raised where the template is, so that the traceback knows its line.
            await chunks.athrow(too_long(size))
    return concatenate(texts)


def drive(coroutine: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
    """Run a coroutine that has nothing to wait for, to its end, without an event loop.

    Raises:
        RuntimeError: it waited after all, which is a bug of ours.
    """
    steps = coroutine.__await__()
    try:
        with budgeted():
            next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("a template waited for something while parsing")


def template_line(template: Template, path: str, trace: TracebackType | None) -> int | None:
    """The template's line that a traceback passes through, innermost where several do."""
    line = None
    for frame, lineno in traceback.walk_tb(trace):
        if frame.f_code.co_filename == path:
            line = template.get_corresponding_lineno(lineno)
    return line
