"""Template functions that macros have beside those of every template: `return`, `validation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from ...core.errors import CompilationError
from ...sandbox.allowed_names import Names
from ...sandbox.handed import printed
from ...sandbox.plain_functions import PLAIN_FUNCTIONS
from ..macro_space import MacroReturn


def return_value(data: Any = None) -> Any:
    """`return(x)` in a macro."""
    raise MacroReturn(data)


return_value.__qualname__ = "return"  # for Python's messages


def validate_any(*wanted: Any) -> Callable[[Any], None]:
    """`validation.any['a', 'b', list]`: a check that a value is one of those, or of such a type."""

    def check(value: Any) -> None:
        types = tuple(one for one in wanted if isinstance(one, type))
        if isinstance(value, types) or value in wanted:
            return
        listed = ",".join(map(printed, wanted))
        raise CompilationError(f'Expected value "{printed(value)}" to be one of {listed}')

    return check


class AnyOf:
    """`validation.any`, called with parentheses or with brackets."""

    template_names: ClassVar[frozenset[str]] = frozenset()

    def __call__(self, *wanted: Any) -> Callable[[Any], None]:
        return validate_any(*wanted)

    def __getitem__(self, wanted: Any) -> Callable[[Any], None]:
        return validate_any(*(wanted if isinstance(wanted, tuple) else (wanted,)))


VALIDATION = Names({"any": AnyOf()})
"""`validation` in a template."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"return": return_value, **PLAIN_FUNCTIONS}
)
"""The functions of every template, in every phase."""
