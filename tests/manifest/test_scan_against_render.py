"""What is read off a template without rendering it is what rendering would have found.

Any template of texts, calls and conditions will do: where the scanner says that no render is
needed, a render captures the same; where it takes the template apart, its pieces make the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import pytest
from headrace.adapters.base import Connection
from headrace.adapters.relation_cache import RelationCache
from headrace.engine.core.errors import CompilationError
from headrace.engine.manifest.jinja.literal_template import scan_literal_template
from headrace.engine.manifest.jinja.scanner import Scan, scan
from headrace.engine.manifest.jinja.syntax import SyntaxEnvironment
from headrace.engine.manifest.nodes.model_node import Model
from headrace.engine.manifest.nodes.node_calls import RefCall, SourceCall
from headrace.engine.manifest.nodes.pieces import Piece
from headrace.engine.manifest.reading.parse_renderer import Captured
from headrace.engine.project.config_tree import merge_config
from headrace.engine.template.compiler import fill
from headrace.engine.template.parse_names import PARSE_NAMES
from headrace.engine.template.parsing import TemplateParseRenderer
from headrace.engine.template.questions import Asked
from headrace.engine.template.template_engine import TemplateEngine
from headrace.engine.template.template_environment import (
    LenientUndefined,
    TemplateEnvironment,
    drive,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from .support import Parsed, parse

SYNTAX = SyntaxEnvironment()
EXAMPLES = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {given: 7}\n",
    "profiles.yml": "shop: {target: d, outputs: {d: {type: sqlite, path: s.db, schema: main}}}\n",
    "models/a.sql": "select 1",
    "models/b.sql": "select 2",
    "models/m.sql": "{{ ref('a') }}{{ ref('b') }}{{ source('raw', 't') }}{{ source('raw', 'u') }}",
    "models/s.yml": "sources: [{name: raw, tables: [{name: t}, {name: u}]}]\n",
}

LITERAL_CALLS = (
    "ref('a')",
    'ref("b")',
    "ref( 'a' , )",
    "ref('shop', 'b')",
    'ref("shop",\n  "a")',
    "ref('a', v=none)",
    "source('raw', 't')",
    "source(\"raw\", 'u')",
    "config(materialized='table')",
    "config(tags=['x', 'y'], enabled=true)",
    "config(unique_key=('id', 'at'), limit=-1,\n  where='a = \"b\"')",
    "config(pre_hook='select 1')",
    "var('given')",
    "var('absent', 'x')",
    "var('absent', -1.5)",
    "var('absent', [1, 'b', true])",
    "var('absent', none)",
    "this",
)
OTHER_CALLS = (
    "config(meta={'k': [1, none]}, alias=\"n\")",
    "config({'materialized': 'view'})",
    "config(materialized=var('absent', 'view'))",
    "var('absent', default=2)",
    "var('absent', '}')",
    "var('abs' ~ 'ent', ref('a'))",
    "this.identifier",
    "target.schema",
    "log('said')",
)
PLAIN_FORMS = ("{{ X }}", "{{X}}", "{{\n  X\n}}")
OTHER_FORMS = (
    "{{- X }}",
    "{{\n X -}}",
    "{{ X | upper }}",
    "{{ (X) }}",
    "{{ X ~ Y }}",
    "{{ [X, Y] | join(',') }}",
    "{{ X if true }}",
    "{{ X if false else Y }}",
    "{{ X or Y }}",
    "{% set y = X %}{{ y }}",
    "{% do X %}",
    "{% if true %}{{ X }}{% endif %}",
    "{%- if execute -%} {{ X }} {%- else -%} {{ Y }} {%- endif -%}",
    "{% for i in [1, 2] %}{{ X }}{% endfor %}",
    "{% set y %}{{ X }}{% endset %}{{ y }}",
    "{% filter upper %}{{ X }}{% endfilter %}",
    "{% macro own() %}{{ X }}{% endmacro %}{{ own() }}",
    "{% set called = ref %}{{ called('b') }}",
    "{% raw %}{{ X }}{% endraw %}",
    "{# {{ X }} #}",
    '{{ "}}" }}',
)
TEXTS = st.one_of(
    st.sampled_from(["select ", "\n", " from ", "-- it's\n", "}}", "%}", '"', "{ {", "\\"]),
    st.text(alphabet=" \n\tab'\"-,(){}%#\\é", max_size=4),
)


@st.composite
def templates(draw: st.DrawFn, *, others: bool = True) -> str:
    """Texts and calls in turn; without `others`, mostly of the kind that needs no render."""
    calls = st.sampled_from((*LITERAL_CALLS, *OTHER_CALLS) if others else LITERAL_CALLS)
    forms = st.sampled_from((*PLAIN_FORMS * 6, *OTHER_FORMS) if others else PLAIN_FORMS)
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 5))):
        parts.append(draw(TEXTS))
        parts.append(draw(forms).replace("X", draw(calls)).replace("Y", draw(calls)))
    parts.append(draw(TEXTS))
    return "".join(parts).strip()


@dataclass(frozen=True, slots=True, repr=False)
class Bench:
    """A project, and both ways to find out about a template of its model m."""

    parsed: Parsed
    renderer: TemplateParseRenderer
    templates: TemplateEngine

    @property
    def model(self) -> Model:
        return cast(Model, self.parsed.node("m"))

    def capture(self, source: str) -> Captured:
        """What rendering it calls."""
        return self.renderer.render(self.model, source)

    def text(self, source: str) -> str:
        """Its text, rendered in full."""
        scoped = self.templates.scope(self.model, _no_connection())
        return drive(self.templates.render_text(source, scoped.scope, self.model))

    def filled(self, pieces: tuple[Piece, ...]) -> str:
        """Its text, put together from its pieces."""
        return fill(pieces, self.model, self.templates.scope(self.model, _no_connection()))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("scan")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        Path(root / name).write_text(text, encoding="utf-8")
    parsed = parse(root)
    workspace = parsed.workspace
    renderer = TemplateParseRenderer(
        parsed.manifest.macros,
        environment=TemplateEnvironment(workspace.codes, LenientUndefined),
        strict=TemplateEnvironment(workspace.codes),
        common=workspace.common_context(lambda event: None),
        adapter=workspace.adapter,
        relations=workspace.relations,
        warn=lambda warning: None,
        asked=Asked(),
    )
    templates = TemplateEngine(
        environment=TemplateEnvironment(workspace.codes),
        common=workspace.common_context(lambda event: None),
        manifest=parsed.manifest,
        adapter=workspace.adapter,
        cache=RelationCache(workspace.adapter),
        relations=workspace.relations,
    )
    return Bench(parsed, renderer, templates)


def _no_connection() -> Connection:
    """None of these templates asks the database."""
    return cast(Connection, None)


def is_inert(names: frozenset[str], attributes: frozenset[str]) -> bool:
    return names <= PARSE_NAMES


def scanned(source: str) -> Scan:
    return scan(SYNTAX, source, "models/m.sql").judged(is_inert)


def without_lines(found: Scan | Captured) -> tuple[list[RefCall], list[SourceCall]]:
    return (
        [msgspec.structs.replace(call, line=None) for call in found.refs],
        [msgspec.structs.replace(call, line=None) for call in found.sources],
    )


@EXAMPLES
@given(source=templates())
def test_scan_that_needs_no_render_captures_what_a_render_does(bench: Bench, source: str) -> None:
    try:
        found = scanned(source)
    except CompilationError:
        assume(False)
    assume(not found.needs_render)

    captured = bench.capture(source)

    assert without_lines(found) == without_lines(captured)
    assert merge_config({}, found.config) == merge_config({}, captured.config)


@EXAMPLES
@given(source=templates(others=False))
def test_pieces_make_the_text_that_a_render_makes(bench: Bench, source: str) -> None:
    try:
        found = scanned(source)
    except CompilationError:
        assume(False)
    assume(found.pieces is not None)
    assert found.pieces is not None

    assert bench.filled(found.pieces) == bench.text(source)


@EXAMPLES
@given(source=templates(others=False))
def test_patterns_find_what_the_syntax_tree_says(bench: Bench, source: str) -> None:
    found = scan_literal_template(source)
    found = found and found.judged(is_inert)
    assume(found is not None)
    assert found is not None

    # Where Jinja can't read it, the patterns must leave it to Jinja to say so.
    expected = scanned(source)

    assert (found.refs, found.sources) == (expected.refs, expected.sources)
    assert found.config == expected.config
    assert (found.names, found.needs_render) == (expected.names, expected.needs_render)
    assert (found.pieces is None) == (expected.pieces is None)
    if found.pieces is not None:
        assert bench.filled(found.pieces) == bench.text(source)
