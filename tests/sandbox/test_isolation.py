"""What one node's template changes stays that node's: another one sees the world as it was."""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter, deque
from collections.abc import Sized
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox.owned import OwnDict, OwnGraph, own
from headrace.engine.template.dbt.resolvers import Resolver
from headrace.engine.template.scope import BoundMacro, Scope
from headrace.engine.template.template_environment import ScopeContext

from ..building.support import Ran, run
from ..conftest import WriteProject
from .contexts import names_of, own_budget, visit_by

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SEEN = (
    "{% macro seen() %}{% if execute %}{{ target | tojson }} {{ var('listed') | tojson }}"
    " {{ var('own') | tojson }}"
    " {% for n in graph.nodes.values() if n.name != 'vandal' %}{{ n | tojson }}{% endfor %}"
    " {{ graph.nodes.keys() | list }} {{ graph.sources | tojson }}"
    # What is added at its top is the run's, and everybody's.
    " {{ graph.keys() | select('in', ['nodes', 'sources', 'exposures', 'groups']) | list }}"
    " {{ model | tojson }} {{ config.get('meta') | tojson }}"
    " {{ config.get('tags') }} {{ flags.WARN_ERROR_OPTIONS }} {{ flags.VARS }}"
    " {{ invocation_args_dict | tojson }} {{ dbt_metadata_envs | tojson }}"
    " {{ selected_resources }} {{ this }} {{ ref('first') }} {{ builtins.var('listed') }}"
    " {{ modules.pytz.country_timezones('de') }} {{ modules.pytz.all_timezones | length }}"
    " {{ dbt.type_string() }} {{ defaulted() }} {{ api.Relation.create(schema='a') }}"
    " {{ env_var('PLAIN') }} {{ other.far() }} {{ other.keys() | list }}{% endif %}{% endmacro %}\n"
    "{% macro defaulted(x=[], y={}) %}{{ x }}{{ y }}{% do x.append(1) %}{% do y.update(a=1) %}"
    "{% endmacro %}\n"
    # Beside macros nothing is kept that one of them could change for another node.
    "{% set shared = namespace(x=[]) %}{% macro stated() %}{{ shared is defined }}{% endmacro %}"
)
FILES = {
    "dbt_project.yml": (
        "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
        "vars: {listed: [1, {deep: [2]}], own: {key: {value: [3]}}}\n"
        "models: {shop: {+meta: {a: [{b: 1}]}, +tags: [x]}}\n"
        "on-run-start: \"{{ visit('start') }}\"\n"
        "on-run-end:\n  - \"{{ visit('end') }}\"\n"
        "  - \"{{ log(results | map(attribute='adapter_response') | list ~ schemas) }}\"\n"
    ),
    "macros/seen.sql": SEEN,
    "models/first.sql": "select 1 as id",
    "models/vandal.sql": (
        "{{ visit('vandal') }}{{ config(materialized='view') }} {# {{ graph }} #}"
        "select id from {{ ref('first') }}"
    ),
    "models/victim.sql": (
        "{{ config(meta={'c': [1, [2]]}) }}{# {{ ref('vandal') }} #}"
        "select id from {{ ref('first') }} -- {{ stated() }} {{ seen() | replace('\n', ' ') }}"
    ),
    "models/schema.yml": (
        "models: [{name: victim, description: x, columns: [{name: id, meta: {d: [1]}}]}]\n"
        "sources: [{name: raw, schema: main, tables: [{name: a, meta: {e: [1]}}]}]"
    ),
    "packages.yml": "packages: [{local: other}]",
    "other/dbt_project.yml": "name: other\nversion: '1.0'\nconfig-version: 2\n",
    "other/macros/o.sql": "{% macro far(x=[]) %}{{ x }}{% do x.append(1) %}{% endmacro %}",
}
ENVIRON = {"PLAIN": "plain", "DBT_ENV_CUSTOM_ENV_TEAM": "shop"}
CHANGES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("update", ({"schema": "evil", "name": "evil", "evil": 1},)),
    ("setdefault", ("evil_default", 1)),
    ("append", ("evil",)),
    ("insert", (0, "evil")),
    ("extend", (["evil"],)),
    ("add", ("evil",)),
    ("reverse", ()),
    ("popitem", ()),
    ("pop", ()),
    ("remove", ("evil",)),
    ("clear", ()),
)
_LEFT_ALONE = frozenset(
    "drop_schema drop_relation truncate_relation rename_relation create_schema add_query commit "
    "clear_transaction cache_dropped cache_renamed cache_added visit execute".split()
)


