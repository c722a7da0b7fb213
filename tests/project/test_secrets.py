"""Secrets are struck out, in whatever way they are written."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from headrace.adapters.base import Target
from headrace.engine.project.secrets import Redactor, Scrubber, is_secret_key
from hypothesis import given
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


@given(long_secrets.filter(lambda text: len(text.strip()) >= 8), st.text(), st.text())
def test_no_long_secret_survives_in_a_document(secret: str, before: str, after: str) -> None:
    redact = Redactor({"DBT_ENV_SECRET_A": secret})

    for written in (secret, quote(secret, safe="").lower(), quote_plus(secret), repr(secret)):
        text = before + written + after
        redacted: Any = redact.redacted({"nodes": [{"code": text}], text: {"n": 1}})

        assert [*redacted, redacted["nodes"][0]["code"]] == ["nodes", redact(text), redact(text)]


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
