"""`.dbtignore`: files that are not part of the project, in the patterns of `.gitignore`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct

from .text_file import read_text

IGNORE_FILE = ".dbtignore"


class _Rule(Struct, frozen=True):
    matches: re.Pattern[str]
    directories_only: bool
    is_exception: bool


class IgnoreRules(Struct, frozen=True):
    """The rules of a project. The last one that matches a path decides."""

    rules: tuple[_Rule, ...] = ()

    @classmethod
    def read(cls, root: Path) -> IgnoreRules:
        """The rules of the project in `root`; without a file of them there are none.

        Raises:
            ProjectError: the file can't be read.
        """
        path = root / IGNORE_FILE
        if not os.path.exists(path):
            return cls()
        return cls.parse(read_text(path, display=IGNORE_FILE))

    @classmethod
    def parse(cls, text: str) -> IgnoreRules:
        """The rules of a text, one a line."""
        return cls(tuple(rule for line in text.splitlines() if (rule := _parse_rule(line))))

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Whether a path is left out: relative to the project, with forward slashes.

        What is below a directory that is left out isn't asked for: it isn't walked.
        """
        for rule in reversed(self.rules):
            if (is_directory or not rule.directories_only) and rule.matches.fullmatch(path):
                return not rule.is_exception
        return False


def _parse_rule(line: str) -> _Rule | None:
    pattern = line.rstrip("\r\n")
    if not pattern.endswith("\\ "):
        pattern = pattern.rstrip()
    if not pattern or pattern.startswith("#"):
        return None
    is_exception = pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    directories_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    if not pattern:
        return None
    # A slash anywhere but at the end ties the pattern to the project's directory.
    anywhere = "" if "/" in pattern else r"(?:.*/)?"
    matches = re.compile(anywhere + _to_regex(pattern.removeprefix("/")), re.DOTALL)
    return _Rule(matches, directories_only, is_exception)


def _to_regex(pattern: str) -> str:
    parts: list[str] = []
    tokens = re.compile(r"\*\*/|/\*\*$|\*|\?|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)
    for token in tokens.findall(pattern):
        if token == "**/":
            parts.append(r"(?:.*/)?")
        elif token == "/**":
            parts.append(r"/.*")
        elif token == "*":
            parts.append(r"[^/]*")
        elif token == "?":
            parts.append(r"[^/]")
        elif len(token) > 2 and token.startswith("["):
            inside = token[1:-1].replace("\\", r"\\")
            parts.append("[" + re.sub(r"^[!^]", "^", inside).replace("[", r"\[") + "]")
        elif len(token) == 2 and token.startswith("\\"):
            parts.append(re.escape(token[1]))
        else:
            parts.append(re.escape(token))
    return "".join(parts)
