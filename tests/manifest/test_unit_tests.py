"""Unit tests in properties files: what is read, what is kept, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from headrace.engine.manifest.nodes.unit_test_node import UnitTest
from headrace.engine.workspace.loaded_project import manifest_of

from ..conftest import WriteProject
from .support import Parsed, failure, parse

FILES = {
    "models/orders.sql": "select 1 as id",
    "models/totals.sql": "select id from {{ ref('orders') }}",
    "models/inc.sql": "{{ config(materialized='incremental') }} select id\n"
    "from {{ ref('orders') }}\n"
    "{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}",
}
GIVEN = "given: [{input: ref('orders'), rows: []}]"


def files_with(entry: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A project with one unit test, whose entry is a flow mapping without its braces."""
    return {**FILES, "models/staging/tests.yml": f"unit_tests:\n  - {{{entry}}}\n", **(more or {})}


def only_test(parsed: Parsed) -> UnitTest:
    (test,) = parsed.manifest.unit_tests.values()
    return test


def test_unit_test_is_known_by_its_model_and_its_name(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(files_with(f"name: t, model: totals, {GIVEN}, expect: {{rows: []}}"))
    )

    test = only_test(parsed)
    assert test.unique_id == "unit_test.shop.totals.t"
    assert test.fqn == ("shop", "staging", "totals", "t")
    assert str(test.location) == "models/staging/tests.yml:2"
    assert parsed.manifest.parents[test.unique_id] == ("model.shop.totals",)
    assert (1, "unit test") in parsed.manifest.counts()
    assert parsed.warnings == ()


def test_it_is_in_the_manifest_as_dbt_has_it(write_project: WriteProject) -> None:
    entry = (
        "name: t, model: totals, description: Why, "
        "given: [{input: ref('orders'), format: csv, rows: \"id,day\\n1,\\n\"}], "
        "overrides: {vars: {a: 1}}, config: {tags: [slow], meta: {owner: us}}, "
        "expect: {rows: [{id: 1, day: 2024-02-03}]}"
    )
    parsed = parse(write_project(files_with(entry)))

    document = manifest_of(parsed.project, {}).as_dict()

    found = document["unit_tests"]["unit_test.shop.totals.t"]
    assert len(found.pop("checksum")) == 64
    assert found.pop("created_at") > 0
    assert found == {
        "model": "totals",
        "given": [
            {
                "input": "ref('orders')",
                "rows": [{"id": "1", "day": None}],
                "format": "csv",
                "fixture": None,
            }
        ],
        "expect": {"rows": [{"id": 1, "day": "2024-02-03"}], "format": "dict", "fixture": None},
        "name": "t",
        "resource_type": "unit_test",
        "package_name": "shop",
        "path": "staging/tests.yml",
        "original_file_path": "models/staging/tests.yml",
        "unique_id": "unit_test.shop.totals.t",
        "fqn": ["shop", "staging", "totals", "t"],
        "description": "Why",
        "overrides": {"macros": {}, "vars": {"a": 1}, "env_vars": {}},
        "depends_on": {"macros": [], "nodes": ["model.shop.totals"]},
        "config": {"enabled": True, "tags": ["slow"], "meta": {"owner": "us"}},
        "schema": "main",
        "versions": None,
        "version": None,
    }
    assert document["child_map"]["model.shop.totals"] == ["unit_test.shop.totals.t"]
    assert "unit_test.shop.totals.t" not in document["nodes"]


def test_configuration_of_the_project_counts_for_its_unit_tests(
    write_project: WriteProject,
) -> None:
    project = (
        "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
        "unit_tests: {shop: {staging: {+tags: nightly}}}\n"
    )
    entry = f"name: t, model: totals, config: {{tags: slow}}, {GIVEN}, expect: {{rows: []}}"

    parsed = parse(write_project(files_with(entry, {"dbt_project.yml": project})))

    assert only_test(parsed).tags == ("nightly", "slow")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"models/totals.sql": "{{ config(enabled=false) }} select id from {{ ref('orders') }}"},
    ],
)
def test_disabled_one_is_among_the_disabled(
    write_project: WriteProject, more: dict[str, str]
) -> None:
    config = "{enabled: false}" if not more else "{}"
    entry = f"name: t, model: totals, config: {config}, {GIVEN}, expect: {{rows: []}}"

    parsed = parse(write_project(files_with(entry, more)))

    assert parsed.manifest.unit_tests == {}
    assert "unit_test.shop.totals.t" in parsed.manifest.disabled
    assert "unit_test.shop.totals.t" in manifest_of(parsed.project, {}).as_dict()["disabled"]


