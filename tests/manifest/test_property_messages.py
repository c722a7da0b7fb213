"""What is said of properties and configuration that can't be understood, with the place."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import ParseError
from headrace.engine.manifest.nodes.test_nodes import GenericTest

from ..conftest import WriteProject
from .support import failure, parse

PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n"


def with_test(definition: str) -> dict[str, str]:
    """A project whose only test stands in line 6 of models/s.yml."""
    return {
        "models/m.sql": "select 1 as a",
        "models/s.yml": "models:\n"
        "  - name: m\n"
        "    columns:\n"
        "      - name: a\n"
        "        data_tests:\n"
        f"          - {definition}\n",
    }


def test_test_of_a_model_that_is_not_there_is_left_out_with_a_warning(
    write_project: WriteProject,
) -> None:
    parsed = parse(
        write_project(
            {
                **with_test("relationships: {arguments: {to: ref('absent'), field: a}}"),
                "tests/single.sql": "\nselect * from {{ ref('ms') }}",
            }
        )
    )

    assert list(parsed.manifest.nodes) == ["model.shop.m"]
    assert [(warning.name, str(warning.location)) for warning in parsed.warnings] == [
        ("NodeNotFoundOrDisabled", "tests/single.sql:2"),
        ("NodeNotFoundOrDisabled", "models/s.yml"),
    ]
    assert "named 'absent' which was not found" in parsed.warnings[1].message


def test_test_of_a_disabled_model_is_left_out_in_silence(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(
            {
                **with_test("relationships: {arguments: {to: ref('off'), field: a}}"),
                "models/off.sql": "{{ config(enabled=false) }}select 1",
            }
        )
    )

    assert list(parsed.manifest.nodes) == ["model.shop.m"]
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("[unique]", "a test is a name, or a mapping of one name to its arguments"),
        ("{unique: {}, not_null: {}}", "a test is a name, or a mapping of one name"),
        ("5", "a test is a name, or a mapping of one name to its arguments"),
        ("null", "a test is a name, or a mapping of one name to its arguments"),
        ("a-b", "'a-b' is no name of a test."),
        ("unique: [a]", "'unique' of a test must be a mapping of arguments."),
        ("unique: {name: {a: 1}}", "the 'name' of a test must be a text."),
        ("{test_name: unique, name: [a]}", "the 'name' of a test must be a text."),
        ("{unique: }", "test arguments must be a mapping, but after 'unique:' there is nothing"),
        ("unique: {config: a}", "'config' of a test must be a mapping of arguments."),
        ("accepted_values: {values: '{{ 1 + }}'}", "unexpected"),
        ("accepted_values: {values: '{{ 1 / 0 }}'}", "ZeroDivisionError: division by zero"),
        ("unique: {model: x}", "'model' can't be an argument of the test 'unique'"),
        ("unique: {where: x, config: {where: y}}", "'where' stands both under 'config:' and"),
        (
            "unique: {severity: [x]}",
            "config 'severity' of test 'unique_m_a' is wrong: it must be a text",
        ),
        (
            "unique: {config: {enabled: perhaps}}",
            "config 'enabled' of test 'unique_m_a' is wrong: it must be a boolean",
        ),
    ],
)
def test_bad_definition_of_a_test_is_placed_at_its_entry(
    write_project: WriteProject, definition: str, expected: str
) -> None:
    error = failure(write_project(with_test(definition)))

    assert expected in error.problem
    assert str(error.location) == "models/s.yml:6:13"


def test_tests_that_are_no_list_are_placed_at_their_key(write_project: WriteProject) -> None:
    files = {"models/m.sql": "select 1", "models/s.yml": "models: [{name: m, tests: unique}]"}

    assert str(failure(write_project(files))) == (
        "models/s.yml:1:20: 'tests' must be a list of tests, not a text."
    )


def test_two_tests_that_are_the_same_are_both_placed(write_project: WriteProject) -> None:
    error = failure(write_project(with_test("unique\n          - unique")))

    assert str(error) == (
        "models/s.yml:7:13: two tests are the same, down to their arguments: 'unique_m_a' here "
        "and at models/s.yml:6:13. Remove one, or give one a 'name:'."
    )


def test_key_that_nobody_reads_is_warned_of_with_its_place(write_project: WriteProject) -> None:
    properties = """\
version: 2
modls: []
models:
  - name: m
    descripton: x
    columns:
      - name: a
        data_test: [unique]
sources:
  - name: r
    tables:
      - name: t
        identifer: x
