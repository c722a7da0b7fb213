"""The scanner: what a template says of itself unrendered, and when that isn't enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from headrace.engine.manifest.jinja.literal_template import scan_literal_template
from headrace.engine.manifest.jinja.scanner import Scan, scan
from headrace.engine.manifest.jinja.syntax import SyntaxEnvironment
from headrace.engine.manifest.nodes.node_calls import RefCall, SourceCall
from headrace.engine.manifest.nodes.pieces import Constant, Hole
from headrace.engine.template.parse_names import PARSE_NAMES


@dataclass(frozen=True, slots=True)
class Found:
    """What is expected: refs and sources as `package.name`, and the configuration."""

    refs: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)


def scanned(source: str) -> Scan:
    return scan(SyntaxEnvironment(), source, "models/m.sql").judged(_is_inert)


def _is_inert(names: frozenset[str], attributes: frozenset[str]) -> bool:
    return names <= PARSE_NAMES | {"cents"}


def summary(found: Scan) -> Found:
    return Found(
        [".".join(filter(None, (call.package, call.name))) for call in found.refs],
        [f"{call.source_name}.{call.table_name}" for call in found.sources],
        found.config,
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("select 1", Found()),
        ("", Found()),
        ("{{ ref('a') }}", Found(["a"])),
        ('{{ ref("p", "a") }}', Found(["p.a"])),
        ("{{ ref('a') }} {{ ref('b') }} {{ ref('a') }}", Found(["a", "b", "a"])),
        ("{{ source('raw', 'orders') }}", Found(sources=["raw.orders"])),
        ("-- depends_on: {{ ref('a') }}\n{% if execute %}{% endif %}", Found(["a"])),
        ("{{ config(materialized='table') }}", Found(config={"materialized": "table"})),
        (
            "{{ config(tags=['a', 'b'], meta={'k': {'n': [1, -2.5, true, none]}}) }}",
            Found(config={"tags": ["a", "b"], "meta": {"k": {"n": [1, -2.5, True, None]}}}),
        ),
        ("{{ config() }}", Found()),
        ("{% set x = ref('a') %}{{ x }}", Found(["a"])),
        ("{% do log(ref('a')) %}", Found(["a"])),
        ("{{ ref('a') | upper }}", Found(["a"])),
        ("{{ [ref('a'), ref('b')] | join }}", Found(["a", "b"])),
        ("{{ cents(ref('a'), 'x') }}", Found(["a"])),
        ("{{ ref('a').identifier }}", Found(["a"])),
        ("{% set xs = ['a'] %}{% for x in xs %}{{ x }}{% endfor %}", Found()),
        ("{% if var('x', true) %}select 1{% endif %}", Found()),
        ("{{ var('required') }}", Found()),
        ("{{ target.schema }} {{ this }} {{ env_var('HOME', '') }}", Found()),
        ("{% raw %}{{ ref('a') }}{% endraw %}{# {{ ref('b') }} #}", Found()),
        ("{{ 'a' 'b' }}{{ ref('a' 'b') }}", Found(["ab"])),
        ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(ref('a')) }}", Found(["a"])),
    ],
)
def test_template_is_read_without_a_render(source: str, expected: Found) -> None:
    found = scanned(source)

    assert not found.needs_render
    assert summary(found) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{% if execute %}{{ ref('a') }}{% endif %}",
        "{% if true %}{{ config(enabled=false) }}{% endif %}",
        "{{ ref('a') if target.name == 'prod' else ref('b') }}",
        "{{ execute and ref('a') }}",
        "{% for x in ['a'] %}{{ ref('a') }}{% endfor %}",
        "{% for x in ['a', 'b'] %}{{ ref(x) }}{% endfor %}",
        "{{ ref('a' ~ 'b') }}",
        "{{ ref(var('name', 'a')) }}",
        "{{ ref(*names) }}",
        "{{ ref('a', **more) }}",
        "{{ ref() }}",
        "{{ ref('a', 'b', 'c') }}",
        "{{ ref(1) }}",
        "{{ ref('a', x=1) }}",
        "{{ source('raw') }}",
        "{{ source('raw', 'a', 'b') }}",
        "{{ source('raw', table='a') }}",
        "{{ config(materialized=var('how', 'view')) }}",
        "{{ config({'materialized': 'view'}) }}",
        "{{ config(tags='a') }}{{ config(tags='b') }}",
        "{% set get = ref %}{{ get('a') }}",
        "{{ cents(ref) }}",
        "{{ builtins.ref('a') }}",
        "{{ context['ref']('a') }}",
        "{{ render('x') }}",
        "{{ exceptions.raise_compiler_error('no') }}",
        "{{ graph.nodes }}",
        "{{ unknown_macro('a') }}",
        "{{ unknown_package.macro('a') }}",
        "{% macro m() %}{{ ref('a') }}{% endmacro %}{{ m() }}",
        "{% call cents() %}{{ ref('a') }}{% endcall %}",
        "{% set sql %}{{ ref('a') }}{% endset %}",
        "{% include 'other.sql' %}",
    ],
)
def test_template_that_says_too_little_needs_a_render(source: str) -> None:
    found = scanned(source)

    assert found.needs_render
    assert found.pieces is None


def test_calls_know_the_line_that_they_stand_in() -> None:
    source = "select *\nfrom {{ ref('a') }}\njoin {{\n  source('raw', 't')\n}}"

    literal = scan_literal_template(source)
    for found in (scanned(source), literal and literal.judged(_is_inert)):
        assert found is not None
        assert found.refs == (RefCall("a", None, None, 2),)
        assert found.sources == (SourceCall("raw", "t", 4),)


def test_version_of_a_ref_is_kept() -> None:
    first, second = scanned("{{ ref('a', v=2) }}{{ ref('a', version='3') }}").refs

    assert (first.version, second.version) == (2, "3")


def test_names_that_a_template_gives_itself_are_not_among_those_it_needs() -> None:
    found = scanned("{% set x = cents(1) %}{{ x }}{% macro m() %}{% endmacro %}{{ m() }}{{ y.z }}")

    assert found.names == {"cents", "y"}
    assert found.attributes == {"y.z"}


def test_text_and_literal_calls_come_apart_into_pieces() -> None:
    found = scanned("{{ config(alias='x') }}select\n{{ var('v', 1) }} from {{ ref('p', 'a') }}")

    assert found.pieces == (
        Constant(""),
        Constant("select\n"),
        Hole("var", ("v", 1), 2),
        Constant(" from "),
        Hole("ref", ("p", "a"), 2),
    )


@pytest.mark.parametrize(
    "source",
    ["{{ ref('a') | upper }}", "{% set x = 1 %}{{ x }}", "{{ 1 + 1 }}", "{{ ref('a', v=1) }}"],
)
def test_template_with_more_in_it_does_not_come_apart(source: str) -> None:
    assert scanned(source).pieces is None


@pytest.mark.parametrize(
    "source",
    [
        "{% if true %}{% endif %}",
        "{# comment #}",
        "{{- ref('a') -}}",
        "{{ ref('a') ~ '' }}",
        "{{ ref('a\\'b') }}",
        "{{ ref('a'",
        "{{ config(meta={'a': 1}) }}",
        "{{ ref(x) }}",
        "{{ ref('a', 'b', 'c') }}",
        "{{ ref(*['a']) }}",
        "{{ ref(f('a')) }}",
        "{{ ref('a'))  }}",
        "{{ cents('a') }}",
        "a\r\nb",
    ],
)
def test_patterns_leave_what_they_are_not_sure_of_to_the_parser(source: str) -> None:
    assert scan_literal_template(source) is None
