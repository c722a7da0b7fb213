"""`overrides:`: a project says something else of a source of one of its packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .support import parse

WriteProject = Callable[[Mapping[str, str]], Path]

PACKAGE = {
    "packages.yml": "packages: [{local: ../util}]\n",
    "dbt_packages/util/dbt_project.yml": "name: util\nversion: '1.0'\n",
    "dbt_packages/util/models/sources.yml": """sources:
- name: till
  schema: theirs
  description: what the till writes
  tables:
  - {name: receipts, identifier: r, data_tests: [not_null: {column_name: id}]}
  - {name: shops, columns: [{name: id, data_tests: [unique]}]}
- name: other
  tables: [{name: receipts}]
""",
    "dbt_packages/util/models/u.sql": "select * from {{ source('till', 'receipts') }}",
}


def override(entry: str) -> dict[str, str]:
    return {**PACKAGE, "models/schema.yml": f"sources:\n- {{{entry}}}\n"}


def test_override_stands_in_the_place_of_what_the_package_says(write_project: WriteProject) -> None:
    table = "{name: receipts, identifier: q}"
    entry = f"name: till, overrides: util, schema: ours, loader: me, tables: [{table}]"
    root = write_project(override(entry))

    manifest = parse(root).manifest

    assert manifest.sources.keys() == {
        "source.util.till.receipts",
        "source.util.till.shops",
        "source.util.other.receipts",
    }
    receipts = manifest.sources["source.util.till.receipts"]
    assert (receipts.schema, receipts.identifier, receipts.loader) == ("ours", "q", "me")
    assert receipts.source_description == "what the till writes"
    assert manifest.sources["source.util.till.shops"].schema == "ours"
    assert manifest.sources["source.util.other.receipts"].schema == "other"
    assert manifest.parents["model.util.u"] == ("source.util.till.receipts",)


def test_tests_are_the_overrides_where_it_has_some(write_project: WriteProject) -> None:
    tables = "[{name: receipts, data_tests: []}, {name: shops, columns: [{name: id}, {name: at}]}]"
    bare = parse(write_project(override(f"name: till, overrides: util, tables: {tables}")))
    same = parse(write_project(override("name: till, overrides: util, schema: ours")))

    def tests(parsed: object) -> list[str]:
        nodes = parsed.manifest.nodes  # type: ignore[attr-defined] # what `parse` gives
        return sorted(id_.split(".")[2] for id_ in nodes if id_.startswith("test."))

    assert tests(bare) == []
    assert tests(same) == ["source_not_null_till_receipts_id", "source_unique_till_shops_id"]


def test_override_is_warned_of_and_so_is_one_of_nothing(write_project: WriteProject) -> None:
    root = write_project(override("name: tills, overrides: util, schema: ours"))

    first, second = parse(root).warnings

    assert (first.name, str(first.location)[:20]) == (
        "SourceOverrideDeprecation",
        "models/schema.yml:2:",
    )
    assert second.name == "UnusedTables"
    assert second.data == {"unused_tables": ["  - Source util.tills (in models/schema.yml)"]}


def test_all_that_overrides_nothing_is_one_warning(write_project: WriteProject) -> None:
    root = write_project(
        {
            **PACKAGE,
            "models/schema.yml": "sources:\n"
            "- {name: till, overrides: util, tables: [{name: x}, {name: shops}, {name: a}]}\n"
            "- {name: nobody, overrides: util}\n"
            "- {name: till, overrides: utils}\n",
        }
    )

    warnings = parse(root).warnings

    assert [warning.name for warning in warnings] == [
        *["SourceOverrideDeprecation"] * 3,
        "UnusedTables",
    ]
    assert warnings[-1].data["unused_tables"] == [
        "  - Source table util.till.a (in models/schema.yml)",
        "  - Source table util.till.x (in models/schema.yml)",
        "  - Source util.nobody (in models/schema.yml)",
        "  - Source utils.till (in models/schema.yml)",
    ]


def test_override_sees_the_variables_of_the_project_that_it_stands_in(
    write_project: WriteProject,
) -> None:
    entry = """name: till, overrides: util, schema: "{{ var('whose') }}"
    , tables: [{name: receipts, identifier: "{{ var('whose') }}_r"}]"""
    variables = "vars: {whose: ours, util: {whose: theirs}}\n"
    project = "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
    root = write_project(override(entry) | {"dbt_project.yml": project + variables})

    receipts = parse(root).manifest.sources["source.util.till.receipts"]

    assert (receipts.schema, receipts.identifier) == ("ours", "ours_r")
