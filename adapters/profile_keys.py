"""The connection keys of a profile, read by an adapter: each of the right type, none unknown."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import ProfileKeyError

COMMON_KEYS = frozenset({"type", "threads", "schema", "database"})
"""Keys of every profile. They reach an adapter as attributes of its target."""

MOST_SECONDS = 1_000_000
"""The longest wait that a profile may ask for: some eleven days. PostgreSQL's own settings end
at 24 days, and what is longer was a slip of the finger in every profile that had it."""


class ProfileKeys:
    """One target's keys. `text()`, `seconds()` … → `reject_unknown()`.

    Each reader answers None, or something empty, for a key that isn't there. Messages name
    a key and never its value, which may be a secret.
    """

    def __init__(self, keys: Mapping[str, object]) -> None:
        self._keys = keys
        self._asked_for: set[str] = set()

    def text(self, key: str) -> str | None:
        """A string that isn't empty."""
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise ProfileKeyError(key, f"must be a text, not {_kind(value)}.")
        return value

    def secret(self, key: str) -> str | None:
        """A text that may be empty, or a number that was meant as one: passwords have both."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ProfileKeyError(key, "must be a text: put quotes around it.")
        return str(value)

    def seconds(self, key: str, default: float) -> float:
        """A number of seconds, from 0 to `MOST_SECONDS`."""
        value = self._value(key)
        if value is None:
            return default
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 <= value <= MOST_SECONDS  # none of which `.nan` is
        ):
            raise ProfileKeyError(
                key, f"must be a number of seconds from 0 to {MOST_SECONDS:,}, not {_kind(value)}."
            )
        return float(value)

    def integer(self, key: str, default: int, *, least: int = 0, most: int) -> int:
        """A whole number within bounds."""
        value = self._value(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ProfileKeyError(key, f"must be a whole number from {least} to {most}.")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        """One of several words."""
        value = self.text(key)
        if value is not None and value not in choices:
            raise ProfileKeyError(key, f"must be one of {', '.join(choices)}.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(self._text_in(key, item) for item in self.items(key))

    def items(self, key: str) -> tuple[object, ...]:
        """A list of anything."""
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            raise ProfileKeyError(key, f"must be a list, not {_kind(value)}.")
        return tuple(value)

    def text_mapping(self, key: str) -> dict[str, str]:
        """A mapping from strings to strings."""
        value = self._value(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise ProfileKeyError(key, f"must be a mapping, not {_kind(value)}.")
        return {self._text_in(key, k): self._text_in(key, v) for k, v in value.items()}

    def reject_unknown(self) -> None:
        """Refuse what nobody asked for.

        Raises:
            ProfileKeyError: with the key that was probably meant.
        """
        known = sorted(self._asked_for)
        for key in self._keys:
            if key in self._asked_for or key in COMMON_KEYS:
                continue
            from difflib import get_close_matches

            close = get_close_matches(str(key), {*known, *COMMON_KEYS}, n=1)
            hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
            raise ProfileKeyError(str(key), f"is not a key of this type of database. {hint}")

    def _value(self, key: str) -> object:
        self._asked_for.add(key)
        return self._keys.get(key)

    @staticmethod
    def _text_in(key: str, item: object) -> str:
        if not isinstance(item, str) or not item:
            raise ProfileKeyError(key, f"must hold texts only, and holds {_kind(item)}.")
        return item


def _kind(value: object) -> str:
    """What a value is, in YAML's words, without the value."""
    match value:
        case None:
            return "nothing"
        case "":
            return "an empty text"
        case bool():
            return "true or false"
        case int() | float():
            if value > MOST_SECONDS:
                return "a larger number"
            return "a number below 0" if value < 0 else "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return f"a {type(value).__name__}"
