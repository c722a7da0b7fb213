"""What a template says by itself: its calls, its configuration, the names that it uses."""

from __future__ import annotations

from .literal_template import scan_literal_template
from .scanner import Scan, scan
from .syntax import SyntaxEnvironment


def read_template(syntax: SyntaxEnvironment, text: str, path: str) -> Scan:
    """A template's needs: off its text where it is text and literal calls, else off its tree.

    Raises:
        CompilationError: it isn't Jinja, or is nested too deeply.
    """
    found = scan_literal_template(text)
    return scan(syntax, text, path) if found is None else found
