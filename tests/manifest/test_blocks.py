"""Which blocks a file has, off its text."""

from __future__ import annotations

import pytest
from headrace.engine.manifest.jinja.blocks import find_blocks, find_tags, without_comments

WORDS = frozenset({"macro", "docs", "snapshot"})


@pytest.mark.parametrize(
    ("source", "contents"),
    [
        ("{% macro a() %}x{% endmacro %}", ["x"]),
        ("{%- macro a() -%}x{%- endmacro -%} {%+ macro b() %}y{%endmacro%}", ["x", "y"]),
        ("{# {% docs a %}x{% enddocs %} #}{% docs b %}y{% enddocs %}", ["y"]),
        ("{% raw %}{% docs a %}x{% enddocs %}{% endraw %}", []),
        ("{% docs a %}{% raw %}{% enddocs %}{% endraw %}{% enddocs %}", ["{% raw %}{% enddocs %}{% endraw %}"]),  # noqa: E501
        ("{% docs a %}{# {% enddocs %} #}x{% enddocs %}", ["{# {% enddocs %} #}x"]),
        ("{% macro a(x='%}') %}y{% endmacro %}", ["y"]),
        ('{% macro a(x="it\'s %}") %}y{% endmacro %}', ["y"]),
        ("{% macro a(x=5 % 2) %}y{% endmacro %}", ["y"]),
        ("{% macro a() %}{% macro b() %}x{% endmacro %}{% endmacro %}", ["{% macro b() %}x{% endmacro %}"]),  # noqa: E501
        ("# A title {#anchor}\n{% docs a %}x{% enddocs %}", ["x"]),
        ("it's 5 % {% docs a %}it's{% enddocs %}", ["it's"]),
        ("{% call f() %}{% endcall %}{% if x %}{% endif %}", []),
        ("{% raw %}{% docs a %}x{% enddocs %}", []),
        ("", []),
    ],
)  # fmt: skip
def test_blocks_are_those_that_jinja_sees(source: str, contents: list[str]) -> None:
    assert [block.content for block in find_blocks(source, WORDS)] == contents


def test_block_says_what_it_stands_in_and_where() -> None:
    source = "\n{% if x %}{% for y in z %}\n{% docs a %}b{% enddocs %}{% endfor %}{% endif %}"

    (block,) = find_blocks(source, WORDS)

    assert block.around == ("if", "for")
    assert block.text == "{% docs a %}b{% enddocs %}"
    assert block.opening is not None
    assert (block.opening.word, block.opening.rest.strip()) == ("docs", "a")
    assert block.line_of(block.opening.start) == 3


def test_block_that_never_ends_or_begins_has_one_tag() -> None:
    stray, open_one = find_blocks("{% enddocs %}{% docs a %}{% docs b %}{% enddocs %}", WORDS)

    assert (stray.opening, stray.closing is None) == (None, False)
    assert open_one.closing is None
    assert open_one.nested is not None
    assert open_one.nested.rest.strip() == "b"


@pytest.mark.parametrize("text", ["{% x '", "{# ", "{% raw %}", "{% x ", "{% x 'a' \"b\" '"])
def test_text_that_never_ends_takes_no_longer_than_it_is_long(text: str) -> None:
    assert list(find_tags(text * 100_000)) == []


def test_comments_leave_their_lines() -> None:
    assert without_comments("a{# b\nc #}d{#") == "a\nd{#"
