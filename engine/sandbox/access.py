"""What templates have: the types of their values, and the names that each type shows.

Both are lists of what is allowed. An attribute is looked up only if its type's table has the
name, and a value of a type that isn't here is given to no template, wherever it comes from.

A class of ours says what it shows: `template_names`, a class variable with a set of names. Items
and calls are those of its `__getitem__` and `__call__`. What is derived from such a class, or
from a plain type of Python's, shows what that one shows. `template_lacks` are the names that
dbt's objects of that kind have besides, each with a reason: to use one is an error that says it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from types import BuiltinFunctionType, MappingProxyType, MethodDescriptorType
from typing import Any, NamedTuple, NoReturn

from jinja2.exceptions import SecurityError
from jinja2.utils import missing

from .classes import is_shown_class, names_of_class
from .types import CALLED, ITEMS, JINJA, NO_NAMES, OPAQUE, PLAIN

TABLE = "template_names"
LACKS = "template_lacks"


class Access(NamedTuple):
    """What a template may do with a type's objects.

    Attributes:
        names: the attributes that there are.
        has_items: whether it may be asked for items.
        is_called: whether it may be called.
        is_shown: whether templates have such objects at all.
        is_judged: whether each object is to be looked at by itself, as a class is.
        read: gives the attribute of a name, or `missing`, where Python's own way won't do.
        lacks: the names that dbt's own objects have besides, and why these haven't.
        is_direct: whether it is called with its arguments alone, and what it gives is awaited:
            Jinja has nothing to look for then.
    """

    names: frozenset[str] = frozenset()
    has_items: bool = False
    is_called: bool = False
    is_shown: bool = True
    is_judged: bool = False
    read: Callable[[Any, str], Any] | None = None
    lacks: Mapping[str, str] = MappingProxyType({})
    is_direct: bool = False


_REFUSED = Access(is_shown=False)
_CLASS = Access(
    is_called=True,
    is_judged=True,
    read=lambda kind, name: getattr(kind, name) if name in names_of_class(kind) else missing,
)
_BUILT_IN = Access(is_called=True, is_judged=True)


class _Accesses(dict[type, Access]):
    """What is known of the types that were met; looks the others up."""

    def __missing__(self, kind: type) -> Access:
        access = self[kind] = _access(kind)
        if access.is_shown and not access.is_judged:
            SHOWN.add(kind)
        return access


SHOWN: set[type] = set()
"""The types of which templates have any object, as far as they were met: the quick answer."""

ACCESS = _Accesses()
"""What a template may do with the objects of a type."""


def checked(value: Any) -> Any:
    """A value on its way to a template.

    Raises:
        SecurityError: it is of no type that templates have.
    """
    if type(value) not in SHOWN and not _is_shown(value):
        refuse(value)
    return value


def refuse(value: Any) -> NoReturn:
    """Say that a value is nothing for a template."""
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    raise SecurityError(f"no template has a {kind}")


def _is_shown(value: Any) -> bool:
    access = ACCESS[type(value)]
    if not access.is_judged:
        return access.is_shown
    if access is _CLASS:
        return is_shown_class(value)
    # A function of a module's own has the module, or nothing, in the place of an owner.
    owner = value.__objclass__ if type(value) is MethodDescriptorType else value.__self__
    if owner is None:
        return bool(value == str.maketrans)  # which a text has, and which needs none
    if isinstance(owner, type):
        return value.__name__ in names_of_class(owner)
    return value.__name__ in ACCESS[type(owner)].names


def _access(kind: type) -> Access:
    if issubclass(kind, type):
        return _CLASS
    if issubclass(kind, BuiltinFunctionType | MethodDescriptorType):
        return _BUILT_IN
    if kind in JINJA:
        names, has_items, is_called, read = JINJA[kind]
        return Access(names, has_items, is_called, read=read)
    if kind in OPAQUE:
        return Access(is_called=kind in CALLED)
    declared = _declared(kind)
    plain = next((base for base in kind.__mro__ if base in PLAIN), None)
    if declared is None and plain is None:
        known = next((base for base in kind.__mro__ if base in JINJA), None)
        return _REFUSED if known is None else _access(known)
    return Access(
        (declared or NO_NAMES) | (PLAIN[plain] if plain else NO_NAMES),
        has_items=plain in ITEMS if declared is None else hasattr(kind, "__getitem__"),
        is_called=declared is not None and any("__call__" in vars(base) for base in kind.__mro__),
        lacks=getattr(kind, LACKS, {}) if declared is not None else {},
        is_direct=declared is not None and _is_direct(kind),
    )


def _is_direct(kind: type) -> bool:
    call = kind.__dict__.get("__call__")
    return iscoroutinefunction(call) and not hasattr(call, "jinja_pass_arg")


def _declared(kind: type) -> frozenset[str] | None:
    """The names that a class of ours says it shows."""
    for base in kind.__mro__:
        names = base.__dict__.get(TABLE)
        if isinstance(names, frozenset):
            return names
    return None
