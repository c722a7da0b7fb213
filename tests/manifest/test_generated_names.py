"""Which schema, alias and database a node gets, and which macro decides about it."""

from __future__ import annotations

import pytest

from ..conftest import WriteProject
from .support import parse

SCHEMA_MACRO = (
    "{% macro generate_schema_name(custom_schema_name, node) %}"
    "\n  WHO_{{ custom_schema_name or target.schema }}_{{ node.name }}\n"
    "{% endmacro %}"
)
PACKAGE = {
    "packages.yml": "packages: [{local: ../util}]\n",
    "dbt_packages/util/dbt_project.yml": "name: util\nversion: '1.0'\n",
    "dbt_packages/util/models/u.sql": "select 1",
    "models/m.sql": "{{ config(schema='own') }}select 1",
}


@pytest.mark.parametrize(
    ("config", "schema", "alias"),
    [
        ("", "main", "m"),
        ("schema='staging'", "main_staging", "m"),
        ("schema=' staging '", "main_staging", "m"),
        ("alias='other'", "main", "other"),
        ("schema=none, alias=none", "main", "m"),
    ],
)
def test_builtin_rule_puts_the_custom_schema_behind_the_targets(
    write_project: WriteProject, config: str, schema: str, alias: str
) -> None:
    model = parse(write_project({"models/m.sql": f"{{{{ config({config}) }}}}select 1"})).node("m")

    assert (model.schema, model.alias) == (schema, alias)


def test_project_overrides_the_macro_that_makes_schemas(write_project: WriteProject) -> None:
    files = {**PACKAGE, "macros/names.sql": SCHEMA_MACRO.replace("WHO", "root")}

    parsed = parse(write_project(files))

    assert parsed.node("m").schema == "root_own_m"
    assert parsed.node("u").schema == "root_main_u"


def test_override_of_a_package_is_for_its_own_nodes(write_project: WriteProject) -> None:
    files = {
        **PACKAGE,
        "dbt_packages/util/macros/names.sql": SCHEMA_MACRO.replace("WHO", "util"),
    }

    parsed = parse(write_project(files))

    assert parsed.node("m").schema == "main_own"
    assert parsed.node("u").schema == "util_main_u"


def test_package_keeps_its_override_beside_the_roots(write_project: WriteProject) -> None:
    files = {
        **PACKAGE,
        "macros/names.sql": SCHEMA_MACRO.replace("WHO", "root"),
        "dbt_packages/util/macros/names.sql": SCHEMA_MACRO.replace("WHO", "util"),
    }

    parsed = parse(write_project(files))

    assert parsed.node("m").schema == "root_own_m"
    assert parsed.node("u").schema == "util_main_u"


@pytest.mark.parametrize("prefix", ["default", "sqlite"])
def test_dispatched_implementation_can_be_overridden(
    write_project: WriteProject, prefix: str
) -> None:
    macro = SCHEMA_MACRO.replace("WHO", prefix).replace("macro gen", f"macro {prefix}__gen")

    parsed = parse(write_project({"macros/a.sql": macro, "models/m.sql": "select 1"}))

    assert parsed.node("m").schema == f"{prefix}_main_m"


def test_search_order_of_the_project_counts_for_names(write_project: WriteProject) -> None:
    macro = SCHEMA_MACRO.replace("WHO", "util").replace("macro gen", "macro default__gen")
    files = {
        **PACKAGE,
        "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n"
        "dispatch: [{macro_namespace: dbt, search_order: [shop, util, dbt]}]\n",
        "dbt_packages/util/macros/names.sql": macro,
    }

    assert parse(write_project(files)).node("m").schema == "util_own_m"


def test_alias_is_made_by_the_projects_macro(write_project: WriteProject) -> None:
    macro = (
        "{% macro generate_alias_name(custom_alias_name=none, node=none) -%}"
        "{{ node.fqn | join('__') }}_{{ node.config.materialized }}"
        "{{ custom_alias_name or '' }}{%- endmacro %}"
    )
    files = {
        "macros/a.sql": macro,
        "models/sub/m.sql": "{{ config(alias='x', materialized='table') }}select 1",
        "seeds/s.csv": "a\n1\n",
    }

    parsed = parse(write_project(files))

    assert parsed.node("m").alias == "shop__sub__m_tablex"
    assert parsed.node("s").alias == "shop__s_seed"


def test_macro_of_old_takes_the_custom_name_alone(write_project: WriteProject) -> None:
    macro = "{% macro generate_schema_name(schema_name) %}old_{{ schema_name }}{% endmacro %}"
    files = {"macros/a.sql": macro, "models/m.sql": "{{ config(schema='x') }}select 1"}

    assert parse(write_project(files)).node("m").schema == "old_x"


def test_generate_schema_name_for_env_can_be_called(write_project: WriteProject) -> None:
    macro = (
        "{% macro generate_schema_name(custom_schema_name, node) -%}"
        "{{ generate_schema_name_for_env(custom_schema_name, node) }}{%- endmacro %}"
    )
    files = {"macros/a.sql": macro, "models/m.sql": "{{ config(schema='x') }}select 1"}

    assert parse(write_project(files)).node("m").schema == "main"


def test_source_is_called_as_its_properties_say(write_project: WriteProject) -> None:
    files = {
        "macros/a.sql": SCHEMA_MACRO,
        "models/s.yml": "sources:\n"
        "  - name: raw\n"
        '    schema: "{{ target.schema }}_raw"\n'
        "    tables:\n"
        "      - name: t\n"
        "      - {name: u, identifier: \"u_{{ var('year', 2024) }}\"}\n"
        "  - name: plain\n"
        "    tables: [{name: v}]\n",
    }

    parsed = parse(write_project(files))

    names = {name: parsed.node(name).display_name for name in "tuv"}
    assert names == {"t": "main_raw.t", "u": "main_raw.u_2024", "v": "plain.v"}


@pytest.mark.parametrize(
    "how",
    [
        {
            "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n"
            "dispatch: [{macro_namespace: dbt, search_order: [shop, dbt]}]\n"
        },
        {
            "macros/names.sql": "{% macro generate_alias_name(custom_alias_name=none, node=none) %}"
            "{{ default__generate_alias_name(custom_alias_name, node) }}{% endmacro %}"
        },
    ],
)
def test_version_is_in_the_alias_also_where_its_macro_is_called(
    write_project: WriteProject, how: dict[str, str]
) -> None:
    files = {
        "models/m_v1.sql": "select 1 as id",
        "models/m_v1.5.sql": "select 1 as id",
        "models/named.sql": "{{ config(alias='other') }}select 1 as id",
        "models/s.yml": "models:\n  - name: m\n    versions: [{v: 1}, {v: 1.5}]\n"
        "  - {name: n, versions: [{v: 2, defined_in: named}]}\n",
    }

    nodes = parse(write_project({**files, **how})).manifest.nodes

    assert {node.alias for node in nodes.values()} == {"m_v1", "m_v1_5", "other"}
