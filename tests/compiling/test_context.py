"""The names of a template's context, as a model sees them while it is compiled."""

from __future__ import annotations

import pytest

from ..conftest import WriteProject
from .support import compiling

PROPERTIES = """\
models:
  - name: m
    description: What it is.
    config: {meta: {owner: me}}
    columns: [{name: id, description: The key., data_tests: [unique]}]
sources: [{name: raw, tables: [{name: t}]}]
"""


async def expression(write_project: WriteProject, text: str, **vars: object) -> str:
    """What an expression gives in a model `m` of the schema `main_own`."""
    root = write_project(
        {
            "models/m.sql": "{{ config(schema='own', alias='em', tags='a', limit=5) }}"
            "{{ (" + text + ") if execute }}",
            "models/a.sql": "select 1",
            "models/s.yml": PROPERTIES,
        }
    )
    async with compiling(root, vars=vars) as project:
        return await project.sql("m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("this", '"main_own"."em"'),
        ("this.schema ~ '.' ~ this.identifier ~ this.name ~ this.table", "main_own.ememem"),
        ("this.type ~ this.is_view ~ this.is_table", "NoneFalseFalse"),
        ("model.name ~ model.alias ~ model['unique_id']", "memmodel.shop.m"),
        ("model.columns.id.description", "The key."),
        ("model.config.materialized ~ model.config.meta.owner", "viewme"),
        ("model.description ~ model.resource_type", "What it is.model"),
        ("schema", "main_own"),
        ("target.schema ~ target.name ~ target.type", "maindevsqlite"),
        ("target.password is defined", "False"),
        ("config.get('limit') ~ config.get('absent', 'x')", "5x"),
        ("config.get('tags')", "['a']"),
        ("config.require('limit')", "5"),
        ("config.meta_get('owner') ~ config.meta_get('absent', 1)", "me1"),
        ("config.persist_relation_docs() ~ config.persist_column_docs()", "FalseFalse"),
        ("var('n') + 1", "4"),
        ("var('absent', none) is none", "True"),
        ("var.has_var('n') ~ var.has_var('absent')", "TrueFalse"),
        ("env_var('ABSENT', 'default')", "default"),
        ("flags.FULL_REFRESH ~ flags.full_refresh ~ flags.NOTHING", "False"),
        ("project_name", "shop"),
        ("dbt_version", "1.10.23"),
        ("graph.nodes['model.shop.a'].name", "a"),
        (
            "graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') | list | length",
            "1",
        ),
        ("graph.sources.values() | map(attribute='source_name') | list", "['raw']"),
        ("run_started_at.strftime('%Y') | int > 2000", "True"),
        ("invocation_id | length", "36"),
        ("modules.datetime.timedelta(days=1).days", "1"),
        ("api.Relation.create(schema='s', identifier='i')", '"s"."i"'),
        ("api.Relation.create(schema='s', identifier='i', type='view').is_view", "True"),
        ("this is mapping and 'Relation' in this.get('metadata').type", "True"),
        ("this['identifier'] ~ this.get('absent', 1) ~ this.quoted('a')", 'em1"a"'),
        ("api.Relation.add_ephemeral_prefix('m')", "__dbt__cte__m"),
        ("api.Column.create('a', 'text').quoted", '"a"'),
        ("render('{{ 1 + 1 }}')", "2"),
        ("is_incremental()", "False"),
        ("should_full_refresh()", "False"),
        ("make_temp_relation(this, '__x').identifier", "em__x"),
        ("generate_alias_name(none, model)", "m"),
        ("ref('a').identifier if false else 'x'", "x"),
    ],
)
async def test_name_of_the_context_means_what_it_does_in_dbt(
    write_project: WriteProject, text: str, expected: str
) -> None:
    assert await expression(write_project, text, n=3) == expected


async def test_execute_is_false_only_while_parsing(write_project: WriteProject) -> None:
    source = "{% if not execute %}{{ config(alias='parsed') }}{% endif %}{{ execute }}"

    async with compiling(write_project({"models/m.sql": source})) as project:
        assert project.parsed.node("m").alias == "parsed"
        assert await project.sql("m") == "True"


async def test_relation_of_a_ref_is_named_in_the_projects_way_of_quoting(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n"
            "quoting: {identifier: false}\n",
            "models/a.sql": "select 1",
            "models/b.sql": "{{ config(quoting={'identifier': true, 'schema': false}) }}select 1",
            "models/s.yml": "sources:\n"
            "  - name: raw\n"
            "    quoting: {schema: false}\n"
            "    tables: [{name: t, quoting: {identifier: true}}, {name: u}]\n",
            "models/m.sql": "{{ ref('a') }} {{ ref('b') }} {{ source('raw', 't') }} "
            "{{ source('raw', 'u') }}",
        }
    )

    async with compiling(root) as project:
        assert await project.sql("m") == '"main".a main."b" raw."t" raw."u"'