x-anchors: {a: 1}
.hidden: 1
"""
    parsed = parse(write_project({"models/m.sql": "select 1", "models/s.yml": properties}))

    assert [(str(warning.location), warning.message) for warning in parsed.warnings] == [
        (
            "models/s.yml:2:1",
            "'modls' is no key of a properties file, and is ignored. Did you mean 'models'?",
        ),
        (
            "models/s.yml:5:5",
            "'descripton' is no key of a model, and is ignored. Did you mean 'description'?",
        ),
        (
            "models/s.yml:8:9",
            "'data_test' is no key that a column has: nothing goes by it here. Did you mean "
            "'data_tests'?",
        ),
        (
            "models/s.yml:13:9",
            "'identifer' is no key of a source's table, and is ignored. Did you mean 'identifier'?",
        ),
    ]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("- m", "models/s.yml:1:1: a properties file is a mapping with keys such as"),
        ("models:\n  m: 1", "models/s.yml:1:1: 'models' must be a list, not a mapping."),
        ("models:\n  - m", "models/s.yml:2:5: an entry of 'models' is a mapping with a 'name'"),
        ("models:\n  - alias: m", "models/s.yml:2:5: an entry of 'models' has no 'name'."),
        ("models:\n  - name: 5", "models/s.yml:2:5: an entry of 'models' has a 'name' that is no"),
        (
            "models:\n  - name: m\n    columns: {a: 1}",
            "models/s.yml:3:5: 'columns' must be a list, not a mapping.",
        ),
        (
            "models:\n  - name: m\n    config: table",
            "models/s.yml:3:5: 'config' must be a mapping of configurations.",
        ),
        (
            "models:\n  - name: m\n  - name: m",
            "models/s.yml:3:5: 'm' is described twice under 'models': here and at "
            "models/s.yml:2:5. Merge the two entries.",
        ),
        (
            "sources:\n  - name: r\n    tables:\n      - name: t\n      - name: t",
            "models/s.yml:5:9: the table 't' of the source 'r' is declared twice: here and at "
            "models/s.yml:4:9. Merge the two entries.",
        ),
        (
            "models:\n  - name: m\n    description: \"{{ doc('order') }}\"",
            "models/s.yml:3:5: doc('order') matches no docs block in a .md file. "
            "Did you mean 'orders'?",
        ),
        (
            "models:\n  - name: m\n    columns:\n"
            "      - {name: a, description: \"{{ doc('x') }}\"}",
            "models/s.yml:4:19: doc('x') matches no docs block in a .md file.",
        ),
        (
            "sources:\n  - name: r\n    description: \"{{ doc('x') }}\"\n    tables: [{name: t}]",
            "models/s.yml:3:5: doc('x') matches no docs block in a .md file.",
        ),
        (
            'models:\n  - name: m\n    config:\n      alias: "{{ nope() }}"',
            "models/s.yml:4:7: models[0].config.alias: 'nope' is undefined",
        ),
    ],
)
def test_properties_that_can_not_be_understood_are_placed(
    write_project: WriteProject, properties: str, expected: str
) -> None:
    files = {
        "models/m.sql": "select 1",
        "models/s.yml": properties,
        "models/docs.md": "{% docs orders %}All orders.{% enddocs %}",
    }

    assert str(failure(write_project(files))).startswith(expected)


def test_description_of_a_model_that_does_not_exist_is_warned_of(
    write_project: WriteProject,
) -> None:
    files = {"models/orders.sql": "select 1", "models/s.yml": "models:\n  - name: order\n"}

    (warning,) = parse(write_project(files)).warnings

    assert str(warning.location) == "models/s.yml:2:5"
    assert warning.message == (
        "Did not find matching node for patch with name 'order' in the 'models' section of file "
        "'models/s.yml'. Did you mean 'orders'?"
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"models/m.sql": "-- m\n\n{{ config(materialized=['a']) }}select 1"},
            "models/m.sql:3: config 'materialized' of model 'm' is wrong: it must "
            "be a text, but it is a list.",
        ),
        (
            {"models/m.sql": "{% if true %}\n{{ config(alias=5) }}{% endif %}select 1"},
            "models/m.sql:2: config 'alias' of model 'm' is wrong: it must "
            "be a text, but it is a number.",
        ),
        (
            {"models/m.sql": "{{ config(meta={}) }}\n{{ config(meta='x') }}select 1"},
            "models/m.sql:2: 'meta' must be a mapping, as in meta: {key: value}.",
        ),
        (
            {"models/m.sql": "select 1\n{{ config('table') }}"},
            "models/m.sql:2: config() takes named values, or one mapping of them.",
        ),
        (
            {
                "models/m.sql": "select 1",
                "models/s.yml": "models:\n  - name: m\n    config:\n"
                "      tags: [a]\n      enabled: perhaps\n",
            },
            "models/s.yml:5:7: config 'enabled' of model 'm' is wrong: it must "
            "be a boolean, but it is a text: 'perhaps' is not of type 'boolean'.",
        ),
        (
            {
                "models/m.sql": "select 1",
                "models/s.yml": "models:\n  - name: m\n    config:\n      pre-hook: {sq: x}\n",
            },
            "models/s.yml:4:7: a pre-hook is SQL, or a mapping with 'sql' and 'transaction'.",
        ),
        (
            {
                "models/m.sql": "select 1",
                "models/s.yml": "models:\n  - name: m\n    config: {tags: {a: b}}\n",
            },
            "models/s.yml:3:5: 'tags' must be a text or a list of texts.",
        ),
        (
            {
                "models/m.sql": "select 1",
                "dbt_project.yml": PROJECT + "models: {shop: {+enabled: perhaps}}\n",
            },
            "dbt_project.yml:4:17: config 'enabled' of model 'm' is wrong: it must "
            "be a boolean, but it is a text: 'perhaps' is not of type 'boolean'.",
        ),
        (
            {
                "models/m.sql": "select 1",
                "dbt_project.yml": PROJECT + "models: {shop: {+meta: perhaps}}\n",
            },
            "dbt_project.yml: 'meta' must be a mapping, as in meta: {key: value}.",
        ),
        (
            {
                "models/m.sql": "select 1",
                "models/s.yml": "models:\n  - name: m\n    data_tests:\n"
                "      - unique: {column_name: id, config: {severity: wran}}\n",
            },
            "models/s.yml:4:9: severity must be either 'warn' or 'error', but that of "
            "'unique_m_id' is 'wran'. Did you mean 'warn'?",
        ),
        (
            {"models/m.sql": "{{ config(materialized='seed') }}select 1"},
            "models/m.sql: a model can't be materialized as a seed: put a CSV file into one of "
            "seed-paths.",
        ),
    ],
)
def test_configuration_of_the_wrong_type_is_placed_where_it_was_written(
    write_project: WriteProject, files: dict[str, str], expected: str
) -> None:
    assert str(failure(write_project(files))) == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("uniqe", "'test_uniqe' is undefined: no test 'uniqe' exists. Did you mean 'unique'?"),
        ("dbt.uniqe", "no test 'uniqe' exists. Did you mean 'unique'?"),
        ("dbt_utils.unique", "Check for typos and/or install package dependencies"),
    ],
)
def test_test_that_nobody_has_is_warned_of(
    write_project: WriteProject, definition: str, expected: str
) -> None:
    schema = f"models: [{{name: m, columns: [{{name: a, data_tests: [{definition}]}}]}}]\n"
    root = write_project({"models/m.sql": "select 1 as a", "models/schema.yml": schema})

    (warning,) = parse(root).warnings

    assert (warning.name, str(warning.location)[:20]) == (
        "MacroNotFoundForPatch",
        "models/schema.yml:1:",
    )
    assert expected in warning.message


def test_test_that_nobody_has_depends_on_what_it_names(write_project: WriteProject) -> None:
    given = "{arguments: {compare: \"ref('n')\", among: [\"source('s', 't')\"]}}"
    schema = (
        f"models: [{{name: m, data_tests: [{{nobodys.equality: {given}}}]}}]\n"
        "sources: [{name: s, tables: [{name: t}]}]\n"
    )
    root = write_project(
        {
            "models/m.sql": "select 1 as a",
            "models/n.sql": "select 1 as a",
            "models/schema.yml": schema,
        }
    )

    nodes = parse(root).manifest.nodes.values()

    (test,) = (node for node in nodes if isinstance(node, GenericTest))
    assert {call.name for call in test.refs} == {"m", "n"}
    assert [call.table_name for call in test.sources] == ["t"]


def test_tags_of_a_column_are_texts(write_project: WriteProject) -> None:
    schema = "models: [{name: m, columns: [{name: a, tags: 2.5}, {name: b, tags: [x, 1]}]}]"
    root = write_project({"models/m.sql": "select 1 as a", "models/s.yml": schema})

    columns = parse(root).node("m").columns

    assert [column.tags for column in columns.values()] == [("2.5",), ("x", "1")]


def test_column_of_an_analysis_has_a_name(write_project: WriteProject) -> None:
    schema = "analyses: [{name: a, columns: [{description: Nobody}]}]"
    root = write_project({"analyses/a.sql": "select 1", "analyses/s.yml": schema})

    with pytest.raises(ParseError, match="an entry of 'columns' has no 'name'"):
        parse(root)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            "models: [{name: m, columns: [{name: a, config: 1}]}]",
            "a column 'a', 'config': it must be a mapping, but it is a number.",
        ),
        ("models: [{name: m, columns: [{name: a, config: {meta: x}}]}]", "'config.meta': it must"),
        (
            "models: [{name: m, columns: [{name: a, data_type: [x]}]}]",
            "'data_type': it must be a t",
        ),
        (
            "models: [{name: m, columns: [{name: '{{ [1] }}'}]}]",
            "an entry of 'columns' has a 'name' that is no text",
        ),
        ("models: [{name: m, versions: [{v: 1, defined_in: 1}]}]", "'defined_in' is the name of"),
        (
            "groups: [{name: g, owner: {name: o}, config: {meta: [x]}}]",
            "'meta' of a group must be a mapping, but it is a list.",
        ),
        (
            "sources: [{name: s, tables: [{name: t, identifier: {a: 1}}]}]",
            "'identifier' must be a text, but it is a mapping.",
        ),
        ("sources: [{name: s, schema: [a], tables: [{name: t}]}]", "'schema' must be a text"),
    ],
)
def test_entry_of_the_wrong_kind_is_named(
    write_project: WriteProject, schema: str, expected: str
) -> None:
    root = write_project({"models/m.sql": "select 1 as a", "models/s.yml": schema})

    with pytest.raises(ParseError, match=expected):
        parse(root)