class Vandal:
    """Changes everything that it can reach from a scope, as a template could."""

    def __init__(self, scope: Scope) -> None:
        self._environment = scope.macros.environment
        template = self._environment.template("", "models/vandal.sql")
        self._context = ScopeContext(self._environment, template, scope, scope.package)
        self._scope = scope
        self._seen: dict[int, Any] = {}
        self._of_type: Counter[type] = Counter()
        self.changed = 0

    async def go(self) -> None:
        waiting = deque(value for _, value in names_of(self._scope))
        while waiting:
            value = waiting.popleft()
            if id(value) in self._seen or isinstance(value, str | int | float | None):
                continue
            self._seen[id(value)] = value
            # What is made anew at each call leads to more of its kind, without end.
            self._of_type[type(value)] += 1
            if self._of_type[type(value)] > 400:
                continue
            if self._of_type[type(value)] > 20 and not isinstance(value, Sized):
                continue
            waiting.extend([found async for found in self._reached(value)])
            self._change(value)

    async def _reached(self, value: Any) -> Any:
        if isinstance(value, dict):
            for key in list(value)[:40]:
                yield self._environment.getitem(value, key)
            return
        if isinstance(value, list | tuple | set | frozenset):
            for item in value:
                yield item
            return
        for name in (name for name in dir(value) if name[:1] != "_"):
            if name in _LEFT_ALONE:
                continue
            found = self._environment.getattr(value, name)
            yield await found if inspect.isawaitable(found) else found
        # What it names by ref or source would be missing.
        is_left_alone = getattr(value, "__name__", "") in _LEFT_ALONE or isinstance(value, Resolver)
        if callable(value) and not is_left_alone and not isinstance(value, BoundMacro):
            for given in ((), ("listed",), ("own",), ("meta",), ("tags",), ("de",), (None, "main")):
                try:
                    found = self._environment.call(self._context, value, *given)
                    yield await found if inspect.isawaitable(found) else found
                except Exception:
                    continue

    def _change(self, value: Any) -> None:
        for name, given in CHANGES:
            try:
                change = self._environment.getattr(value, name)
                self._environment.call(self._context, change, *given)
            except Exception:
                continue
            self.changed += 1


async def built(root: Path, patch: pytest.MonkeyPatch, where: frozenset[str]) -> Ran:
    """The project built, with a vandal at work in some of its contexts."""
    at_work: list[int] = []

    async def visit(place: str, scope: Scope) -> None:
        if place in where:
            vandal = Vandal(scope)
            with own_budget():
                await vandal.go()
            at_work.append(vandal.changed)

    with patch.context() as inner:
        visit_by(inner, visit)
        await run(root, "deps", environ=ENVIRON)
        ran = await run(root, "build", environ=ENVIRON, partial_parse=False, threads=4)
    assert bool(at_work) == bool(where)
    assert all(changed > 20 for changed in at_work), at_work
    return ran


def without_times(text: str) -> str:
    return re.sub(r'(created_at\\?": ?)[\d.]+', r"\g<1>0", text)


