"""Text from outside, made fit for a terminal and a log: names, messages, SQL.

A name or a database's error text can hold anything: terminal escapes, forged log lines,
a million characters, a secret. Each is taken care of here, in the one order that is safe:
secrets out while the text is whole, then cut, then escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from msgspec import Struct

Scrub = Callable[[str], str]
"""Takes secrets out of a text."""

NAME_LIMIT = 500
"""Characters of a name or any other one-line text that are shown."""
MESSAGE_LIMIT = 10_000
"""Characters of a message in a log that are shown."""
ARTIFACT_MESSAGE_LIMIT = 100_000
"""Characters of a message in an artifact that are kept."""

# C0 and C1 controls (ESC and CSI among them), line separators, the bidirectional overrides
# that make text read otherwise than it is (CVE-2021-42574), and lone surrogates.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape_line(text: str) -> str:
    """The text on one line, with everything that could steer a terminal spelled out."""
    if text.isprintable():
        return text
    return _HARMFUL.sub(_spelled_out, text)


def escape_block(text: str) -> str:
    """As `escape_line`, but line ends and tabs stay: a block keeps its lines."""
    text = text.replace("\r\n", "\n")
    return _HARMFUL.sub(lambda m: m[0] if m[0] in "\n\t" else _spelled_out(m), text)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with a note of the full length where some are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… [cut: the first {limit:,} of {len(text):,} characters]"


def indented(heading: str, body: Iterable[str]) -> str:
    """A heading, and the lines of a block two columns in."""
    return "\n".join([heading, *(f"  {line}".rstrip() for line in body)]).rstrip()


def column_width(text: str) -> int:
    """How many terminal columns a line takes: wide East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


class Cleaner(Struct, frozen=True):
    """Makes text from outside fit to be shown: scrubbed, cut, escaped."""

    scrub: Scrub | None = None

    def name(self, text: str) -> str:
        """One line, at most `NAME_LIMIT` characters."""
        if self.scrub:
            text = self.scrub(text)
        # As nearly all are: a log has dozens of names for each node.
        if len(text) <= NAME_LIMIT and text.isprintable():
            return text
        return escape_line(cut(text, NAME_LIMIT))

    def message(self, text: str) -> str:
        """A block of lines, at most `MESSAGE_LIMIT` characters, without blank ends."""
        return escape_block(cut(self._scrubbed(text).strip("\r\n"), MESSAGE_LIMIT))

    def _scrubbed(self, text: str) -> str:
        return self.scrub(text) if self.scrub else text


def _spelled_out(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
