"""The comment that every statement carries, so that the database's own logs say whose it is."""

from __future__ import annotations

from msgspec import Struct


class StatementComment(Struct, frozen=True):
    """A comment in front of SQL, or behind it. `text` is without its marks, and not empty."""

    text: str
    is_appended: bool = False

    @property
    def before(self) -> str:
        return "" if self.is_appended else f"/* {self.text} */\n"

    @property
    def after(self) -> str:
        return f"\n/* {self.text} */" if self.is_appended else ""

    def on(self, sql: str) -> str:
        """SQL with its comment. One that goes behind stands before a last semicolon."""
        if not self.is_appended:
            return f"/* {self.text} */\n{sql}"
        text = sql.rstrip()
        if text.endswith(";"):
            return f"{text[:-1]}{self.after};"
        return text + self.after
