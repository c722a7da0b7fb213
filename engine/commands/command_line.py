"""The words of a command line, as far as they can be read without typer.

typer takes longer to be imported, and to make a command's flags, than many a command takes. So it
is left to what nobody waits for: help, and what is wrong with a command line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings.flag import BEFORE, Effect, Flag, Kind
from ..settings.flags import FLAGS, flags_of
from .all_commands import COMMANDS

if TYPE_CHECKING:
    from .command import Command

_COMMANDS_TO_COME = frozenset({"init"})


def names_of(command: Command) -> tuple[str, ...]:
    """Under which names a command is found."""
    return (command.name, *command.aliases)


def like_flags(command: Command) -> str:
    """Under which name the table of flags has those that a command takes."""
    return command.flags_like or command.name


_COMMANDS = {(each.group, name): each for each in COMMANDS.values() for name in names_of(each)}
_GROUPS = frozenset(group for group, _ in _COMMANDS if group)


def names_with_value(command: str) -> frozenset[str]:
    """The names on the command line of a command's flags that are followed by a value."""
    return _names(flag for flag in flags_of(command) if not flag.is_boolean)


def names_of_refused() -> frozenset[str]:
    """The names that ask for what this version hasn't, where nothing is run for their sake."""
    refused = [flag for flag in FLAGS.values() if flag.effect is Effect.REFUSED]
    return frozenset(
        flag.spellings[0].split("/")[-1 if flag.default is True else 0] for flag in refused
    )


def _names(flags: Iterable[Flag]) -> frozenset[str]:
    return frozenset(name for flag in flags for text in flag.spellings for name in text.split("/"))


WORDS = _names(flag for flag in FLAGS.values() if flag.kind is Kind.WORDS)
"""The names on the command line of those flags that take every word up to the next flag."""


def what_is_to_come(arguments: Sequence[str]) -> str | None:
    """What is said of a command or a flag that dbt has, and this version hasn't."""
    valued = names_with_value(BEFORE)
    words = (
        text
        for before, text in zip(("", *arguments), arguments, strict=False)
        if not text.startswith("-") and before not in valued
    )
    command = next(words, "")
    if command == "docs" and next(words, "") == "serve":
        return "the command 'docs serve' isn't there yet in this version of headrace."
    if command in _COMMANDS_TO_COME:
        return f"the command '{command}' isn't there yet in this version of headrace."
    refused = names_of_refused()
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag in refused:
            return f"the flag '{flag}' isn't there yet in this version of headrace."
    return None


def join_values(arguments: Sequence[str]) -> list[str]:
    """`--select a b` as `--select a --select b`: such flags take every word up to the next flag."""
    joined: list[str] = []
    taking = ""
    for argument in arguments:
        if argument.startswith("-"):
            taking = argument if argument in WORDS else ""
        elif taking and joined[-1] != taking:
            joined.append(taking)
        joined.append(argument)
    return joined


def read_plain(arguments: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    """A command's name and what its flags are given; None of a line that typer has to read.

    That is each line that asks for help, that may be wrong, or that is written in one of the rarer
    ways, such as `-sorders`. Of all others it says what typer would. Flags before the command
    count unless the command has its own.
    """
    words = deque(join_values(arguments))
    given: dict[str, Any] = {}
    spellings = _spellings(BEFORE)
    group = ""
    while words:
        word = words.popleft()
        if word.startswith("-"):
            if not _take(word, words, spellings, given):
                return None
        elif not group and word in _GROUPS:
            group = word
        elif command := _COMMANDS.get((group, word)):
            own = _read_own(command, words)
            return None if own is None else (command.name, {**given, **own})
        else:
            return None
    return None


def _read_own(command: Command, words: deque[str]) -> dict[str, Any] | None:
    """What stands behind a command."""
    like = like_flags(command)
    spellings = _spellings(like)
    wanted = deque(flag.name for flag in flags_of(like) if flag.kind is Kind.ARGUMENT)
    given: dict[str, Any] = {}
    while words:
        word = words.popleft()
        if not word.startswith("-") and wanted:
            given[wanted.popleft()] = word
        elif not word.startswith("-") or not _take(word, words, spellings, given):
            return None
    return None if wanted else given


def _spellings(command: str) -> Mapping[str, tuple[Flag, bool]]:
    """The names of a command's flags, and what a boolean one is when it is called so."""
    return {
        name: (flag, place == 0)
        for flag in flags_of(command)
        for text in flag.spellings
        for place, name in enumerate(text.split("/"))
    }


def _take(
    word: str,
    words: deque[str],
    spellings: Mapping[str, tuple[Flag, bool]],
    given: dict[str, Any],
) -> bool:
    """Take a flag, with its value off the words that follow it; whether that could be done."""
    name, has_value, value = word.partition("=")
    if name not in spellings or (has_value and not name.startswith("--")):
        return False
    flag, is_on = spellings[name]
    if flag.is_boolean:
        given[flag.name] = is_on
        return not has_value
    if not has_value:
        if not words or words[0].startswith("-"):
            return False
        value = words.popleft()
    match flag.kind:
        case Kind.WORDS:
            given.setdefault(flag.name, []).append(value)
        case Kind.PATH:
            given[flag.name] = Path(value)
        case Kind.NUMBER:
            if not _is_plain_number(value, flag):
                return False
            given[flag.name] = int(value)
        case _:
            given[flag.name] = value
    return True


def _is_plain_number(text: str, flag: Flag) -> bool:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        return False
    return flag.limits is None or int(text) >= flag.limits[0]
