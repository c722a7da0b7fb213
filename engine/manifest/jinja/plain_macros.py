"""Macros read off their text, without Jinja's parser: for those that come with headrace.

There are hundreds of them, in a style that we know, and a parse that has no cache yet would spend
more time on their syntax trees than on a project's. A test holds what is read here to what the
trees say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..nodes.macro import Macro
from .macro_index import (
    BUILTIN_PACKAGE,
    MacroFile,
    effects_in,
    languages_of,
)

_BLOCK = re.compile(
    r"\{%-?\s*(?P<tag>macro|test)\s+(?P<name>\w+)\s*\((?P<signature>.*?)\)\s*-?%\}"
    r"(?P<body>.*?)\{%-?\s*end(?P=tag)\s*-?%\}",
    re.DOTALL,
)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_CODE = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?(.*?)-?%\}", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_DISPATCH = re.compile(r"\.dispatch\(\s*'(\w+)'")
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
    source = _COMMENT.sub(lambda found: "\n" * found.group(0).count("\n"), file.source)
    effects = effects_in(file)
    for found in _BLOCK.finditer(source):
        arguments, defaults = _signature(found["signature"])
        names, dispatched = _reads(found["body"], defaults)
        names -= {*arguments}
        name = ("test_" if found["tag"] == "test" else "") + found["name"]
        yield Macro(
            unique_id=f"macro.{file.package_name}.{name}",
            name=name,
            package_name=file.package_name,
            path=file.path,
            original_file_path=file.original_file_path,
            line=source.count("\n", 0, found.start()) + 1,
            arguments=tuple(arguments),
            names=frozenset(names),
            dispatched=frozenset(dispatched),
            is_inert=not names & effects,
            macro_sql=found.group(0),
            supported_languages=languages_of(name),
        )


def is_plain(file: MacroFile) -> bool:
    """Whether a file is one of ours, written to be read like this."""
    return file.package_name == BUILTIN_PACKAGE


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
        dispatched.update(_DISPATCH.findall(code))
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
