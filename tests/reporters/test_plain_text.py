"""Names and messages from outside can't steer a terminal, forge a line or flood a log."""

from __future__ import annotations

import pytest
from headrace.engine.core.plain_text import (
    MESSAGE_LIMIT,
    NAME_LIMIT,
    Cleaner,
    column_width,
    cut,
    escape_block,
    escape_line,
)
from hypothesis import given
from hypothesis import strategies as st

from .support import HARMFUL


def test_line_has_its_controls_spelled_out() -> None:
    escaped = escape_line(HARMFUL)

    assert escaped == (
        "\\x1b[2J\\x9b31m\\x07evil\\r\\n12:00:00 | 1 of 1 OK created table model main.forged\\u202e"
    )


def test_block_keeps_its_line_ends_and_tabs() -> None:
    assert escape_block("a\r\n\tb\n\x1b[0m") == "a\n\tb\n\\x1b[0m"


def test_letters_of_every_script_stay() -> None:
    assert escape_line("größe 注文 заказы العربية 🦆") == "größe 注文 заказы العربية 🦆"


@given(st.text(alphabet=st.characters()))
def test_nothing_escaped_can_steer_a_terminal(text: str) -> None:
    escaped = escape_line(text)

    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in escaped)
    assert "\n" not in escaped
    escaped.encode()


def test_long_text_is_cut_with_a_note_of_its_length() -> None:
    assert cut("x" * 2_000_000, 5) == "xxxxx… [cut: the first 5 of 2,000,000 characters]"


def test_text_at_the_limit_is_whole() -> None:
    assert cut("x" * 5, 5) == "xxxxx"


def test_secret_across_the_cut_is_gone() -> None:
    clean = Cleaner(lambda text: text.replace("hunter2", "*****"))

    shown = clean.message("x" * (MESSAGE_LIMIT - 3) + "hunter2")

    assert "hun" not in shown


def test_secret_with_a_line_end_is_gone() -> None:
    clean = Cleaner(lambda text: text.replace("hun\nter2", "*****"))

    assert clean.name("password hun\nter2!") == "password *****!"


def test_name_is_cut_earlier_than_a_message() -> None:
    clean = Cleaner()

    assert clean.name("n" * 20_000).startswith("n" * NAME_LIMIT + "…")
    assert clean.message("n" * 20_000).startswith("n" * MESSAGE_LIMIT + "…")


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("注文", 4), ("e\u0301", 1)])
def test_width_counts_terminal_columns(text: str, width: int) -> None:
    assert column_width(text) == width
