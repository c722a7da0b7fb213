"""Where a macro's text speaks of another, found without a pattern, as a pattern would find it."""

from __future__ import annotations

import re

from headrace.engine.manifest.artifact.macro_dicts import find_word
from hypothesis import given
from hypothesis import strategies as st


@given(st.text("ab_1é .{", max_size=12), st.text("ab_1é", min_size=1, max_size=3))
def test_word_is_found_where_a_pattern_finds_it(text: str, word: str) -> None:
    expected = re.search(rf"\b{re.escape(word)}\b", text)

    found = find_word(text, word)

    assert found == (expected.start() if expected else -1)
