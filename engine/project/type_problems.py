"""What msgspec finds wrong with a YAML value, in the words of those who write YAML."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

_MESSAGE = re.compile(r"(?P<text>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?$")
_WRONG = re.compile(r"Expected `(.+?)`(?: (\S+ \S+?))?(?:, got `(.+?)`)?$")
_MISSING = re.compile(r"Object missing required field `(.+)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_NOUNS = {
    "str": "a text",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}


class TypeProblem(Struct, frozen=True):
    """`text` is a clause without a full stop; `steps` lead to the value that it speaks of."""

    text: str
    steps: tuple[str | int, ...]

    @property
    def path(self) -> str:
        """The steps as people write them: `arguments.0.name`."""
        return ".".join(map(str, self.steps))


def read_type_problem(error: msgspec.ValidationError) -> TypeProblem:
    """What a conversion failed for."""
    message = _MESSAGE.match(str(error))
    assert message is not None  # every text has that shape
    text = _in_words(message["text"])
    if message["key"]:
        text = f"a key there: {text}"
    steps = _STEP.findall(message["path"] or "")
    return TypeProblem(text, tuple(name or int(number) for name, number in steps))


def _in_words(text: str) -> str:
    if missing := _MISSING.match(text):
        return f"there is no '{missing[1]}'"
    wrong = _WRONG.match(text)
    if wrong is None:
        return text[:1].lower() + text[1:]
    wanted, limit, given = wrong.groups()
    # Two kinds of number are one kind of value, and what may be empty is best left out.
    nouns = dict.fromkeys(_noun(name) for name in wanted.split(" | ") if name != "null")
    return (
        f"it must be {' or '.join(nouns)}"
        f"{f' {limit}' if limit else ''}"
        f"{f', but it is {_noun(given)}' if given else ''}"
    )


def _noun(name: str) -> str:
    return _NOUNS.get(name, f"a {name}")