def test_values_are_rendered_and_fixture_files_are_no_tests(write_project: WriteProject) -> None:
    entry = (
        "name: t, model: totals, given: [{input: ref('orders'), rows: "
        "[{id: \"{{ var('start') }}\"}]}], expect: {format: sql, fixture: none_left}"
    )
    more = {"tests/fixtures/none_left.sql": "select 1 as id"}

    parsed = parse(write_project(files_with(entry, more)), vars={"start": 7})

    test = only_test(parsed)
    assert test.given[0].rows == ({"id": 7},)
    assert test.expect.rows == "select 1 as id"
    assert not [key for key in parsed.manifest.nodes if key.startswith("test.")]


@pytest.mark.parametrize(
    ("rows", "expected", "checksum"),
    [
        (
            "given: [{input: ref('orders'), rows: [{id: null}, {id: 2}, {id: 3}]}, "
            "{input: ref('prices')}], "
            'expect: {format: csv, rows: "id,day\\n1,\\n2,b\\n"}',
            [
                [{"id": 2}, {"id": None}, {"id": 3}],
                [{"id": "2", "day": "b"}, {"id": "1", "day": None}],
            ],
            "0305677e33937865de1a63491d38456bf6512bae24940621dcac3351fa0803f0",
        ),
        (
            "given: [{input: ref('orders'), rows: [{id: null}, {id: null}]}, "
            "{input: ref('prices'), rows: []}], "
            "expect: {rows: [{id: null, a: 1}, {id: 2, a: null}]}",
            [[{"id": None}, {"id": None}], [{"id": None, "a": 1}, {"id": 2, "a": None}]],
            "dd6657425a61d50dbeffaab0fd41f0ef4fc4b4eebb466cc73f191b4177ffc83b",
        ),
    ],
    ids=["a row has no nulls", "each row has a null"],
)
def test_rows_are_in_the_order_of_dbt_and_so_its_states_compare(
    write_project: WriteProject, rows: str, expected: object, checksum: str
) -> None:
    seed = {
        "seeds/prices.csv": "id,day\n1,\n2,\n3,c\n",
        "models/totals.sql": "select id from {{ ref('orders') }}, {{ ref('prices') }}",
    }

    test = only_test(parse(write_project(files_with(f"name: t, model: totals, {rows}", seed))))

    assert [list(test.given[0].rows), list(test.expect.rows)] == expected
    assert test.checksum.checksum == checksum, "what dbt 1.10 has for the same test"
    if len(test.given[1].rows):
        assert test.given[1].rows[0] == {"id": "1", "day": None}, "a seed's stay as in its file"


def test_checksum_holds_the_rows_of_fixture_files_as_dbts_does(write_project: WriteProject) -> None:
    files = {
        "seeds/prices.csv": "id,day\n1,c\n",
        "models/totals.sql": "select id from {{ ref('orders') }}, {{ ref('prices') }}",
        "tests/fixtures/people.csv": "id,day\n1,\n2,b\n",
        "tests/fixtures/prices.sql": "\nselect 1 as id,\n  'x' as day\n\n",
    }
    entry = (
        "name: f, model: totals, given: [{input: ref('orders'), format: csv, fixture: people}, "
        "{input: ref('prices'), format: sql, fixture: prices}], "
        "expect: {format: csv, fixture: people}"
    )

    test = only_test(parse(write_project(files_with(entry, files))))

    assert test.given[1].rows == "select 1 as id,\n  'x' as day"
    dbts = "3f607ed4ec1ef76c6f8af22f54a81b352076d1ff4f7cb3e4e7bc57af8de658e9"
    assert test.checksum.checksum == dbts, "what dbt 1.10 has for the same test"


def test_checksum_tells_what_is_tested_and_not_how_it_is_described(
    write_project: WriteProject,
) -> None:
    entry = "name: t, model: totals, given: [], description: {}, expect: {{rows: [{{id: {}}}]}}"
    made = [
        only_test(parse(write_project(files_with(entry.format(*given))))).checksum
        for given in (("a", 1), ("b", 1), ("a", 2))
    ]

    assert made[0] == made[1]
    assert made[0] != made[2]


