"""The objects that templates see are as wide as dbt's, or say what they lack."""

from __future__ import annotations

import pytest
from headrace.adapters.errors import AdapterError
from headrace.engine.core.errors import CompilationError

from ..building.support import run
from ..conftest import WriteProject
from .objects import HAS, LACKS, OBJECTS
from .support import compiling

PRELUDE = (
    "{% set relation = api.Relation.create(schema='s', identifier='i', type='table') %}"
    "{% set table = run_query(\"select 1 as id, 'a' as name union all select 2, 'b'\") %}"
)
PROJECT = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nvars: {given: 1}\n",
    "macros/probe.sql": "{% macro probe(a) %}{{ a }}{% endmacro %}"
    "{% macro default__probe_it(a) %}{{ a }}{% endmacro %}",
}
USES = ("{{ it.%s }}", "{{ it.%s() }}", "{{ it['%s'] ~ '' }}")


def written(template: str) -> str:
    """A model that is rendered only when it is built."""
    return f"{{% if execute %}}{PRELUDE}{template}{{% endif %}}"


async def rendered(write_project: WriteProject, template: str) -> str:
    """What a model gives."""
    files = {**PROJECT, "models/m.sql": written(template)}
    async with compiling(write_project(files)) as project:
        return (await project.sql("m")).strip()


@pytest.mark.parametrize("kind", OBJECTS)
async def test_object_has_the_names_of_dbts(write_project: WriteProject, kind: str) -> None:
    asked = "".join(
        f"{{% if it.{name} is not defined %}}{name} {{% endif %}}" for name in HAS[kind].split()
    )

    assert await rendered(write_project, OBJECTS[kind] + asked) == ""


@pytest.mark.parametrize("kind", LACKS)
async def test_what_isnt_there_is_undefined(write_project: WriteProject, kind: str) -> None:
    asked = "".join(
        f"{{% if it.{name} is defined %}}{name} {{% endif %}}" for name in LACKS[kind].split()
    )

    assert await rendered(write_project, OBJECTS[kind] + asked) == ""