def of_others(root: Path) -> dict[str, Any]:
    """What there is of the nodes beside the vandal: their SQL, and what the manifest says."""
    manifest = json.loads(without_times((root / "target" / "manifest.json").read_text()))
    nodes = {
        unique_id: node
        for unique_id, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if "vandal" not in unique_id
    }
    compiled = {
        path.name: without_times(path.read_text())
        for path in sorted((root / "target" / "compiled").rglob("*.sql"))
        if path.name != "vandal.sql"
    }
    return {"nodes": nodes, "compiled": compiled}


PLACES = ("parse: vandal", "vandal", "start", "end")


@pytest.mark.parametrize("place", PLACES)
async def test_what_a_template_changes_stays_its_own(
    place: str, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(FILES)
    before = await built(root, monkeypatch, frozenset())
    expected = of_others(root)

    ran = await built(root, monkeypatch, frozenset((place,)))

    found = of_others(root)
    assert found["compiled"]["victim.sql"] == expected["compiled"]["victim.sql"]
    assert found == expected
    assert ran.statuses == before.statuses, ran.outcome
    assert ran.messages[-1] == before.messages[-1]
    # Nor does it in the next invocation of the same process.
    await built(root, monkeypatch, frozenset())
    assert of_others(root) == expected


CHANGED_HERE = {
    "target": "{% do target.update({'schema': 'x'}) %}{{ target.schema }}",
    "var": "{% do var('listed').append('x') %}{{ var('listed')[-1] }}",
    "var's inner": "{% do var('listed')[1].deep.append('x') %}{{ var('listed')[1].deep[-1] }}",
    "graph": "{% do graph.nodes.update({'x': {'name': 'x'}}) %}{{ graph.nodes.x.name }}",
    "graph's node": (
        "{% for n in graph.nodes.values() %}{% do n.config.update({'y': 'x'}) %}{% endfor %}"
        "{{ graph.nodes['model.shop.first'].config.y }}"
    ),
    "model": "{% do model.config.meta.update({'a': 'x'}) %}{{ model.config.meta.a }}",
    "config": "{% do config.get('meta').update({'a': 'x'}) %}{{ config.get('meta').a }}",
    "context": "{% do context.update({'y': 'x'}) %}{{ context['y'] }}",
    "environment": "{% do dbt_metadata_envs.update({'y': 'x'}) %}{{ dbt_metadata_envs.y }}",
    "arguments": "{% do invocation_args_dict.update(y='x') %}{{ invocation_args_dict.y }}",
    "a copy": "{% set d = dict(target) %}{% do d.update(schema='x') %}{{ d.schema }}",
    "a copy's inner": (
        "{% set d = dict(var('own')) %}{% do d.key.value.append('x') %}{{ d.key.value[-1] }}"
    ),
}


@pytest.mark.parametrize("text", CHANGED_HERE.values(), ids=CHANGED_HERE)
async def test_change_is_seen_by_the_node_itself_and_by_no_other(
    text: str, write_project: WriteProject
) -> None:
    files = {
        **{name: body for name, body in FILES.items() if name != "dbt_project.yml"},
        "dbt_project.yml": FILES["dbt_project.yml"].split("on-run-start")[0],
        "models/vandal.sql": "select id from {{ ref('first') }}",
        "models/victim.sql": "select id from {{ ref('vandal') }} -- {{ ref('first') }} "
        "{{ seen() | replace('\n', ' ') }}",
    }
    root = write_project(files)
    await run(root, "deps", environ=ENVIRON)
    await run(root, environ=ENVIRON)
    compiled = root / "target/compiled/shop/models"
    expected = without_times((compiled / "victim.sql").read_text())
    changing = f"{{% if execute %}}--{text}--\n{{% endif %}}" + files["models/vandal.sql"]

    (root / "models/vandal.sql").write_text(changing)
    ran = await run(root, environ=ENVIRON)

    assert ran.exit_code == 0, ran.outcome
    assert "--x--" in (compiled / "vandal.sql").read_text()
    assert without_times((compiled / "victim.sql").read_text()) == expected


def test_yaml_value_changes_nothing_for_the_next() -> None:
    shared = {"schema": "main", "inner": {"list": [1]}}
    templates = NativeTemplates({"target": shared, "var": lambda name: shared})

    templates.evaluate(
        "{% do target.update({'schema': 'x'}) %}{% do target.inner.list.append(2) %}"
    )

    assert templates.evaluate("{{ target.schema ~ target.inner.list }}") == "main[1]"
    given = templates.evaluate("{{ target }}")
    assert given == shared
    assert type(given) is dict
    assert given is not shared


async def test_what_config_is_given_does_not_change_afterwards(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/a.sql": "{% set m = {'list': [1]} %}{{ config(meta=m) }}"
            "{% do m.list.append(2) %}{% do m.update(x=1) %}select 1 as id"
        }
    )

    await run(root, "parse")

    manifest = json.loads((root / "target/manifest.json").read_bytes())
    assert manifest["nodes"]["model.shop.a"]["config"]["meta"] == {"list": [1]}


