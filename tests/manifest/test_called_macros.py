"""`depends_on.macros`: what a node's templates call themselves while parsing, in dbt's order."""

from __future__ import annotations

import pytest
from headrace.engine.manifest.artifact.macro_dicts import macro_dicts
from headrace.engine.manifest.artifact.node_dicts import node_dict

from ..building.support import run
from ..conftest import WriteProject
from .support import Parsed, parse

MACROS = "".join(
    f"{{% macro {name}(x=1) %}}1{{% endmacro %}}\n" for name in ("one", "two", "three", "four")
)
CALLING = "{% macro outer() %}{{ one() }}{% endmacro %}"
DISPATCHED = (
    "{% macro by_dialect() %}{{ return(adapter.dispatch('by_dialect', 'shop')()) }}{% endmacro %}"
    "{% macro default__by_dialect() %}1{% endmacro %}"
)


def called(parsed: Parsed, name: str) -> list[str]:
    described = node_dict(parsed.node(name))
    macros: list[str] = described["depends_on"]["macros"]
    return [macro.removeprefix("macro.").removeprefix("shop.") for macro in macros]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ two() }} {{ one() }} {{ two() }}", ["two", "one"]),
        ("{{ two(one()) }}", ["one", "two"]),
        ("{{ outer() }}", ["outer"]),
        ("{{ shop.outer() }}{{ dbt.concat(['1', one()]) }}", ["outer", "one", "dbt.concat"]),
        ("{{ one }}", []),
        (
            "{% if is_incremental() %}{{ one() }}{% else %}{{ two() }}{% endif %}",
            ["dbt.is_incremental", "two"],
        ),
        ("{% if not execute %}{{ one() }}{% elif two() %}{{ three() }}{% endif %}", ["one"]),
        ("{% if execute and one() %}{{ two() }}{% endif %}{{ three() }}", ["three"]),
        ("{% if target.type == 'sqlite' %}{{ one() }}{% else %}{{ two() }}{% endif %}", ["one"]),
        ("{% for x in [] %}{{ one() }}{% else %}{{ two() }}{% endfor %}", ["two"]),
        ("{% for x in [1, 2] %}{{ one() }}{% endfor %}", ["one"]),
        ("{% for x in range(0) %}{{ one() }}{% endfor %}{{ two() }}", ["two"]),
        ("{{ one() if execute else two() }}", ["two"]),
        ("{% call statement('x') %}{{ one() }}{% endcall %}{{ two() }}", ["dbt.statement", "two"]),
        ("{% set x %}{{ one() }}{% endset %}{% do two() %}", ["one", "two"]),
        ("{{ adapter.dispatch('by_dialect', 'shop')() }}", ["default__by_dialect"]),
        ("{{ by_dialect() }}", ["by_dialect"]),
        ("{{ config(alias=one() ~ 'x') }}{{ two() }}", ["one", "two"]),
        ("select 1 from {{ this }}", []),
    ],
)
def test_model_has_the_macros_that_it_calls_while_parsing(
    write_project: WriteProject, template: str, expected: list[str]
) -> None:
    files = {"models/m.sql": template, "macros/all.sql": MACROS + CALLING + DISPATCHED}

    assert called(parse(write_project(files)), "m") == expected


def test_override_of_is_incremental_is_asked(write_project: WriteProject) -> None:
    files = {
        "models/m.sql": "{% if is_incremental() %}{{ one() }}{% endif %}",
        "macros/all.sql": MACROS + "{% macro is_incremental() %}{{ return(true) }}{% endmacro %}",
    }

    assert called(parse(write_project(files)), "m") == ["is_incremental", "one"]


def test_hooks_of_models_and_seeds_count(write_project: WriteProject) -> None:
    schema = (
        "models: [{name: m, config: {post_hook: ['{{ three() }}', '{{ one() }}']}}]\n"
        "seeds: [{name: s, config: {pre_hook: '{{ two() }}"
        "{% if execute %}{{ one() }}{% endif %}'}}]"
    )
    files = {
        "models/m.sql": "{{ one() }}",
        "models/schema.yml": schema,
        "seeds/s.csv": "a\n1\n",
        "macros/all.sql": MACROS,
    }
    parsed = parse(write_project(files))

    assert called(parsed, "m") == ["one", "three"]
    assert called(parsed, "s") == ["two"]


def test_arguments_of_tests_count_after_the_test_s_own_macro(write_project: WriteProject) -> None:
    files = {
        "models/m.sql": "select 1 as id",
        "models/schema.yml": "models: [{name: m, columns: [{name: id, data_tests: [not_null, "
        "{mine: {arguments: {v: '{{ two() }}', w: ['{{ one() }}']}}}]}]}]",
        "macros/all.sql": MACROS
        + "{% test mine(model, column_name, v, w) %}select 1 where 1 = {{ v }}{% endtest %}",
    }
    parsed = parse(write_project(files))

    assert called(parsed, "not_null_m_id") == ["dbt.test_not_null"]
    (mine,) = (node.name for node in parsed.manifest.nodes.values() if "mine" in node.name)
    assert called(parsed, mine) == ["test_mine", "two", "one", "dbt.get_where_subquery"]


