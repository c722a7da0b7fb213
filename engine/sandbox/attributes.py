"""Which attributes and values a template may not have, beyond those that Jinja keeps from it.

Jinja's sandbox keeps names with an underscore from templates, and frames and code. Here is what
else leads out of it in an asynchronous program: a coroutine shows what it waits for, and with it
the event loop; a `partial` shows its function; a module everything.
"""

from __future__ import annotations

import asyncio
import builtins
import functools
import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from functools import lru_cache
from io import IOBase
from os import PathLike
from threading import Thread
from typing import Any, cast

from jinja2 import Environment, Template
from jinja2.runtime import Context

from ...adapters.base import Adapter, Connection, Target

_OPAQUE: tuple[type, ...] = (
    Coroutine,
    Generator,
    AsyncGenerator,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    property,
    classmethod,
    staticmethod,
    functools.partial,
    functools.partialmethod,
    functools.cached_property,
    BaseException,
)
"""Types whose objects may be called, or passed on, but not looked into."""

FORBIDDEN: tuple[type, ...] = (
    types.ModuleType,
    types.FrameType,
    types.CodeType,
    types.TracebackType,
    types.CellType,
    IOBase,
    PathLike,
    asyncio.AbstractEventLoop,
    asyncio.Future,
    Future,
    Executor,
    Thread,
    Environment,
    Template,
    Context,
    Adapter,
    Connection,
    Target,
)
"""Types of which a template has no object."""

_ALL_OPAQUE = (*_OPAQUE, *FORBIDDEN)

_FORBIDDEN_CALLS = frozenset(
    id(getattr(builtins, name))
    for name in (
        "eval exec compile open __import__ getattr setattr delattr hasattr vars dir globals locals "
        "input breakpoint type object super memoryview id help exit quit classmethod property"
    ).split()
    if hasattr(builtins, name)
)


def _is_opaque(kind: type) -> bool:
    return issubclass(kind, _ALL_OPAQUE)


def _is_forbidden(kind: type) -> bool:
    return issubclass(kind, FORBIDDEN)


is_opaque = cast(Callable[[type], bool], lru_cache(maxsize=4096)(_is_opaque))
"""Whether a type's objects show nothing of themselves."""

is_forbidden = cast(Callable[[type], bool], lru_cache(maxsize=4096)(_is_forbidden))
"""Whether templates have no object of a type."""


def is_forbidden_call(function: Any) -> bool:
    """Whether a function or a class is Python's own means to get at anything."""
    return id(function) in _FORBIDDEN_CALLS
