"""What templates hand to us has a limit, whichever way it comes: a clear error, and at once."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox import handed
from headrace.engine.sandbox.budget import TemplateLimitError
from headrace.engine.sandbox.handed import printed, received
from headrace.engine.template.scope import Scope
from headrace.engine.template.template_environment import ScopeContext, render

from ..building.support import run
from ..conftest import WriteProject
from .contexts import own_budget, visit_by

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

TOWER = (
    "{% set ns = namespace(x=['a']) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
    "{% endfor %}"
)
TUPLES = TOWER.replace("[ns.x, ns.x]", "(ns.x, ns.x)").replace("['a']", "('a',)")

SINKS = {
    "config": "{{ config(meta=ns.x) }}",
    "config's inner": "{{ config(meta={'a': {'b': ns.x}}) }}",
    "config by a mapping": "{{ config({'meta': ns.x}) }}",
    "config.set": "{{ config.set('meta', ns.x) }}",
    "config.get": "{{ config.get('nothing_there', ns.x) ~ '' }}",
    "header": "{% call set_sql_header(config) %}{{ ns.x }}{% endcall %}",
    "return": "{{ return(ns.x) }}",
    "log": "{{ log(ns.x) }}",
    "print": "{{ print(ns.x) }}",
    "log, starmapped": "{{ modules.itertools.starmap(log, [[ns.x]])|list }}",
    "log, from a generator": "{{ modules.itertools.starmap(log, [[ns.x]]|map('list'))|list }}",
    "log, by a sort": "{% set l = [ns.x, ns.x] %}{% do l.sort(key=log) %}",
    "log, tried": "{{ try_or_compiler_error('x', log, ns.x) }}",
    "log, taken while": "{{ modules.itertools.takewhile(log, [ns.x])|list }}",
    "raised": "{{ exceptions.raise_compiler_error(ns.x) }}",
    "warned": "{{ exceptions.warn(ns.x) }}",
    "missing": "{{ exceptions.missing_relation(ns.x) }}",
    "tojson": "{{ tojson(ns.x) }}",
    "tojson, starmapped": "{{ modules.itertools.starmap(tojson, [[ns.x]])|list }}",
    "toyaml": "{{ toyaml(ns.x) }}",
    "toyaml, starmapped": "{{ modules.itertools.starmap(toyaml, [[ns.x]])|list }}",
    "md5": "{{ local_md5(ns.x) }}",
    "md5, starmapped": "{{ modules.itertools.starmap(local_md5, [[ns.x]])|list }}",
    "stored": "{{ store_result('x', response=ns.x) }}",
    "stored raw": "{{ store_raw_result('x', message=ns.x) }}",
    "ref": "{{ ref(ns.x) }}",
    "source": "{{ source(ns.x, 'a') }}",
    "execute": "{{ adapter.execute(ns.x) }}",
    "quote": "{{ adapter.quote(ns.x) }}",
    "relation": "{{ '%r' % api.Relation.create(identifier=ns.x) }}",
    "column": "{{ '%r' % api.Column(ns.x, 'a') }}",
    "column's type": "{{ api.Column('a', 'numeric', none, ns.x, 1) }}",
    "validation": "{{ validation.any[ns.x, 'a']('b') }}",
    "validated": "{{ validation.any['a', 'b'](ns.x) }}",
    "env_var": "{{ env_var(ns.x) }}",
    "var": "{{ var(ns.x) }}",
    "render": "{{ render(ns.x) }}",
    "called": "{{ ns.x() }}",
    "missing item": "{{ {}[ns.x].y }}",
    "missing attribute": "{{ ({}|attr(ns.x)).y }}",
    "namespace": "{{ ns }}",
    "namespace in a list": "{{ [ns]|string }}",
    "values": "{{ {'a': ns.x}.values() }}",
    "items": "{{ '%s' % {'a': ns.x}.items() }}",
    "pretty": "{{ ns.x|pprint }}",
    "format": "{{ '{0!r}'.format(ns) }}",
    "macro": "{{ noted(ns.x) }}",
    **{
        f"filter {name}": f"{{{{ ns.x|{name} }}}}"
        for name in (
            *("capitalize", "center", "forceescape", "format", "indent", "lower", "title"),
            *("safe", "striptags", "trim", "truncate", "upper", "urlize", "wordcount", "escape"),
            *("replace('a', 'b')", "tojson", "string", "urlencode", "filesizeformat"),
        )
    },
    "filter's argument": "{{ 'abc'|replace('b', ns.x) }}",
    "separator": "{{ 'abc'|join(ns.x) }}",
    "test lower": "{{ ns.x is lower }}",
    "test upper": "{{ ns.x is upper }}",
    "include": "{% include ns.x %}",
    "import": "{% import ns.x as y %}",
    "escaped": "{% autoescape true %}{{ ns.x }}{% endautoescape %}",
    "joined where HTML is escaped": "{% autoescape true %}{{ 'a' ~ ns.x }}{% endautoescape %}",
    "many short texts": "{% set x = ['x'] * 1000 %}{{ [[[x] * 100] * 100] * 100 }}",
}
AS_KEYS = {
    "var": "{{ var(ns.x) }}",
    "item": "{{ {}[ns.x] }}",
    "item of a relation": "{{ this[ns.x] }}",
    "config.require": "{{ config.require(ns.x) }}",
}
MACRO = "{% macro noted(what) %}{{ what }}{% endmacro %}"


async def refusals(
    root: Path, patch: pytest.MonkeyPatch, texts: dict[str, str]
) -> dict[str, dict[str, BaseException | None]]:
    """What became of each text, while parsing and while it is built."""
    became: dict[str, dict[str, BaseException | None]] = {}

    async def visit(where: str, scope: Scope) -> None:
        environment = scope.macros.environment
        found = became.setdefault(where, {})
        for label, text in texts.items():
            template = environment.template(text, "models/m.sql")
            context = ScopeContext(environment, template, scope, scope.package)
            try:
                with own_budget():
                    await render(template, context)
            except Exception as error:
                found[label] = error
            else:
                found[label] = None

    visit_by(patch, visit)
    ran = await run(root)
    assert ran.exit_code == 0, ran.outcome
    return became


@pytest.mark.parametrize(
    ("tower", "sinks"), [(TOWER, SINKS), (TUPLES, AS_KEYS)], ids=["sinks", "keys"]
)
async def test_value_without_bounds_is_refused_wherever_it_is_handed_to(
    tower: str, sinks: dict[str, str], write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(
        {"macros/m.sql": MACRO, "models/m.sql": "{{ visit('model') }} select 1 as id"}
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()

    became = await refusals(root, monkeypatch, {name: tower + sink for name, sink in sinks.items()})

    assert became.keys() >= {"model", "parse: model"}
    # While the node is built, a call of config() changes nothing, and so it keeps nothing.
    accepted = {
        f"{where}: {label}"
        for where, found in became.items()
        for label, error in found.items()
        if error is None
    }
    assert {one for one in accepted if "config" not in one} <= HARMLESS
    assert not [one for one in accepted if one.startswith("parse: model: config(")]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024
    assert time.monotonic() - began < 60


HARMLESS = frozenset(("parse: model: missing item", "parse: model: missing attribute"))
"""What an unknown name is while parsing, whatever is asked of it."""


@pytest.mark.parametrize("tower", [TOWER, TUPLES], ids=["lists", "tuples"])
@pytest.mark.parametrize(
    "call", ["config(meta={'a': ns.x})", "config(tags=ns.x)", "config({'meta': [ns.x]})"]
)
async def test_config_without_bounds_is_told_with_file_and_line(
    call: str, tower: str, write_project: WriteProject
) -> None:
    root = write_project({"models/m.sql": f"select 1 as id\n{tower}\n{{{{ {call} }}}}"})

    ran = await run(root, "parse")

    assert ran.exit_code == 2
    message = str(ran.outcome.error)
    assert "models/m.sql:3: config(" in message
    assert "holds more than 100,000 values, which is the limit" in message


@pytest.mark.parametrize(
    ("macro", "body"),
    [
        ("generate_schema_name", "{% macro generate_schema_name(a, b) %}{{ BODY }}{% endmacro %}"),
        ("generate_alias_name", "{% macro generate_alias_name(a, b) %}{{ BODY }}{% endmacro %}"),
        (
            "create_table_as",
            "{% macro default__create_table_as(a, b, c) %}{{ BODY }}{% endmacro %}",
        ),
        ("create_view_as", "{% macro default__create_view_as(a, b) %}{{ BODY }}{% endmacro %}"),
        ("run_hooks", "{% macro noted() %}{{ BODY }}{% endmacro %}"),
    ],
)
async def test_macro_that_returns_a_value_without_bounds_is_stopped(
    macro: str, body: str, write_project: WriteProject
) -> None:
    kind = "table" if macro == "create_table_as" else "view"
    body = body.replace("{{ BODY }}", TOWER + "{{ return(ns.x) }}")
    root = write_project(
        {
            "macros/m.sql": body,
            "models/m.sql": "{{ config(materialized='table', post_hook='{{ noted() }}') }}"
            "select 1 as id"
            if macro == "run_hooks"
            else f"{{{{ config(schema='a', alias='b', materialized='{kind}') }}}}select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code in (1, 2)
    errors = [str(result.error) for result in ran.outcome.results]
    assert "the template makes a text of" in f"{ran.outcome.error} {errors}"


async def test_query_comment_has_a_limit(write_project: WriteProject) -> None:
    project = (
        "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
        "query-comment: \"{{ 'x' * 70000 }}\"\n"
    )
    root = write_project({"dbt_project.yml": project, "models/m.sql": "select 1 as id"})

    ran = await run(root)

    assert ran.exit_code == 2
    said = "the query comment has 70,000 characters: the limit is 65,536"
    assert said in str(ran.outcome.error)


async def test_configuration_that_a_template_makes_has_a_limit(write_project: WriteProject) -> None:
    project = (
        "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
        'models: {shop: {+meta: {many: "{{ [0] * 200000 }}"}}}\n'
    )
    root = write_project({"dbt_project.yml": project, "models/m.sql": "select 1 as id"})

    ran = await run(root)

    assert ran.exit_code == 2
    assert "holds more than 100,000 values, which is the limit" in str(ran.outcome.error)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_deep_value_and_one_that_holds_itself_are_refused() -> None:
    itself: list[Any] = []
    itself.append(itself)

    assert received(nested(100), "it") == nested(100)
    for value in (nested(101), nested(500), itself):
        with pytest.raises(TemplateLimitError, match="in each other, more than 100 levels"):
            received(value, "it")


def test_long_texts_are_counted_each_time_they_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handed, "MAX_KEPT_TEXT", 1000)
    text = "x" * 100

    assert received([text] * 10, "it") == [text] * 10
    with pytest.raises(TemplateLimitError, match="more than 1,000 characters"):
        received([text] * 11, "it")
    with pytest.raises(TemplateLimitError, match="more than 1,000 characters"):
        received({text: [{text: text}] * 5}, "it")


def test_what_is_received_is_plain_and_our_own() -> None:
    given: dict[str, Any] = {"a": [1, (2, {3})], "b": {"c": None}}

    taken = received(given, "it")

    assert taken == given
    given["a"].append(4)
    given["b"]["d"] = 5
    assert taken == {"a": [1, (2, {3})], "b": {"c": None}}


def test_value_of_yaml_without_bounds_is_refused() -> None:
    with pytest.raises(TemplateLimitError):
        NativeTemplates({}).evaluate("{{ [[0] * 400] * 400 }}")
    with pytest.raises(TemplateLimitError):
        printed([[[0] * 10_000] * 10_000])
