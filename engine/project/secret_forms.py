"""The ways in which a secret may stand in a text, as one regular expression for each secret.

A password is a name's part in one place, and stands in quotation marks there: a quotation mark in
it is doubled. It is a piece of JSON in another, with backslashes, or of a URL, with percent signs,
and these come upon each other. So each of its characters is looked for in every form that it may
have; letters and digits have one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_LONGEST = 200
"""A secret with more characters is a key or a document, which nobody takes for a name."""

# Escaped four times over. Without an end, a text of nothing but backslashes would take for ever.
_BACKSLASHES = r"\\{0,15}"
_ESCAPED = r"\\{1,15}"
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\0": "0"}
_ENTITIES = {"'": "apos", '"': "quot", "&": "amp", "<": "lt", ">": "gt"}


def pattern_of(secret: str) -> str:
    """A regular expression for a secret, in whatever way it is written.

    Of a longer one, such as a private key, the lines are looked for one by one as well: as a
    whole it is found as it is, or as JSON has it.
    """
    if len(secret) > _LONGEST:
        in_json = (json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
        return "|".join(re.escape(form) for form in dict.fromkeys((secret, *in_json)))
    return "".join(_run(character, len(list(run))) for character, run in groupby(secret))


def folded(secret: str) -> Iterator[str]:
    """A secret as a database may write it that knows names in one case only."""
    if len(secret) <= _LONGEST and secret.isascii():
        yield from {secret.upper(), secret.lower()} - {secret}


def trace_of(secret: str) -> str:
    """The longest part of a secret that is the same in all its forms, but for the case."""
    return max(_ALPHANUMERIC.findall(secret), key=len, default="").lower()


def _run(character: str, count: int) -> str:
    """A character that stands `count` times: doubled, and again, four times as often."""
    if _PLAIN.fullmatch(character):
        return re.escape(character) * count
    if character == "\\":
        # Escaped once it is doubled, and each further time again.
        encoded = r"%{1,2}(?:25)?5[cC]|\\u005[cC]"
        return rf"(?:(?:{encoded}){{{count}}}|\\{{{count},{16 * count}}})"
    return f"(?:{'|'.join(_forms(character))}){{{count},{4 * count}}}"


def _forms(character: str) -> Iterator[str]:
    """The longer forms first: some begin as the shortest does."""
    code = ord(character)
    units = "".join(f"{_ESCAPED}u{unit}" for unit in _utf16(character))
    numbers = [f"{_hex(f'U{code:08x}')}"] + ([_hex(f"x{code:02x}")] if code < 0x100 else [])
    if short := _SHORT_ESCAPES.get(character):
        numbers.append(short)
    yield rf"{units}|{_ESCAPED}(?:{'|'.join(numbers)})"
    encoded = character.encode("utf-8", "surrogatepass")
    yield "".join(f"%{{1,2}}(?:25)?{_hex(f'{byte:02x}')}" for byte in encoded)
    if character == " ":
        yield r"\+|%2[bB]"
    if character in _ENTITIES:
        yield f"&(?:amp;){{0,3}}(?:{_ENTITIES[character]}|#0*{code}|#[xX]0*{_hex(f'{code:x}')});"
    yield _BACKSLASHES + re.escape(character)


def _utf16(character: str) -> Iterator[str]:
    """`00e9`, or the two halves of a character beyond the first 65,536."""
    data = character.encode("utf-16-be", "surrogatepass")
    return (_hex(data[start : start + 2].hex()) for start in range(0, len(data), 2))


def _hex(digits: str) -> str:
    """Digits whose case is up to the writer."""
    return re.sub("[a-f]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", digits)
