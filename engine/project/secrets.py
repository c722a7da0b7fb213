"""Secrets, kept out of all that leaves the process."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar, cast
from urllib.parse import unquote

import msgspec

from ...adapters.base import Target
from ..core.encoding import encode, mapped
from ..core.numbers import CUT
from .secret_forms import folded, pattern_of, trace_of

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


class Scrubber:
    """Strikes the secrets that it knows out of texts.

    It finds a secret as it is, and in all the forms that `secret_forms` knows: with quotation
    marks doubled, percent-encoded, escaped as in JSON, Python, YAML or HTML, also upon each
    other, in upper or lower case; in pieces of eight characters and more, as a driver shows them
    that tried to read a password as a URL; and cut off, where the cut is marked by `…`.
    """

    def __init__(self, secrets: Iterable[str] = (), shown: Collection[str] = ()) -> None:
        secrets = [secret for secret in secrets if secret.strip()]
        texts = {text for secret in secrets for text in _parts(secret)}
        texts |= {
            other
            for text in texts
            if len(text) >= _LONG_ENOUGH
            for other in folded(text)
            if other not in shown
        }
        longest_first = sorted(texts, key=lambda text: (-len(text), text))
        self._forms = tuple(_Form(text) for text in longest_first)
        self._long = tuple(secret for secret in secrets if len(secret) > _LONG_ENOUGH)

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
        shown = {value for value in public if value}.union(_public_values(target.keys))
        hidden = set(_secrets(target.keys)) - shown
        hidden = {value for value in hidden - _NO_SECRETS if len(value) > _SHORTEST}
        return cls.for_values(hidden.union(_secret_variables(environ)), shown)

    @classmethod
    def for_values(cls, secrets: Iterable[str], shown: Collection[str] = ()) -> Scrubber:
        """A scrubber for secrets in clear. Blank ones don't count.

        Another spelling of a secret, in upper or lower case, is left alone where it is one of
        those `shown`.
        """
        return cls(secrets, shown)

    def scrub(self, text: str) -> str:
        """The text with `*****` for each secret."""
        if not self._forms:
            return text
        in_lower_case = text.lower()
        for form in self._forms:
            if form.trace in in_lower_case:
                text = form.pattern.sub(MASK, text)
        return self._without_beginnings(text) if CUT in text else text

    def may_be_in(self, document: object) -> bool:
        """Whether a secret may be in one of the texts of nested mappings and lists.

        To search the whole as JSON takes a tenth of the time that text by text does.
        """
        if not self._forms:
            return False
        try:
            return self.may_be_written_in(msgspec.json.encode(document, enc_hook=str))
        except (TypeError, UnicodeEncodeError):
            return True

    def may_be_written_in(self, json: bytes) -> bool:
        """The same of what was written as JSON."""
        if not self._forms:
            return False
        written = json.decode()
        in_lower_case = written.lower()
        if self._long and CUT in written:
            return True
        return any(
            # Where a short one ends as a word, JSON's escapes would hide.
            not form.is_long or form.pattern.search(written) is not None
            for form in self._forms
            if form.trace in in_lower_case
        )

    def _without_beginnings(self, text: str) -> str:
        """The text without the first part of a secret where it was cut in the midst of one."""
        *before_cuts, rest = text.split(CUT)
        clean = (self._without_beginning(piece) + CUT for piece in before_cuts)
        return "".join((*clean, rest))

    def _without_beginning(self, text: str) -> str:
        for secret in self._long:
            beginning = secret[:_LONG_ENOUGH]
            place = text.find(beginning, max(0, len(text) - len(secret)))
            while place >= 0:
                if secret.startswith(text[place:]):
                    return text[:place] + MASK
                place = text.find(beginning, place + 1)
        return text

    def __repr__(self) -> str:
        return f"Scrubber({'with' if self._forms else 'without'} secrets)"


class _Form:
    """One text that is struck out, in whatever way it is written."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.trace = trace_of(text)
        """This is in every text, made lower case, that the pattern is found in."""
        self.is_long = len(text) >= _LONG_ENOUGH

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """It takes some milliseconds to make, and is nearly never needed: see `trace`."""
        pattern = pattern_of(self._text)
        if self.is_long:
            return re.compile(pattern)
        before = r"(?<!\w)" if re.match(r"\w", self._text[0]) else ""
        after = r"(?!\w)" if re.match(r"\w", self._text[-1]) else ""
        return re.compile(before + pattern + after)


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


def _parts(secret: str) -> Iterator[str]:
    """A secret, and the pieces of it that are secrets themselves."""
    yield secret
    yield secret.strip()
    for piece in (*secret.splitlines(), *_URL_DELIMITERS.split(secret)):
        if len(piece.strip()) >= _LONG_ENOUGH:
            yield piece.strip()


class Redactor:
    """A scrubber that learns a target's secrets once the target is known.

    One invocation's reporters share it, so that what they write from then on is clean.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._scrubber = Scrubber.for_environ(environ)

    def learn_variables(self, variables: Mapping[str, object]) -> None:
        """Know the `--vars` that go by the name of a secret, as dbt does."""
        named = {name: str(value) for name, value in variables.items() if is_secret_variable(name)}
        if named:
            self._environ = {**self._environ, **named}
            self._scrubber = Scrubber.for_environ(self._environ)

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

    def written(self, document: object) -> bytes:
        """Nested mappings and lists as JSON, with every text in them clean."""
        content = encode(document)
        return content if self.is_clean(content) else encode(mapped(document, self))

    def is_clean(self, json: bytes) -> bool:
        """Whether no secret is in what was written as JSON."""
        return not self._scrubber.may_be_written_in(json)