@pytest.mark.parametrize(
    ("entry", "place", "parts"),
    [
        (
            f"name: t, model: totls, {GIVEN}, expect: {{rows: []}}",
            2,
            ["Unable to find model 'shop.totls' for unit test 't'", "Did you mean 'totals'?"],
        ),
        (
            "name: t, model: totals, gven: [], expect: {rows: []}",
            2,
            ["'gven' is no key of the unit test 't'", "Did you mean 'given'?"],
        ),
        (
            "name: t, model: totals, given: [{input: ref('orders'), rwos: []}], expect: {rows: []}",
            2,
            ["'rwos' is no key", "Did you mean 'rows'?"],
        ),
        (
            f"name: t, model: totals, {GIVEN}",
            2,
            ["the unit test 't': there is no 'expect'"],
        ),
        (f"name: t, {GIVEN}, expect: {{rows: []}}", 2, ["there is no 'model'"]),
        (
            f"name: t, model: totals, {GIVEN}, expect: {{format: cvs, rows: []}}",
            2,
            ["'cvs' is none of dict, csv, sql", "Did you mean 'csv'?"],
        ),
        (
            f"name: t, model: totals, {GIVEN}, expect: {{}}",
            2,
            ["expect rows which do not match format dict", "a list of mappings"],
        ),
        (
            f"name: t, model: totals, {GIVEN}, expect: {{format: csv, rows: []}}",
            2,
            ["expect rows which do not match format csv", "the name of a file"],
        ),
        (
            "name: t, model: totals, given: [{input: ref('orders'), rows: x}], expect: {rows: []}",
            2,
            ["given rows which do not match format dict"],
        ),
        (
            f'name: t, model: totals, {GIVEN}, expect: {{format: csv, rows: "a\\n1,2"}}',
            2,
            ["line 2 of the CSV has more values than its header has names"],
        ),
        (
            f"name: t, model: totals, {GIVEN}, expect: {{format: csv, fixture: peple}}",
            2,
            ["File not found for fixture 'peple'", "tests/fixtures", "Did you mean 'people'?"],
        ),
        (
            f"name: t, model: totals, {GIVEN}, expect: {{fixture: people}}",
            2,
            ["say 'format: csv' or 'format: sql' for 'people'"],
        ),
        (
            "name: t, model: totals, given: [{input: ref('orders')}], expect: {rows: []}",
            2,
            ["has no 'rows', which only a seed can do without"],
        ),
        (
            f"name: t, model: inc, {GIVEN}, expect: {{rows: []}}",
            2,
            ["Boolean override for 'is_incremental' must be provided", "{is_incremental: false}"],
        ),
        (
            f"name: t, model: inc, overrides: {{macros: {{is_incremental: true}}}}, {GIVEN}, "
            "expect: {rows: []}",
            2,
            ["must have a 'this' input"],
        ),
        (
            f"name: t, model: totals, versions: {{include: [1]}}, {GIVEN}, expect: {{rows: []}}",
            2,
            ["should not have a versions include or exclude", "non-versioned model 'totals'"],
        ),
        (
            f"name: t, model: totals, versions: {{include: [1], exclude: [2]}}, {GIVEN}, "
            "expect: {rows: []}",
            2,
            ["can not both include and exclude versions"],
        ),
        (
            f"name: t, model: totals, {GIVEN}, expect: {{rows: []}}}}\n"
            f"  - {{name: t, model: totals, {GIVEN}, expect: {{rows: []}}",
            3,
            ["two unit tests of 'totals' have the name 't'", "tests.yml:2"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    write_project: WriteProject, entry: str, place: int, parts: list[str]
) -> None:
    more = {"tests/fixtures/people.csv": "id\n1\n"}

    error = failure(write_project(files_with(entry, more)))

    assert str(error.location).startswith(f"models/staging/tests.yml:{place}:")
    assert all(part in error.problem for part in parts), error.problem


def test_version_that_is_not_there_is_an_error(write_project: WriteProject) -> None:
    more = {
        "models/m_v1.sql": "select 1 as id",
        "models/m_v2.sql": "select 2 as id",
        "models/schema.yml": "models: [{name: m, versions: [{v: 1}, {v: 2}]}]",
    }
    entry = "name: t, model: m, versions: {include: [3]}, given: [], expect: {rows: []}"

    error = failure(write_project(files_with(entry, more)))

    assert "referenced a version of 'm' which was not found" in error.problem
    assert "There are versions 1, 2." in error.problem


@pytest.mark.parametrize("second", ["b/rows.csv", "b/rows.sql"])
def test_two_fixtures_of_one_name_are_an_error_with_both_places(
    write_project: WriteProject, second: str
) -> None:
    files = {"tests/fixtures/a/rows.csv": "id\n1\n", f"tests/fixtures/{second}": "select 1 as id"}

    error = failure(write_project({**FILES, **files}))

    assert str(error.location) == f"tests/fixtures/{second}"
    assert "two fixtures have the name 'rows': tests/fixtures/a/rows.csv" in error.problem


def test_fixtures_of_two_packages_may_have_one_name(write_project: WriteProject) -> None:
    entry = f"name: t, model: totals, {GIVEN}, expect: {{format: csv, fixture: rows}}"
    more = {
        "tests/fixtures/rows.csv": "id\n1\n",
        "packages.yml": "packages: [{local: ../util}]",
        "dbt_packages/util/dbt_project.yml": "name: util",
        "dbt_packages/util/tests/fixtures/rows.csv": "id\n2\n",
    }

    parsed = parse(write_project(files_with(entry, more)))

    assert only_test(parsed).expect.rows == ({"id": "1"},)
    document = manifest_of(parsed.project, {}).as_dict()
    assert not [key for key in document["nodes"] if key.startswith("fixture.")]