SHARED = {"a": {"b": [{"c": 1}]}, "d": [[1], {"e": 2}], "f": ({"g": 3},), "h": 4}


@pytest.mark.parametrize(
    "look",
    [
        lambda mine: mine["a"]["b"],
        lambda mine: mine.get("a")["b"],
        lambda mine: next(iter(mine.values()))["b"],
        lambda mine: next(iter(mine.items()))[1]["b"],
        lambda mine: dict(mine)["a"]["b"],
        lambda mine: {**mine}["a"]["b"],
        lambda mine: mine.copy()["a"]["b"],
        lambda mine: mine.pop("a")["b"],
        lambda mine: mine.setdefault("a", {})["b"],
        lambda mine: (lambda **named: named["a"]["b"])(**mine),
        lambda mine: tuple(mine.values())[0]["b"],  # noqa: RUF015 # another way to go through it
        lambda mine: mine["d"],
        lambda mine: mine["d"][0],
    ],
)
def test_own_mapping_never_gives_what_is_shared(look: Any) -> None:
    before = json.dumps(SHARED)
    mine = own(SHARED)

    look(mine).append("x")

    assert json.dumps(SHARED) == before


def test_graph_shares_what_is_added_at_its_top_and_nothing_else() -> None:
    gathered: dict[str, Any] = {}
    nodes: dict[str, Any] = {"nodes": {"a": {"tags": []}}}
    one, other = OwnGraph(nodes, gathered), OwnGraph(nodes, gathered)

    one["nodes"]["a"]["tags"].append("x")
    one.setdefault("kept", {}).update(a=1)
    other.get("kept").update(b=2)
    other.update(more=[])

    assert (one["kept"], "more" in one) == ({"a": 1, "b": 2}, True)
    assert (
        list(one) == [*one.keys()] == [key for key, _ in one.items()] == ["nodes", "kept", "more"]
    )
    assert (len(one), len(one.values())) == (3, 3)
    assert OwnGraph(nodes, gathered) == {**nodes, "kept": {"a": 1, "b": 2}, "more": []}
    assert (one.pop("more"), "more" in other, other.get("more", 5)) == ([], False, 5)
    assert len(other) == 2


def test_own_mapping_is_as_the_one_that_it_was_made_of() -> None:
    mine = own(SHARED)

    assert mine == SHARED
    assert json.loads(json.dumps(mine)) == json.loads(json.dumps(SHARED))
    assert list(mine) == list(SHARED)
    assert len(mine) == 4
    assert repr(own({"a": {"b": 1}})) == "{'a': {'b': 1}}"
    assert mine["a"] is mine["a"]
    assert mine.popitem() == ("h", 4)
    assert OwnDict().get("x", 5) == 5


def test_what_is_put_into_an_own_mapping_is_not_copied() -> None:
    mine, put = own({"a": [1]}), [2]

    mine.update(b=put)
    mine["b"].append(3)

    assert put == [2, 3]
    assert mine.setdefault("c", put) is put