@pytest.mark.parametrize("kind", LACKS)
async def test_use_of_what_isnt_there_says_so(write_project: WriteProject, kind: str) -> None:
    uses = {
        f"m{position}": (name, use % name)
        for position, (name, use) in enumerate(
            (name, use) for name in LACKS[kind].split() for use in USES
        )
    }
    files = {
        f"models/{model}.sql": written(OBJECTS[kind] + use) for model, (_, use) in uses.items()
    }
    async with compiling(write_project({**PROJECT, **files})) as project:
        for model, (name, _) in uses.items():
            said = f"headrace has no '{name}' here, though dbt has: "
            with pytest.raises(CompilationError, match=said):
                await project.sql(model)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ '%s is %s' | format(relation, 1) }}", '"s"."i" is 1'),
        ("{{ '%s' % relation }}|{{ '%s, %s' % (relation, 1) }}", '"s"."i"|"s"."i", 1'),
        ("{{ '%(schema)s.%(identifier)s' % relation }}", "s.i"),
        ("{{ relation.incorporate(path={'schema': 't', 'table': 'x', 'odd': 1}) }}", '"t"."i"'),
        ("{{ relation.incorporate(identifier='x', odd=1) }}", '"s"."i"'),
        ("{{ relation.incorporate(type=none).type }}", "None"),
        ("{{ relation.replace(type='view').is_view }}", "True"),
        (
            "{{ 'schema' in relation }}{{ 'odd' in relation }}{{ relation in [relation] }}",
            "TrueFalseTrue",
        ),
        (
            "{{ relation.without_identifier() }} {{ relation.without_identifier().identifier }}",
            '"s" None',
        ),
        ("{{ relation.information_schema('tables') }}", "INFORMATION_SCHEMA.tables"),
        ("{{ relation.matches(schema='s') }}{{ relation.matches(schema='t') }}", "TrueFalse"),
        ("{{ relation.path.replace(schema='t').schema }}", "t"),
        ("{{ relation.quote_policy.incorporate(schema=false).to_dict().schema }}", "False"),
        (
            "{{ relation.to_dict()['path'] }}",
            "{'database': None, 'schema': 's', 'identifier': 'i'}",
        ),
        ("{{ relation.create(schema='a', identifier='b') }}", '"a"."b"'),
        ("{{ relation.incorporate(limit=2).limit }}", "2"),
        ("{{ api.Column('a', 'varchar', 5).data_type }}", "character varying(5)"),
        ("{{ api.Column('a', 'text').expanded_data_type }}", "character varying(256)"),
        ("{{ table.order_by(['name', 'id'], reverse=true).rows[0]['id'] }}", "2"),
        ("{{ table.limit(0, 2, 2).rows | length }}", "1"),
        ("{{ table.merge([table, table]).rows | length }}", "4"),
        (
            "{{ table.join(table.rename({'name': 'other'}), 'id').column_names }}",
            "('id', 'name', 'other')",
        ),
        ("{{ table.columns['id'].data_type.cast('5') + 1 }}", "6"),
        ("{{ table.columns[0].values_without_nulls_sorted() }}", "[1, 2]"),
        (
            "{{ builtins.ref.config.project_name }} {{ ref.config.dependencies['shop'].version }}",
            "shop 1.0",
        ),
        ("{{ adapter.config.quoting.schema }}{{ adapter.config.project_name }}", "Trueshop"),
        ("{{ ref.current_project }} {{ builtins.source.model.name }}", "shop m"),
        ("{{ var.get_rendered_var('given') }} {{ var.node_name }}", "1 m"),
        ("{{ adapter.dispatch('probe_it', 'nobody')('x') }}", "x"),
        ("{{ probe.macro.name }} {{ probe.macro.package_name }}", "probe shop"),
        ("{{ adapter.quote_as_configured('a', 'odd') }}", "a"),
        ("{{ adapter.parse_index({'columns': ['a']}).render(relation) | length }}", "32"),
        ("{% for name in context %}{{ name if name == 'ref' }}{% endfor %}", "ref"),
        ("{{ dict(builtins.items())['project_name'] }}", "shop"),
        (
            "{{ modules.re.compile('a').sub('b', 'aa', count=1) }} {{ 'ab'.maketrans('a', 'b') }}",
            "ba {97: 98}",
        ),
        (
            "{{ model.patch_path }}{{ 'version' in model }}{{ model.config.get('group', 1) }}",
            "False1",
        ),
    ],
)
async def test_object_answers_as_dbts_does(
    write_project: WriteProject, template: str, expected: str
) -> None:
    assert await rendered(write_project, template) == expected


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (
            "{{ ref(model) }}",
            r"ref\(\) takes names as text, and not the node model.shop.m: give its name",
        ),
        ("{{ relation.matches() }}", "needs a database, a schema or an identifier"),
        ("{{ relation.matches(schema='S') }}", "found an approximate match"),
        ("{{ tojson(modules.datetime.date(2024, 1, 2)) }}", "date is not JSON serializable"),
        (
            "{{ adapter.parse_index({'columns': ['a'], 'odd': 1}) }}",
            "Could not parse index config: 'odd'",
        ),
        ("{{ submit_python_job(model, '') }}", r"headrace has no submit_python_job\(\)"),
        (
            "{% call statement('s') %}select 1{% endcall %}{{ load_result('s').data }}"
            "{{ load_result('s') }}",
            "result named 's' has already been loaded into a variable",
        ),
    ],
)
async def test_object_refuses_what_dbts_does(
    write_project: WriteProject, template: str, problem: str
) -> None:
    with pytest.raises((CompilationError, AdapterError), match=problem):
        await rendered(write_project, template)


