"""What dbt refuses while parsing: configuration that contradicts itself, names twice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from headrace.engine.core.errors import CompilationError
from headrace.engine.workspace.loaded_project import manifest_of

from ..building.support import PROJECT, run, warnings_of
from ..conftest import WriteProject
from .support import failure, parse

MODEL = {"models/m.sql": "select 1 as id", "seeds/s.csv": "a\n1\n"}
UTIL = {
    "packages.yml": "packages: [{local: ../util}]\n",
    "dbt_packages/util/dbt_project.yml": "name: util\nversion: '1.0'\n",
    "dbt_packages/util/models/s.yml": "sources: [{name: till, tables: [{name: t}]}]",
}
OVERRIDE = "sources: [{name: till, overrides: util, schema: x}]"


@pytest.mark.parametrize(
    ("files", "place", "problem"),
    [
        (
            {"seeds/s.yml": "seeds: [{name: s, config: {materialized: table}}]"},
            "seeds/s.yml:1:28",
            "A seed must have a materialized value of 'seed'",
        ),
        (
            {
                "models/s.yml": "models: [{name: m, columns: [{name: id, data_tests: "
                "[{unique: {config: {materialized: view}}}]}]}]"
            },
            "models/s.yml:1:54",
            "A test must have a materialized value of 'test'",
        ),
        (
            {
                "snapshots/s.sql": "{% snapshot s %}\n{{ config(strategy='own', unique_key='id', "
                "materialized='table') }} select 1 as id{% endsnapshot %}"
            },
            "snapshots/s.sql:2",
            "A snapshot must have a materialized value of 'snapshot'",
        ),
        (
            {"models/s.yml": "models: [{name: m, docs: {node_color: blau}}]"},
            "models/s.yml:1:20",
            "Invalid color name for docs.node_color: blau.",
        ),
        (
            {"models/n.sql": "{{ config(persist_docs=true) }} select 1"},
            "models/n.sql:1",
            "persist_docs of 'n' must be a mapping",
        ),
        (
            {"models/n.sql": "{{ config(on_configuration_change='aply') }} select 1"},
            "models/n.sql:1",
            "must be one of apply, continue, fail, but it is 'aply'. Did you mean 'apply'?",
        ),
        (
            {"models/s.yml": "groups: [{name: g, owner: {name: x, email: [2]}}]"},
            "models/s.yml:1:37",
            "the 'email' of the owner of a group must be a text",
        ),
        (
            {"models/n.sql": "{{ config(docs={'node_color': '#12345'}) }} select 1"},
            "models/n.sql:1",
            "Invalid color name for docs.node_color: #12345.",
        ),
        (
            {"models/s.yml": "models: [{name: m, meta: {a: 1}, config: {meta: {b: 1}}}]"},
            "models/s.yml:1:20",
            "found meta dictionary in 'config' dictionary and as top-level key",
        ),
        (
            {"models/s.yml": "models: [{name: m, access: public, config: {access: private}}]"},
            "models/s.yml:1:20",
            "found access dictionary in 'config' dictionary and as top-level key",
        ),
        (
            {
                "models/s.yml": "models: [{name: m, columns: "
                "[{name: id, tests: [unique], data_tests: []}]}]"
            },
            "models/s.yml:1:41",
            "cannot have both 'tests' and 'data_tests' defined",
        ),
        (
            {"models/s.yml": "models: [{name: m, config: {contract: {enforced: true}}}]"},
            "models/m.sql",
            "Constraints must be defined in a `yml` schema configuration file",
        ),
        (
            {
                "models/one/n.sql": "{{ config(enabled=false) }} select 1",
                "models/two/n.sql": "{{ config(enabled=false) }} select 1",
                "models/s.yml": "models: [{name: n, config: {enabled: true}}]",
            },
            "models/s.yml:1:11",
            "Found 2 matching disabled nodes for model 'n'",
        ),
        (
            {"models/s.yml": "sources: [{name: s, tables: [{name: t, loaded_at_field: ''}]}]"},
            "models/s.yml:1:40",
            "loaded_at_field cannot be an empty string.",
        ),
        (
            {"models/all orders.sql": "select 1 as id"},
            "models/all orders.sql",
            "Resource names cannot contain spaces, but that of 'model.shop.all orders' does.",
        ),
        (
            {**UTIL, "models/a.yml": OVERRIDE, "models/b.yml": OVERRIDE},
            "models/b.yml:1:24",
            "two entries override the source 'till' of the package 'util'",
        ),
    ],
)
def test_what_dbt_refuses_is_refused(
    write_project: WriteProject, files: Mapping[str, str], place: str, problem: str
) -> None:
    error = failure(write_project({**MODEL, **files}))

    assert str(error.location) == place
    assert problem in error.problem


@pytest.mark.parametrize("color", ["RebeccaPurple", "'#abc'", "'#A1B2C3'"])
def test_color_that_a_page_knows_is_taken(write_project: WriteProject, color: str) -> None:
    schema = f"models: [{{name: m, docs: {{node_color: {color}}}}}]"
    node = parse(write_project({**MODEL, "models/s.yml": schema})).node("m")

    assert node.config.values["docs"]["node_color"] == color.strip("'")


def test_names_with_spaces_may_be_asked_for(write_project: WriteProject) -> None:
    project = "name: shop\nversion: '1.0'\nprofile: shop\n"
    files = {
        "dbt_project.yml": project + "flags: {require_resource_names_without_spaces: false}\n",
        "models/all orders.sql": "select 1 as id",
        "models/all shops.sql": "select 1 as id",
    }

    parsed = parse(write_project(files))

    first, total = parsed.warnings
    assert first.name == "SpacesInResourceNameDeprecation"
    assert first.message == "Found spaces in the name of `model.shop.all orders`"
    assert total.name == "ResourceNamesWithSpacesDeprecation"
    assert total.message.startswith("Spaces found in 2 resource name(s)")
    assert "`--debug`" in total.message


async def test_names_with_spaces_are_told_each_for_who_wants_to_see_all(
    write_project: WriteProject,
) -> None:
    flags = "flags: {require_resource_names_without_spaces: false}\n"
    files = {f"models/all {name}.sql": "select 1 as id" for name in ("orders", "shops")}
    root = write_project({**files, "dbt_project.yml": PROJECT + flags})

    ran = await run(root, "parse", debug=True)

    told = [(warning.name, warning.data) for warning in warnings_of(ran.events)]
    assert told == [
        ("SpacesInResourceNameDeprecation", {"unique_id": "model.shop.all orders"}),
        ("SpacesInResourceNameDeprecation", {"unique_id": "model.shop.all shops"}),
        (
            "ResourceNamesWithSpacesDeprecation",
            {"count_invalid_names": 2, "show_debug_hint": False},
        ),
    ]
    assert "`--debug`" not in ran.warnings[-1]


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("{{ some() }}", "some"),
        ("{{ some(1, invalid=2) }}", "invalid"),
        ("{{ some(1, 2, 3) }}", "some"),
        ("{{ shop.some(invalid=2) }}", "invalid"),
        ("{{ env_var('NOT_THERE') }}", "Env var required but not provided: 'NOT_THERE'"),
        ("{{ asking() }}", "Env var required but not provided: 'NOT_THERE'"),
    ],
)
def test_error_in_a_call_that_parsing_meets_ends_it(
    write_project: WriteProject, model: str, problem: str
) -> None:
    macros = (
        "{% macro some(arg) %}{{ arg }}{% endmacro %}"
        "{% macro more(arg) %}{{ varargs }}{{ kwargs }}{% endmacro %}"
        "{% macro asking() %}{{ env_var('NOT_THERE') }}{% endmacro %}"
    )
    files = {"models/n.sql": model, "macros/some.sql": macros}
    if model == "{{ some() }}":  # Jinja lets an argument out
        assert parse(write_project(files)).warnings == ()
        return

    error = failure(write_project(files))

    assert isinstance(error, CompilationError)
    assert problem in error.problem
    assert error.stack[-1].path == "models/n.sql"


def test_macro_that_takes_anything_is_called_with_anything(write_project: WriteProject) -> None:
    macro = "{% macro more(arg) %}{{ varargs }}{{ kwargs }}{% endmacro %}"
    files = {"models/n.sql": "{{ more(1, 2, 3, x=4) }}", "macros/more.sql": macro}

    assert parse(write_project(files)).warnings == ()


def test_manifest_has_all_disabled_nodes_of_one_name(write_project: WriteProject) -> None:
    files = {f"models/{at}/n.sql": "{{ config(enabled=false) }} select 1" for at in ("one", "two")}

    disabled = manifest_of(parse(write_project(files)).project, {}).as_dict()["disabled"]

    paths = [node["original_file_path"] for node in disabled["model.shop.n"]]
    assert paths == ["models/one/n.sql", "models/two/n.sql"]
