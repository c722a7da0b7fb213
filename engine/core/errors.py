"""The engine's errors: what, where, and what to do.

HeadraceError
├── UsageError            flags that can't go together, a directory that can't be written
├── ProjectError          dbt_project.yml and the files it points at
│   ├── YamlError
│   └── PackageError      packages.yml, and what it asks for
├── ProfileError          profiles.yml, and what it says of the target
├── ParseError            the project's nodes: refs, duplicates, configuration
│   └── CycleError
├── CompilationError      a template
├── SelectionError        --select and its like
└── TargetError           the database can't be reached, or not be used
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct


class Location(Struct, frozen=True):
    """A place in a file: `path` as the user knows it, `line` and `column` from 1."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        numbers = [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join([self.path, *numbers])


class HeadraceError(Exception):
    """The root. `str()` is `place: what. What to do.`

    Attributes:
        title: how dbt heads such an error ("Compilation Error").
        problem: what is wrong, and what to do, without the place.
        location: where, if it is in a file.
    """

    title = "Runtime Error"

    def __init__(self, problem: str, *, location: Location | None = None) -> None:
        self.problem = problem
        self.location = location
        super().__init__(problem)

    def __str__(self) -> str:
        return f"{self.location}: {self.problem}" if self.location else self.problem

    def scrub(self, clean: Callable[[str], str]) -> None:
        """Take the secrets out of the text, before anybody is told of it."""
        self.problem = clean(self.problem)
        self.args = (self.problem,)


class UsageError(HeadraceError):
    """The invocation itself can't work."""

    title = "Usage Error"


class ProjectError(HeadraceError):
    """dbt_project.yml, or a file that belongs to the project, can't be used."""


class YamlError(ProjectError):
    """A file isn't YAML, or isn't the YAML that belongs there."""

    title = "Parsing Error"


class PackageError(ProjectError):
    """A package can't be found, fetched, or used. Holds no secret."""


class ProfileError(HeadraceError):
    """No connection can be made out of profiles.yml. Holds no value from it."""


class ParseError(HeadraceError):
    """The project's nodes don't fit together."""

    title = "Compilation Error"


class CycleError(ParseError):
    """Models that depend on each other in a circle. `cycle` ends with its first node."""

    def __init__(self, cycle: Sequence[str], *, location: Location | None = None) -> None:
        self.cycle = tuple(cycle)
        path = " --> ".join(self.cycle)
        super().__init__(f"Found a cycle: {path}. Take one of these refs away.", location=location)


class Frame(Struct, frozen=True):
    """One step of a template's call stack: `macro cents (macros/cents.sql)`."""

    kind: str
    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.path})"


class CompilationError(HeadraceError):
    """A template failed. `stack` is innermost first, as dbt prints it."""

    title = "Compilation Error"

    def __init__(
        self, problem: str, *, location: Location | None = None, stack: Sequence[Frame] = ()
    ) -> None:
        self.stack = tuple(stack)
        super().__init__(problem, location=location)


class SelectionError(HeadraceError):
    """A selection that can't be read."""


class TargetError(HeadraceError):
    """The database can't be used: it can't be reached, or refuses what every run needs."""

    title = "Database Error"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'customers'?`, with the space before it, or nothing."""
    from difflib import get_close_matches  # who has nothing to complain of needs none of it

    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f" Did you mean '{by_folded[close[0]]}'?" if close else ""