async def test_config_is_not_read_while_parsing(write_project: WriteProject) -> None:
    source = (
        "{% set read = config.get('materialized', 'x') ~ config.require('materialized') %}"
        "{{ config(tags=['t' ~ read]) }}"
        "{{ config.get('materialized') }}"
    )
    async with compiling(write_project({"models/m.sql": source})) as project:
        assert project.parsed.node("m").config.tags == ("t",)
        assert await project.sql("m") == "view"


async def test_result_of_main_may_be_loaded_again(write_project: WriteProject) -> None:
    template = (
        "{% call statement('main', fetch_result=true) %}select 1{% endcall %}"
        "{{ load_result('main').data }}{{ load_result('main').data }}"
    )

    assert await rendered(write_project, template) == "[(1,)][(1,)]"


async def test_what_packages_add_to_graph_is_one_for_a_whole_run(
    write_project: WriteProject,
) -> None:
    """Packages that watch runs gather there what they tell at the end."""
    keep = "{% if execute %}{% do graph.setdefault('kept', []).append('NAME') %}{% endif %}"
    files = {
        **PROJECT,
        "models/a.sql": keep.replace("NAME", "a") + "select 1 as id",
        "models/b.sql": keep.replace("NAME", "b") + "select '{{ graph.get('kept') }}' as kept",
    }

    async with compiling(write_project(files)) as project:
        await project.sql("a")
        told = await project.sql("b")

    assert told == "select '['a', 'b']' as kept"


async def test_dispatch_into_no_namespace_finds_what_the_nodes_package_sees(
    write_project: WriteProject,
) -> None:
    calling = "{% macro say() %}{{ adapter.dispatch('say', 'nobody')() }}{% endmacro %}"
    files = {
        "packages.yml": "packages: [{local: other}]",
        "other/dbt_project.yml": "name: other\nversion: '1.0'\n",
        "other/macros/say.sql": calling + "{% macro default__say() %}said{% endmacro %}",
        "other/models/inside.sql": "{% if execute %}{{ say() }}{% endif %}",
        "models/outside.sql": "{% if execute %}{{ other.say() }}{% endif %}",
    }
    root = write_project(files)
    assert (await run(root, "deps")).exit_code == 0

    async with compiling(root) as project:
        assert (await project.sql("inside")).strip() == "said"
        said = "No macro named 'say' found within namespace: 'nobody'"
        with pytest.raises(CompilationError, match=said):
            await project.sql("outside")


async def test_dispatch_into_a_misspelt_namespace_is_an_error_while_parsing(
    write_project: WriteProject,
) -> None:
    calling = "{% macro say() %}{{ adapter.dispatch('say', 'othr')() }}{% endmacro %}"
    files = {
        "packages.yml": "packages: [{local: other}]",
        "other/dbt_project.yml": "name: other\nversion: '1.0'\n",
        "other/macros/say.sql": calling + "{% macro default__say() %}said{% endmacro %}",
        "models/m.sql": "{{ other.say() }}",
    }
    root = write_project(files)
    assert (await run(root, "deps")).exit_code == 0

    with pytest.raises(CompilationError, match="In dispatch: No macro named 'say' found"):
        async with compiling(root):
            pass


async def test_dispatch_to_nothing_is_an_error_while_parsing(write_project: WriteProject) -> None:
    files = {
        "macros/say.sql": "{% macro say() %}{{ adapter.dispatch('say')() }}{% endmacro %}",
        "models/m.sql": "{{ say() }}",
    }

    with pytest.raises(CompilationError, match="In dispatch: No macro named 'say' found"):
        async with compiling(write_project(files)):
            pass


@pytest.mark.parametrize("call", ["set_strict(1)", "zip_strict(1)"])
async def test_strict_function_fails_while_parsing(write_project: WriteProject, call: str) -> None:
    files = {"models/m.sql": "{% set found = " + call + " %}select 1 as id"}

    with pytest.raises(CompilationError):
        async with compiling(write_project(files)):
            pass
