"""What a flag is: its type, its names wherever it may be set, and who gets to know it."""

from __future__ import annotations

import enum
from enum import Enum, auto
from typing import NamedTuple

PREFIXES = ("HEADRACE_", "DBT_")
"""What the names of variables begin with, the strongest first."""

BEFORE = ""
"""The place before the command, among the commands that take a flag."""


class Kind(Enum):
    """What a flag's value is."""

    SWITCH = auto()
    """True or false: `--x` and `--no-x`."""
    MARK = auto()
    """True, or not given: `--x` alone."""
    TEXT = auto()
    WORDS = auto()
    """Any number of texts, up to the next flag."""
    NUMBER = auto()
    PATH = auto()
    MAPPING = auto()
    """A mapping, written as YAML."""
    ARGUMENT = auto()
    """A text that follows the command without a flag's name."""


class Effect(Enum):
    """What comes of a flag."""

    HEEDED = auto()
    NONE = auto()
    """Nothing, since what it asks for is so anyway, or makes no difference to what is built."""
    LACKING = auto()
    """Nothing, since there is none of it in this version: whoever asks for it is warned."""
    REFUSED = auto()
    """None of it in this version, and nothing is run for whoever asks for it."""


class Known(enum.Flag):
    """Who gets to know a flag, besides the command line."""

    ENVIRONMENT = auto()
    """It has variables."""
    PROJECT = auto()
    """It may stand under `flags:` of dbt_project.yml."""
    TEMPLATES = auto()
    """Templates see it in `flags`."""
    ARGUMENTS = auto()
    """Templates see it in `invocation_args_dict`, whoever has decided it."""
    RESULTS = auto()
    """The results have it under `args`, also where nobody has asked for anything."""
    RETRY = auto()
    """`retry` has it from the run that it repeats."""


NOBODY = Known(0)


class Flag(NamedTuple):
    """One flag, as the table has it.

    Attributes:
        name: of the field of `Options`, of the key under `flags:`, and in capitals that of its
            variables and of what templates see.
        kind: what its value is.
        help: what it is for, in a sentence. Of one that isn't heeded: why it isn't.
        group: under which heading help has it.
        commands: those that take it, `BEFORE` for the place before the command.
        known: who else knows it.
        spellings: on the command line; none where it is set elsewhere only.
        default: its value where nobody says.
        choices: the texts that it may be; empty where it may be any.
        limits: the least and the most of a number.
        variables: older ones, besides those made of its name. A `!` stands before one that says
            the opposite.
        variables_for: the commands that heed its variables, where those aren't all that take it.
        follows: another flag whose value it has, where somebody has decided that one.
        effect: what comes of it.
    """

    name: str
    kind: Kind
    help: str
    group: str
    commands: frozenset[str]
    known: Known = NOBODY
    spellings: tuple[str, ...] = ()
    default: object = None
    choices: tuple[str, ...] = ()
    limits: tuple[int, int] | None = None
    variables: tuple[str, ...] = ()
    variables_for: frozenset[str] = frozenset()
    follows: str = ""
    effect: Effect = Effect.HEEDED

    @property
    def is_boolean(self) -> bool:
        return self.kind in (Kind.SWITCH, Kind.MARK)

    @property
    def positive(self) -> str:
        """The name on the command line that messages use."""
        return self.spellings[0].partition("/")[0] if self.spellings else self.name

    @property
    def all_variables(self) -> tuple[str, ...]:
        """The environment variables that set it, the strongest first."""
        own: tuple[str, ...] = ()
        if Known.ENVIRONMENT in self.known:
            own = tuple(f"{prefix}{self.name.upper()}" for prefix in PREFIXES)
        return (*own, *self.variables)

    def heeds_variables(self, command: str) -> bool:
        """Whether its variables count for a command.

        Where the table doesn't say for which, they do for all; but those of a flag that comes to
        nothing for the commands that take it alone.
        """
        if self.variables_for:
            return command in self.variables_for
        return self.effect is Effect.HEEDED or command in self.commands
