"""Macros read off their text, without Jinja's parser: for those that come with headrace.

There are hundreds of them, in a style that we know, and a parse that has no cache yet would spend
more time on their syntax trees than on a project's. A test holds what is read here to what the
trees say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..nodes.macro import Macro
from .blocks import find_blocks, without_comments
from .macro_file import MACRO_WORDS, MacroFile, effects_in, languages_of

_HEAD = re.compile(r"\s*(?P<name>\w+)\s*\((?P<signature>.*)\)\s*\Z", re.DOTALL)
_CODE = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?(.*?)-?%\}", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_DISPATCH = re.compile(r"\.dispatch\(\s*'(\w+)'(?:,\s*'(\w+)')?")
_TARGETS = re.compile(r"^\s*(?:set|for)\s+([\w\s,]+?)\s*(?:=(?!=)|\bin\b|$)")
_CALL_TARGETS = re.compile(r"^\s*call\s*\(([\w\s,]*)\)")
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?(?=(\s*=(?!=))?)")
_NOT_A_NAME = re.compile(r"(?:\||\bis|\bis\s+not)\s*$")
_WORDS = frozenset(
    "if elif else endif for endfor in is not and or set endset do call endcall return_ true false "
    "none True False None recursive macro endmacro filter endfilter".split()
)


def read_plain_macros(file: MacroFile) -> Iterator[Macro]:
    """The macros of a file that holds nothing but macros, comments and blank lines."""
    source = without_comments(file.source)
    effects = effects_in(file)
    for block in find_blocks(source, MACRO_WORDS):
        opening = block.opening
        if opening is None or (head := _HEAD.match(opening.rest)) is None:
            continue
        arguments, defaults = _signature(head["signature"])
        names, dispatched = _reads(block.content, defaults)
        names -= {*arguments}
        name = ("test_" if opening.word == "test" else "") + head["name"]
        yield Macro(
            unique_id=f"macro.{file.package_name}.{name}",
            name=name,
            package_name=file.package_name,
            path=file.path,
            original_file_path=file.original_file_path,
            line=block.line_of(opening.start),
            arguments=tuple(arguments),
            names=frozenset(names),
            dispatched=frozenset(dispatched),
            is_inert=not names & effects,
            macro_sql=block.text,
            supported_languages=languages_of(name, block.text),
        )


def _signature(text: str) -> tuple[list[str], str]:
    """The arguments of a macro, and the code of their defaults."""
    bare = _STRING.sub("''", text)
    arguments: list[str] = []
    defaults: list[str] = []
    depth, start = 0, 0
    for position, letter in enumerate(bare + ","):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            name, _, default = bare[start:position].partition("=")
            if name.strip():
                arguments.append(name.strip())
                defaults.append(default)
            start = position + 1
    return arguments, " ".join(defaults)


def _reads(body: str, defaults: str) -> tuple[set[str], set[str]]:
    """The free names of a macro's code, those with an attribute as well, and its dispatches."""
    loaded: set[str] = set()
    stored: set[str] = set()
    dispatched: set[str] = set()
    codes = [(bool(found[2]), found[1] or found[2]) for found in _CODE.finditer(body)]
    for is_statement, code in [(False, defaults), *codes]:
        for name, namespace in _DISPATCH.findall(code):
            dispatched.add(f"{namespace}.{name}".lstrip("."))
        bare = _STRING.sub("''", code)
        if is_statement:
            for pattern in (_TARGETS, _CALL_TARGETS):
                targets = pattern.match(bare)
                if targets:
                    stored.update(re.findall(r"\w+", targets[1]))
        for found in _NAME.finditer(bare):
            name, attribute, is_keyword = found.groups()
            if name in _WORDS or (is_keyword and not attribute):
                continue
            if _NOT_A_NAME.search(bare, max(0, found.start() - 12), found.start()):
                continue
            loaded.add(name)
            if attribute:
                loaded.add(f"{name}.{attribute}")
    return loaded - stored, dispatched
