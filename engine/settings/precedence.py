"""What holds of a flag: the one place that knows which of those that set it is the strongest.

A flag on the command line beats an environment variable (`HEADRACE_X` before `DBT_X`), which
beats the project's `flags:`, which beats the default. An empty variable counts as none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, field

from ..core.errors import UsageError, did_you_mean
from ..core.numbers import is_within, shortened, whole_number
from .environment_variables import Setting, expand_home
from .flag import Flag, Kind, Known
from .flags import FLAGS
from .options import Options

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})

ReadMapping = Callable[[str, str], Mapping[str, object]]
"""Reads the text of a mapping; also takes where it stands, for messages."""

S = TypeVar("S", bound=Struct)


class Origin(Enum):
    """Who has decided a flag."""

    COMMAND_LINE = auto()
    ENVIRONMENT = auto()
    PROJECT = auto()
    NOBODY = auto()
    """It is the default."""


class Found(Struct, frozen=True):
    """A flag's value, who has decided it, and what messages call that place."""

    value: Any
    origin: Origin = Origin.NOBODY
    place: str = ""


def _no_mapping(text: str, place: str) -> Mapping[str, object]:
    raise UsageError(f"{place} can't be a mapping here.")


class Sources(Struct, frozen=True):
    """All that may set a flag in one invocation.

    Attributes:
        given: the flags of the command line.
        environ: the environment.
        project: the project's `flags:`; empty where there is no project, or not yet.
        read_mapping: reads a variable that is a mapping.
    """

    given: Options
    environ: Mapping[str, str]
    project: Mapping[str, object] = field(default_factory=dict)
    read_mapping: ReadMapping = _no_mapping

    def find(self, name: str) -> Found:
        """What holds of a flag.

        Raises:
            UsageError: somebody says what it can't be. What the project says amiss is told
                where that is read, with its place.
        """
        flag = FLAGS[name]
        given = getattr(self.given, name, None)
        if given is not None and given != getattr(_NOTHING_GIVEN, name):
            return Found(_suitable(flag, given), Origin.COMMAND_LINE, flag.positive)
        if flag.heeds_variables(self.given.command):
            setting = find_variable(flag, self.environ)
            if setting is not None:
                value = self._read(flag, setting)
                return Found(value, Origin.ENVIRONMENT, setting.variable.lstrip("!"))
        configured = self.project.get(name) if Known.PROJECT in flag.known else None
        if configured is not None and wanted_of(flag, configured) is None:
            return Found(configured, Origin.PROJECT, f"{name} in the project's flags")
        if flag.follows:
            leader = self.find(flag.follows)
            if leader.origin is not Origin.NOBODY:
                return leader
        return Found(flag.default)

    def section(self, kind: type[S]) -> S:
        """Those flags that a part of the settings has, decided."""
        return kind(**{name: self.find(name).value for name in kind.__struct_fields__})

    def _read(self, flag: Flag, setting: Setting) -> object:
        """A variable's text as the type that its flag has."""
        match flag.kind:
            case Kind.SWITCH | Kind.MARK:
                is_so = _truth(setting)
                return not is_so if setting.variable.startswith("!") else is_so
            case Kind.NUMBER:
                return _number(flag, setting)
            case Kind.PATH:
                return expand_home(Path(setting.value), self.environ)
            case Kind.WORDS:
                return tuple(setting.value.split())
            case Kind.MAPPING:
                return self.read_mapping(setting.value, setting.variable)
            case _:
                return _choice(flag, setting.value, setting.variable)


_NOTHING_GIVEN = Options()


def find_value(
    name: str,
    given: object,
    environ: Mapping[str, str],
    project: Mapping[str, object] | None = None,
) -> Found:
    """What holds of one flag, for whoever needs it before there are settings.

    Raises:
        UsageError: somebody says what it can't be.
    """
    named: dict[str, Any] = {} if given is None else {name: given}
    return Sources(Options(**named), environ, project or {}).find(name)


def find_variable(flag: Flag, environ: Mapping[str, str]) -> Setting | None:
    """The strongest variable that is set; with a `!` before it, if it says the opposite."""
    return next(
        (
            Setting(variable, value)
            for variable in flag.all_variables
            if (value := environ.get(variable.lstrip("!")))
        ),
        None,
    )


def wanted_of(flag: Flag, value: object) -> str | None:
    """What a flag under `flags:` must be, if it is something else."""
    match flag.kind:
        case Kind.SWITCH | Kind.MARK:
            return None if isinstance(value, bool) else "true or false"
        case Kind.NUMBER if flag.limits is not None:
            least, most = flag.limits
            is_right = is_within(value, least, most)
            return None if is_right else f"a whole number from {least} to {most:,}"
        case _ if flag.choices and value not in flag.choices:
            return f"one of {', '.join(flag.choices)}"
    return None


def _suitable(flag: Flag, value: object) -> object:
    """What the command line says, if it may be."""
    if flag.choices:
        return _choice(flag, str(value), flag.positive)
    if flag.kind is Kind.NUMBER and (wanted := wanted_of(flag, value)):
        raise UsageError(f"{flag.positive} must be {wanted}.")
    return value


def _choice(flag: Flag, value: str, place: str) -> str:
    if not flag.choices or value in flag.choices:
        return value
    if value.casefold() in flag.choices:
        return value.casefold()
    raise UsageError(
        f"{place} is '{value}', and must be one of {', '.join(flag.choices)}."
        f"{did_you_mean(value, flag.choices)}"
    )


def _number(flag: Flag, setting: Setting) -> int:
    least, most = flag.limits or (0, 0)
    number = whole_number(setting.value)
    if number is None or not is_within(number, least, most):
        raise UsageError(
            f"{setting.variable} must be a whole number from {least} to {most:,}, not "
            f"'{shortened(setting.value)}'."
        )
    return number


def _truth(setting: Setting) -> bool:
    folded = setting.value.strip().casefold()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    variable = setting.variable.lstrip("!")
    raise UsageError(f"{variable} is '{setting.value}', and must be true or false.")
