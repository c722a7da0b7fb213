"""What becomes of a warning: shown, an error, or nothing. Decided by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto

from msgspec import Struct, structs

from ..core.errors import CompilationError, UsageError, did_you_mean
from ..core.events import WarningRaised
from ..core.nouns import noun_of
from .precedence import Sources
from .warning_names import DEPRECATIONS, KNOWN, NO_ERRORS_BY_THEMSELVES

_EVERYTHING = ("all", "*")
_GROUP = "Deprecations"
_OLD_KEYS = {"include": "error", "exclude": "warn"}

Warn = Callable[[WarningRaised], None]


class Verdict(Enum):
    """What becomes of a warning."""

    SHOW = auto()
    """It is told, and stops nothing."""
    RAISE = auto()
    """It is an error."""
    DROP = auto()
    """Nobody hears of it."""


class WarningPolicy(Struct, frozen=True):
    """Which warnings are errors, which stay warnings, and which are not shown, by name.

    A name counts for more than the group `Deprecations`, and that for more than all. At each of
    these, silence beats warn, and that beats error.

    Attributes:
        all_means_all: whether those of which dbt only tells are among all.
        shows_all_deprecations: whether each deprecation is told each time, and not only once.
    """

    all_are_errors: bool = False
    errors: frozenset[str] = frozenset()
    warnings: frozenset[str] = frozenset()
    silenced: frozenset[str] = frozenset()
    all_means_all: bool = False
    shows_all_deprecations: bool = False

    def verdict(self, name: str) -> Verdict:
        """What becomes of the warnings of a name."""
        for label in (name, _GROUP) if name in DEPRECATIONS else (name,):
            if label in self.silenced:
                return Verdict.DROP
            if label in self.warnings:
                return Verdict.SHOW
            if label in self.errors:
                return Verdict.RAISE
        is_among_all = self.all_means_all or name not in NO_ERRORS_BY_THEMSELVES
        return Verdict.RAISE if self.all_are_errors and is_among_all else Verdict.SHOW

    @property
    def document(self) -> dict[str, object]:
        """It as `warn_error_options` has it."""
        return {
            "error": "all" if self.all_are_errors else sorted(self.errors),
            "warn": sorted(self.warnings),
            "silence": sorted(self.silenced),
        }

    def raises(self, name: str) -> bool:
        return self.verdict(name) is Verdict.RAISE

    def sift(self, warnings: Iterable[WarningRaised]) -> list[WarningRaised]:
        """Those that are to be shown.

        Raises:
            RaisedWarningsError: some are errors. It holds all of these, and `shown` the others.
        """
        warnings = list(warnings)
        shown = [each for each in warnings if self.verdict(each.name) is Verdict.SHOW]
        errors = [each for each in warnings if self.raises(each.name)]
        if errors:
            raise RaisedWarningsError(errors, shown)
        return shown


class RaisedWarningsError(CompilationError):
    """Warnings that the policy makes an error of. `shown` are others that came with them."""

    def __init__(
        self, warnings: Iterable[WarningRaised], shown: Iterable[WarningRaised] = ()
    ) -> None:
        self.warnings = tuple(warnings)
        self.shown = tuple(shown)
        if len(self.warnings) == 1:
            (only,) = self.warnings
            super().__init__(f"{only.message} [{only.name}]", location=only.location)
        else:
            super().__init__("\n".join(_line(warning) for warning in self.warnings))


def _line(warning: WarningRaised) -> str:
    place = f"{warning.location}: " if warning.location else ""
    return f"{place}{warning.message} [{warning.name}]"


def policy_of(sources: Sources, warn: Warn | None = None) -> WarningPolicy:
    """The policy that the flags, the environment and the project's `flags:` ask for.

    `warn` hears of old spellings.

    Raises:
        UsageError: they name what there isn't, or ask for both kinds at once.
    """
    named = sources.find("warn_error_options")
    configured, place = named.value or {}, named.place
    if not isinstance(configured, Mapping):
        raise UsageError(f"{place} must be a mapping, but it is {noun_of(configured)}.")
    policy = _policy(configured, place, warn or (lambda _: None))
    if sources.find("warn_error").value:
        _check_alone(policy, place)
        policy = WarningPolicy(all_are_errors=True)
    return structs.replace(
        policy,
        all_means_all=sources.project.get("require_all_warnings_handled_by_warn_error") is True,
        shows_all_deprecations=bool(sources.find("show_all_deprecations").value),
    )


def _check_alone(policy: WarningPolicy, place: str) -> None:
    if policy != WarningPolicy():
        raise UsageError(
            f"warn_error_options: not allowed with argument warn_error. {place} says which "
            "warnings are errors, and --warn-error (or DBT_WARN_ERROR, or warn_error in the "
            "project's flags) that all are: take one of them away, or add --no-warn-error."
        )


def _policy(named: Mapping[str, object], place: str, warn: Warn) -> WarningPolicy:
    said: dict[str, object] = {}
    old = [key for key in named if key in _OLD_KEYS]
    for key, value in named.items():
        key = _OLD_KEYS.get(key, key)
        if key not in ("error", "warn", "silence"):
            known = ("error", "warn", "silence")
            raise UsageError(
                f"{place} has the keys error, warn and silence, but no '{key}'."
                f"{did_you_mean(key, known)}"
            )
        if value and said.get(key):
            former = next(former for former, new in _OLD_KEYS.items() if new == key)
            raise UsageError(f"{place}: only '{former}' or '{key}' can be specified, not both.")
        said[key] = value or said.get(key)
    if old:
        renamed = " and ".join(f"`{key}` is now `{_OLD_KEYS[key]}`" for key in old)
        warn(WarningRaised("WEOIncludeExcludeDeprecation", f"{place}: {renamed}. Rename it."))
    all_are_errors = said.get("error") in _EVERYTHING
    return WarningPolicy(
        all_are_errors=all_are_errors,
        errors=frozenset() if all_are_errors else _names(said.get("error"), "error", place),
        warnings=_names(said.get("warn"), "warn", place),
        silenced=_names(said.get("silence"), "silence", place),
    )


def _names(value: object, key: str, place: str) -> frozenset[str]:
    """A list of warnings' names, each of them known."""
    if value is None:
        return frozenset()
    if not isinstance(value, list | tuple):
        either = "'all' or " if key == "error" else ""
        raise UsageError(
            f"{place}: '{key}' must be {either}a list of names, but it is {noun_of(value)}."
        )
    known = KNOWN | {_GROUP}
    for name in value:
        if not isinstance(name, str) or name not in known:
            raise UsageError(
                f"{place}: '{key}' names '{name}', and there is no such warning."
                f"{did_you_mean(str(name), known)}"
            )
    return frozenset(value)
