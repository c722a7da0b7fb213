"""Secrets are struck out, in whatever way they are written."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml
from headrace.adapters.base import Target
from headrace.engine.project.secrets import Redactor, Scrubber, is_secret_key
from hypothesis import given, settings
from hypothesis import strategies as st

CANARY = "p/a@n%a\"r'y key"


def target(**keys: object) -> Target:
    return Target(
        type="postgres",
        name="dev",
        profile_name="shop",
        schema="analytics",
        database="warehouse",
        threads=1,
        project_root=Path("/nowhere"),
        keys=keys,
    )


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        quote(CANARY, safe=""),
        quote(CANARY, safe="").replace("%2F", "%2f"),
        quote(CANARY),
        quote_plus(CANARY),
        json.dumps({"password": CANARY}),
        repr({"password": CANARY}),
        f"postgres://me:{CANARY}@host/db",
    ],
)
def test_secret_is_struck_out_however_it_is_written(written: str) -> None:
    scrubbed = Scrubber.for_values([CANARY]).scrub(f"before {written} after")

    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert "*****" in scrubbed
    assert "r'y" not in scrubbed.replace("\\", "")


# Without "*", since the mask and the text around it might give such a secret anew.
long_secrets = st.text(st.characters(exclude_characters="*", codec="utf-8"), min_size=8)


def test_redactor_learns_the_variables_that_go_by_the_name_of_a_secret() -> None:
    redact = Redactor({"DBT_ENV_SECRET_A": "alpha-alpha", "DBT_ENV_SECRET_b": "beta"})

    redact.learn_variables({"DBT_ENV_SECRET_b": 12345678, "unused": "correct horse"})
    redact.learn(target(password="battery staple"))

    text = "alpha-alpha 12345678 correct horse battery staple"
    assert redact(text) == "***** ***** correct horse *****"


@settings(deadline=None)  # a pattern is made for each
@given(long_secrets.filter(lambda text: len(text.strip()) >= 8), st.text(), st.text())
def test_no_long_secret_survives(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber.for_values([secret])

    for written in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)):
        assert secret.strip() not in scrubber.scrub(before + written + after)


def test_environment_gives_its_secret_variables() -> None:
    environ = {"DBT_ENV_SECRET_A": "alpha-alpha", "HEADRACE_ENV_SECRET_B": "beta", "USER": "me"}

    scrubbed = Scrubber.for_environ(environ).scrub("alpha-alpha (beta) me alphabeta")

    assert scrubbed == "***** (*****) me alphabeta"


def test_target_gives_the_values_of_its_secret_keys() -> None:
    scrubber = Scrubber.for_target(
        {},
        target(
            user="me",
            password="correct horse",
            port=5432,
            token=123456789,
            secrets=[{"type": "s3", "key_id": "AKIA-1234"}],
            settings={"s3_secret_access_key": "wJalrXUt"},
            uri="https://bot:h%40nter22@example.com/x",
        ),
    )

    scrubbed = scrubber.scrub(
        "me 'correct horse' 5432 123456789 s3 AKIA-1234 wJalrXUt h%40nter22 h@nter22"
    )

    assert scrubbed == "me '*****' 5432 ***** s3 ***** ***** ***** *****"


def test_password_that_is_shown_elsewhere_is_not_hidden() -> None:
    scrubber = Scrubber.for_target({}, target(user="postgres", password="postgres"))

    assert scrubber.scrub("postgres adapter") == "postgres adapter"


def test_short_secret_is_struck_out_only_as_a_word() -> None:
    scrubber = Scrubber.for_values(["dev"])

    assert scrubber.scrub("dev developers x=dev;") == "***** developers x=*****;"


def test_pieces_that_a_driver_shows_of_a_password_are_struck_out() -> None:
    scrubber = Scrubber.for_values(["first-piece@second-piece/x"])

    assert scrubber.scrub("invalid port 'second-piece'") == "invalid port '*****'"


def test_lines_of_a_private_key_are_struck_out_one_by_one() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n"

    assert "hkiG9w0B" not in Scrubber.for_values([key]).scrub("line 3: hkiG9w0BAQEFAASC?")


def test_redactor_learns_a_targets_secrets() -> None:
    redact = Redactor({"DBT_ENV_SECRET_A": "alpha-alpha"})
    assert redact("alpha-alpha correct horse") == "***** correct horse"

    redact.learn(target(password="correct horse"))

    assert redact("alpha-alpha correct horse") == "***** *****"


@settings(deadline=None)  # a pattern is made for each
@given(long_secrets.filter(lambda text: len(text.strip()) >= 8), st.text(), st.text())
def test_no_long_secret_survives_in_a_document(secret: str, before: str, after: str) -> None:
    redact = Redactor({"DBT_ENV_SECRET_A": secret})

    for written in (secret, quote(secret, safe="").lower(), quote_plus(secret), repr(secret)):
        text = before + written + after
        redacted: Any = redact.redacted({"nodes": [{"code": text}], text: {"n": 1}})

        assert [*redacted, redacted["nodes"][0]["code"]] == ["nodes", redact(text), redact(text)]


@settings(deadline=None)
@given(st.text(min_size=1, max_size=3).filter(str.strip), st.text(), st.text())
def test_document_is_as_clean_as_each_of_its_texts(secret: str, before: str, after: str) -> None:
    redact = Redactor({"DBT_ENV_SECRET_A": secret})
    text = before + secret + after

    assert redact.redacted([text, {"x": text}]) == [redact(text), {redact("x"): redact(text)}]


def test_document_without_a_secret_is_not_copied() -> None:
    redact = Redactor({"DBT_ENV_SECRET_A": CANARY})
    document = {"nodes": {"model.shop.orders": {"at": date(2026, 1, 1), "tags": {"key"}}}}

    assert redact.redacted(document) is document


@pytest.mark.parametrize("nothing", [[], [""], ["   "]])
def test_without_secrets_a_text_stays_as_it_is(nothing: list[str]) -> None:
    assert Scrubber.for_values(nothing).scrub("a text") == "a text"


def test_secrets_stay_out_of_repr() -> None:
    assert CANARY not in repr(Scrubber.for_values([CANARY]))
    assert "correct" not in repr(target(password="correct horse"))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("password", True),
        ("pass", True),
        ("PASSWORD", True),
        ("private_key_passphrase", True),
        ("private_key", True),
        ("aws_secret_access_key", True),
        ("motherduck_token", True),
        ("client_secret", True),
        ("api-key", True),
        ("keyfile_json", True),
        ("user", False),
        ("path", False),
        ("passthrough", False),
        ("keepalives_idle", False),
        ("sslkey", False),
        ("keyfile", False),
    ],
)
def test_secret_keys_are_known_by_name(key: str, expected: bool) -> None:
    assert is_secret_key(key) is expected


def as_yaml(style: str) -> Callable[[str], str]:
    return lambda text: str(yaml.dump(text, default_style=style, allow_unicode=True, width=10**9))


WAYS: Mapping[str, Callable[[str], str]] = {
    "a name in quotation marks": lambda text: '"' + text.replace('"', '""') + '"',
    "a name in backticks": lambda text: f"`{text.replace('`', '``')}`",
    "a name in brackets": lambda text: f"[{text.replace(']', ']]')}]",
    "a literal": lambda text: "'" + text.replace("'", "''") + "'",
    "a format": lambda text: text.replace("%", "%%"),
    "JSON": json.dumps,
    "JSON with Unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
    "a URL's part": lambda text: quote(text, safe="<>"),
    "a path": lambda text: quote(text, safe="/<>"),
    "a form": lambda text: quote_plus(text, safe="<>"),
    "YAML": as_yaml('"'),
    "YAML in single quotes": as_yaml("'"),
    "HTML": html.escape,
    "upper case": str.upper,
    "lower case": str.lower,
}
# What a database's names and literals go through, before anything writes them down.
WAYS_OF_SQL = [*list(WAYS)[:5], "upper case", "lower case"]
passwords = st.text(
    st.sampled_from("abcXYZ019 \"'`]%\\/@:?#&+$!é€"), min_size=9, max_size=30
).filter(lambda text: text == text.strip() and text.lower() != text.upper())


@settings(deadline=None, max_examples=300)
@given(passwords, st.sampled_from(WAYS_OF_SQL), st.sampled_from(sorted(WAYS)))
def test_secret_is_struck_out_of_whatever_was_made_of_a_text(
    secret: str, first: str, second: str
) -> None:
    if not secret.isascii() and "case" in first + second:
        return  # only what is ASCII is folded
    written = WAYS[second](WAYS[first](f"before{secret}behind"))

    cleaned = Scrubber.for_values([secret]).scrub(written)
    assert "before*****behind" in cleaned.lower()
    assert len(cleaned) <= len("before*****behind") + 20  # with all that stands around it


@pytest.mark.parametrize("length", [8, 9, 12, 15])
def test_secret_is_struck_out_where_a_text_was_cut_in_its_midst(length: int) -> None:
    secret = "correct-horse-battery"

    cleaned = Scrubber.for_values([secret]).scrub(f"it is '{secret[:length]}… [cut: and more…")

    assert cleaned == "it is '*****… [cut: and more…"
    redact = Redactor({"DBT_ENV_SECRET_A": secret})
    assert redact.redacted([f"x {secret[:length]}…"]) == ["x *****…"]


def test_other_spelling_of_a_secret_that_is_shown_elsewhere_stays() -> None:
    scrubber = Scrubber.for_target({}, target(user="warehouse", password="Warehouse"))

    assert scrubber.scrub("Warehouse warehouse WAREHOUSE") == "***** warehouse *****"


@pytest.mark.parametrize("text", ["\\" * 200_000, '"' * 200_000, "%25" * 100_000, "\\u00" * 50_000])
def test_text_of_nothing_but_escapes_takes_no_time(text: str) -> None:
    scrubber = Scrubber.for_values(['\\"\\"%u"\\\\"!'])  # has no letters to look for first
    began = time.process_time()

    scrubber.scrub(text)

    assert time.process_time() - began < 5


def test_private_key_of_any_length_costs_nothing_before_it_is_met() -> None:
    lines = [f"{line:>064x}" for line in range(500)]
    began = time.process_time()

    scrubber = Scrubber.for_values(["\n".join(lines)])

    assert scrubber.scrub("select 1") == "select 1"
    assert time.process_time() - began < 1
    assert scrubber.scrub(f"near {lines[400]}") == "near *****"