def test_one_name_in_two_packages_is_the_caller_s_own(write_project: WriteProject) -> None:
    files = {
        "packages.yml": "packages: [{local: ../util}]\n",
        "dbt_packages/util/dbt_project.yml": "name: util\nversion: '1.0'\n",
        "dbt_packages/util/macros/one.sql": "{% macro one() %}1{% endmacro %}",
        "dbt_packages/util/models/u.sql": "{{ one() }}",
        "models/m.sql": "{{ one() }}{{ util.one() }}",
        "macros/all.sql": MACROS,
    }
    parsed = parse(write_project(files))

    assert called(parsed, "m") == ["one", "util.one"]
    assert called(parsed, "u") == ["util.one"]


def macros_of(parsed: Parsed, name: str) -> list[str]:
    """What a macro of the project depends on, as the manifest has it."""
    described = dict(macro_dicts(parsed.manifest.macros, {}))
    found: list[str] = described[f"macro.shop.{name}"]["depends_on"]["macros"]
    return [macro.removeprefix("macro.") for macro in found]


OTHER = {
    "packages.yml": "packages: [{local: other}]",
    "other/dbt_project.yml": "name: other\nversion: '1.0'\n",
    "other/macros/by.sql": "{% macro by(x) %}{{ return(adapter.dispatch('by', 'other')(x)) }}"
    "{% endmacro %}{% macro default__by(x) %}o{% endmacro %}"
    "{% macro sqlite__by(x) %}s{% endmacro %}",
}


@pytest.mark.parametrize(
    ("macros", "expected"),
    [
        ("{% macro m() %}{{ two() }}{{ one(two()) }}{% endmacro %}", ["shop.two", "shop.one"]),
        ("{% macro m(n) %}{{ m(n - 1) if n }}{{ one() }}{% endmacro %}", ["shop.one"]),
        (
            "{% macro m() %}{{ adapter.dispatch('m')() }}{% endmacro %}"
            "{% macro default__m() %}d{% endmacro %}{% macro sqlite__m() %}s{% endmacro %}",
            ["shop.sqlite__m"],
        ),
        (
            "{% macro m() %}{{ adapter.dispatch('m', macro_namespace='shop')() }}{% endmacro %}"
            "{% macro default__m() %}d{% endmacro %}",
            ["shop.default__m"],
        ),
        (
            "{% macro m() %}{{ adapter.dispatch('by', 'other')(1) }}{% endmacro %}",
            ["other.sqlite__by"],
        ),
        (
            "{% macro m() %}{{ adapter.dispatch('by', 'other')(1) }}{% endmacro %}"
            "{% macro default__by(x) %}root's{% endmacro %}",
            ["shop.default__by"],
        ),
        ("{% macro m() %}{% set f = one %}{{ f() }}{% endmacro %}", ["shop.one"]),
    ],
)
async def test_macro_depends_on_what_it_would_call_on_this_database(
    write_project: WriteProject, macros: str, expected: list[str]
) -> None:
    root = write_project({**OTHER, "macros/all.sql": MACROS, "macros/m.sql": macros})
    assert (await run(root, "deps")).exit_code == 0

    assert macros_of(parse(root), "m") == expected


@pytest.mark.parametrize("namespace", ["", ", 'nobody'"])
@pytest.mark.parametrize("has_own", [True, False])
async def test_dispatch_of_a_package_into_nobodys_namespace_is_of_the_root_or_its_own(
    write_project: WriteProject, namespace: str, has_own: bool
) -> None:
    files = {
        **OTHER,
        "other/macros/say.sql": "{% macro say() %}{{ adapter.dispatch('say'" + namespace + ")() }}"
        "{% endmacro %}{% macro default__say() %}o{% endmacro %}",
        "macros/say.sql": "{% macro default__say() %}r{% endmacro %}" if has_own else "",
    }
    root = write_project(files)
    assert (await run(root, "deps")).exit_code == 0

    described = dict(macro_dicts(parse(root).manifest.macros, {}))["macro.other.say"]

    owner = "shop" if has_own else "other"
    assert described["depends_on"]["macros"] == [f"macro.{owner}.default__say"]


def test_macro_that_is_handed_on_counts_where_it_is_called(write_project: WriteProject) -> None:
    files = {
        "models/m.sql": "{% set f = one %}{{ f() }}",
        "models/n.sql": "{% set f = one %}",
        "macros/all.sql": MACROS,
    }

    parsed = parse(write_project(files))

    assert (called(parsed, "m"), called(parsed, "n")) == (["one"], [])


def test_macro_has_the_white_space_that_its_tags_take_away(write_project: WriteProject) -> None:
    text = (
        "\n\n{% macro c() %}3{% endmacro -%}\n\n{%- macro a() -%} 1 {%- endmacro -%}\n\n"
        "{%- macro b() %}2{% endmacro %}\n"
    )

    root = write_project({"macros/a.sql": text})
    macros = {macro.name: macro for macro in parse(root).manifest.macros}

    assert macros["c"].macro_sql == "{% macro c() %}3{% endmacro -%}\n\n"
    assert macros["a"].macro_sql == "{%- macro a() -%} 1 {%- endmacro -%}\n\n"
    assert macros["b"].macro_sql == "{%- macro b() %}2{% endmacro %}"
