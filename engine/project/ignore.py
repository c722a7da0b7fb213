"""`.dbtignore`: files that are not part of the project, in the patterns of `.gitignore`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..core.errors import Location, ProjectError
from .text_file import read_text

if TYPE_CHECKING:
    from pathspec import PathSpec

IGNORE_FILE = ".dbtignore"

_UNCLOSED = re.compile(r"(?<!\\)\[(?![!^]?\]?[^\]]*\])")


class IgnoreRules(Struct, frozen=True):
    """The rules of a project. As in dbt the last one that matches a file's path decides."""

    spec: PathSpec[Any] | None = None

    @classmethod
    def read(cls, root: Path) -> IgnoreRules:
        """The rules of the project in `root`; without a file of them there are none.

        Raises:
            ProjectError: the file can't be read, or has a line that is no pattern.
        """
        path = root / IGNORE_FILE
        if not os.path.exists(path):
            return cls()
        return cls.parse(read_text(path, display=IGNORE_FILE))

    @classmethod
    def parse(cls, text: str) -> IgnoreRules:
        """The rules of a text, one a line.

        Raises:
            ProjectError: a line is no pattern; says which.
        """
        # Few projects have such a file.
        from pathspec import GitIgnoreSpec, PathSpec

        patterns: list[Any] = []
        for number, line in enumerate(text.splitlines(), 1):
            # A bracket that nothing closes is one: from 1.0 on pathspec drops such a pattern.
            written = _UNCLOSED.sub(r"\\[", line)
            try:
                patterns += GitIgnoreSpec.from_lines([written]).patterns
            except ValueError as error:
                location = Location(IGNORE_FILE, number)
                raise ProjectError(f"'{line}' is no pattern.", location=location) from error
        # Unlike git, and GitIgnoreSpec, dbt lets a rule take back what is in a directory that
        # another one leaves out.
        return cls(PathSpec(patterns))

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Whether a path is left out: relative to the project, with forward slashes.

        A directory is where everything below it is: then it isn't walked.
        """
        if self.spec is None:
            return False
        if is_directory:
            has_exceptions = any(pattern.include is False for pattern in self.spec.patterns)
            return not has_exceptions and bool(self.spec.match_file(f"{path}/"))
        return bool(self.spec.match_file(path))
