"""What Python and Jinja raise out of a template, in words for the template's author."""

from __future__ import annotations

import re

from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from ..manifest.jinja.syntax import MACRO_PREFIX
from ..sandbox.calls import call_problem

_OUR_OBJECT = re.compile(r"'headrace\.[\w.]+ object' has no attribute ('\w+')")


def describe(error: Exception) -> str:
    """An exception out of a template, in words for its author."""
    text = str(error).replace(MACRO_PREFIX, "")
    if isinstance(error, UndefinedError):
        text = _OUR_OBJECT.sub(r"\1 is undefined", text)
        return (
            f"{text}. This can happen when calling a macro that does not exist. "
            'Check for typos and/or install package dependencies with "headrace deps".'
        )
    if isinstance(error, SecurityError):
        return f"the template may not do this: {text}"
    if isinstance(error, RecursionError):
        return (
            "the macros call each other deeper than Python lets them, some 230 of them. Check "
            "where they end, or use a loop."
        )
    if misfit := call_problem(error):
        return misfit.replace(MACRO_PREFIX, "")
    if isinstance(error, (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError)):
        return f"{type(error).__name__}: {text}"
    return text or type(error).__name__
