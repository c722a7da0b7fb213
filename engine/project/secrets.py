"""Secrets, kept out of all that leaves the process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import quote, quote_plus, unquote

import msgspec

from ...adapters.base import Target
from ..checkpoints import checkpoint

T = TypeVar("T")

MASK = "*****"

SECRET_PREFIXES = ("HEADRACE_ENV_SECRET_", "DBT_ENV_SECRET_")

# A shorter secret is only found where it stands as a word: "dev" would otherwise be struck
# out of "developers". Fragments of a secret that are shorter aren't looked for at all.
_LONG_ENOUGH = 8

_SECRET_KEY = re.compile(
    r"(^|[_-])(pass|password|passwd|pwd|passphrase|token|secret|secrets|credential|credentials"
    r"|dsn|authorization|keyfile_json)($|[_-])"
    r"|(private|access|api|account|sas|shared|encryption)[_-]?key($|[_-])"
    r"|connection_string",
    re.IGNORECASE,
)
# What stands beside the secret in a mapping of secrets (`secrets: [{type: s3, secret: …}]`).
_PUBLIC_KEYS = frozenset(
    {"type", "name", "provider", "region", "scope", "endpoint", "persistent", "url_style"}
)

_URL_PASSWORD = re.compile(r"://[^/\s:@]*:(.+)@")
_URL_DELIMITERS = re.compile(r"[/@:?#%&=;\s\"']+")

_SHORTEST = 3
_NO_SECRETS = frozenset(
    "password passwd pass postgres secret root admin user test guest example changeme".split()
)
"""Passwords that a local database has and everybody knows."""


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable may only be read by profiles.yml and packages.yml."""
    return name.startswith(SECRET_PREFIXES)


def is_secret_key(key: str) -> bool:
    """Whether a key of a profile holds a secret, going by its name."""
    return _SECRET_KEY.search(key) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Scrubber:
    """Strikes the secrets that it knows out of texts.

    It finds a secret as it is, percent-encoded, escaped as in JSON or Python, and in pieces of
    eight characters and more, as a driver shows them that tried to read a password as a URL.
    """

    pattern: re.Pattern[str] | None = None
    traces: tuple[bytes, ...] = ()
    """One of them is in every JSON document that a secret is in, made lower case."""

    @classmethod
    def for_environ(cls, environ: Mapping[str, str]) -> Scrubber:
        """A scrubber for an environment's secret variables: all that is known at first."""
        return cls.for_values(_secret_variables(environ))

    @classmethod
    def for_target(cls, environ: Mapping[str, str], target: Target) -> Scrubber:
        """A scrubber for an environment's secret variables and a target's secret keys.

        A value that the target shows elsewhere (a password like the user's name) can't be
        hidden, so it isn't. Nor is one that hides nothing, and would strike words out of
        people's SQL: of up to three characters, or a word such as `password`.
        """
        public = {target.type, target.name, target.profile_name, target.schema, target.database}
        hidden = set(_secrets(target.keys)) - public - set(_public_values(target.keys))
        hidden = {value for value in hidden - _NO_SECRETS if len(value) > _SHORTEST}
        return cls.for_values(hidden.union(_secret_variables(environ)))

    @classmethod
    def for_values(cls, secrets: Iterable[str]) -> Scrubber:
        """A scrubber for secrets in clear. Blank ones don't count."""
        forms = {form for secret in secrets if secret.strip() for form in _forms(secret)}
        if not forms:
            return cls()
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        pattern = re.compile("|".join(_pattern(form) for form in longest_first))
        return cls(pattern, tuple({_trace(form) for form in forms}))

    def scrub(self, text: str) -> str:
        """The text with `*****` for each secret."""
        return text if self.pattern is None else self.pattern.sub(MASK, text)

    def may_be_in(self, document: object) -> bool:
        """Whether a secret may be in one of the texts of nested mappings and lists.

        To search the whole as JSON takes a tenth of the time that text by text does.
        """
        if self.pattern is None:
            return False
        try:
            written = msgspec.json.encode(document, enc_hook=str)
        except (TypeError, UnicodeEncodeError):
            return True
        written = written.lower()
        return any(trace in written for trace in self.traces)

    def __repr__(self) -> str:
        return f"Scrubber({'with' if self.pattern else 'without'} secrets)"


def _secret_variables(environ: Mapping[str, str]) -> Iterator[str]:
    return (value for name, value in environ.items() if is_secret_variable(name))


def _secrets(data: object, *, below_secret_key: bool = False) -> Iterator[str]:
    """The secret values of a profile, however deep."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            is_secret = is_secret_key(str(key)) or (below_secret_key and key not in _PUBLIC_KEYS)
            yield from _secrets(value, below_secret_key=is_secret)
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _secrets(item, below_secret_key=below_secret_key)
    elif isinstance(data, str):
        passwords = _URL_PASSWORD.findall(data)
        if below_secret_key:
            # Of a URL with a password, host and database are no secret: messages need them.
            yield data.partition("?")[2] if passwords else data
        for password in passwords:
            yield password
            yield unquote(password)
    elif below_secret_key and data is not None and not isinstance(data, bool):
        yield str(data)


def _public_values(keys: Mapping[str, object]) -> Iterator[str]:
    for key, value in keys.items():
        if not is_secret_key(key) and isinstance(value, str | int):
            yield str(value)


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret may be written."""
    for whole in {secret, secret.strip()}:
        yield whole
        yield quote(whole, safe="")
        yield quote(whole)
        yield quote_plus(whole)
        yield json.dumps(whole)[1:-1]
        yield json.dumps(whole, ensure_ascii=False)[1:-1]
        yield repr(whole)[1:-1]
    for piece in (*secret.splitlines(), *_URL_DELIMITERS.split(secret)):
        if len(piece.strip()) >= _LONG_ENOUGH:
            yield piece.strip()


def _pattern(form: str) -> str:
    # The case of the digits in %2F is up to the writer.
    escaped = re.sub(r"%[0-9A-F]{2}", lambda code: f"(?i:{code[0]})", re.escape(form))
    if len(form) >= _LONG_ENOUGH:
        return escaped
    before = r"(?<!\w)" if re.match(r"\w", form[0]) else ""
    after = r"(?!\w)" if re.match(r"\w", form[-1]) else ""
    return before + escaped + after


def _trace(form: str) -> bytes:
    try:
        return msgspec.json.encode(form)[1:-1].lower()
    except UnicodeEncodeError:
        return b""


class Redactor:
    """A scrubber that learns a target's secrets once the target is known.

    One invocation's reporters share it, so that what they write from then on is clean.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._scrubber = Scrubber.for_environ(environ)

    def learn(self, target: Target) -> None:
        """Know the secrets of a target as well."""
        self._scrubber = Scrubber.for_target(self._environ, target)

    def __call__(self, text: str) -> str:
        return self._scrubber.scrub(text)

    def redacted(self, document: T) -> T:
        """Nested mappings and lists, with every text in them clean. Without a secret, as it is."""
        if not self._scrubber.may_be_in(document):
            return document
        return cast(T, mapped(document, self))


def mapped(value: object, change: Callable[[str], str]) -> object:
    """A copy of nested mappings and lists with every text changed, keys included.

    What is neither text nor number becomes its `str()`, changed as well.
    """
    if isinstance(value, str):
        return change(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        checkpoint()
        return {mapped(key, change): mapped(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mapped(each, change) for each in value]
    return change(str(value))
