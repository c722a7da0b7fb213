"""Calls without braces, in properties files."""

from __future__ import annotations

import pytest
from headrace.engine.manifest.jinja.bare_calls import bare_call, literal_call, literal_reference
from headrace.engine.manifest.nodes.node_calls import Call, MetricCall, RefCall, SourceCall


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("ref('a')", RefCall("a")),
        (' ref ( "p" , "a" ) ', RefCall("a", "p")),
        ("ref('a', v=2)", RefCall("a", version=2)),
        ("ref('a', version='2.1')", RefCall("a", version="2.1")),
        ("source('s', 't')", SourceCall("s", "t")),
        ("metric('m')", MetricCall("m")),
        ("ref(a)", None),
        ("ref('a', x=1)", None),
        ("ref('a') or ref('b')", None),
        ("ref('a'), ref('b')", None),
        ("ref('a')('b')", None),
        ("ref()", None),
        ("ref(*['a'])", None),
        ("ref('a', **{'v': 1})", None),
        ("source('s')", None),
        ("source('s', 't', v=1)", None),
        ("var('a')", None),
        ("xref('a')", None),
        ("ref('a'", None),
        ("'", None),
        ("", None),
    ],
)
def test_call_by_literals_is_read(text: str, call: Call | None) -> None:
    assert literal_call(text) == call


def test_metric_is_no_relation() -> None:
    assert literal_reference("metric('m')") is None
    assert literal_reference("ref('m', v=1)") == RefCall("m", version=1)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("ref(var('a'))", "ref"),
        ("env_var('X')", "env_var"),
        ("a > abs(b)", None),
        ("ref('a') ", "ref"),
        ("ref()", None),
        ("reference('a')", None),
        ("ref", None),
    ],
)
def test_text_that_is_one_call_is_jinja_without_its_braces(text: str, function: str | None) -> None:
    assert bare_call(text) == function
