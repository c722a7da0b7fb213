"""What is said of nodes that can't be parsed: what, where to the line, and what to do."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import CompilationError, CycleError, ParseError

from ..conftest import WriteProject
from .support import failure, parse

SOURCES = """\
sources:
  - name: raw
    tables:
      - name: orders
      - name: gone
        config: {enabled: false}
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "\n\nselect *\nfrom {{ ref('custmers') }}",
            "models/orders.sql:4: Model 'model.shop.orders' (models/orders.sql) depends on a node "
            "named 'custmers' which was not found: ref('custmers') matches no model, seed or "
            "snapshot. Did you mean 'customers'?",
        ),
        (
            "select 1\n{% if true %}from {{ ref('custmers') }}{% endif %}",
            "models/orders.sql:2: Model 'model.shop.orders' (models/orders.sql) depends on a node "
            "named 'custmers' which was not found: ref('custmers') matches no model, seed or "
            "snapshot. Did you mean 'customers'?",
        ),
        (
            "{{ ref('other', 'customers') }}",
            "models/orders.sql:1: Model 'model.shop.orders' (models/orders.sql) depends on a node "
            "named 'customers' in package 'other' which was not found: ref('other', 'customers') "
            "matches no model, seed or snapshot. Package 'shop' has one: ref('shop', 'customers').",
        ),
        (
            "select *\n\nfrom {{ ref('off') }}",
            "models/orders.sql:3: Model 'model.shop.orders' (models/orders.sql) depends on a node "
            "named 'off' which is disabled. Enable 'off', or take the ref out.",
        ),
        (
            "{{ source('raw', 'order') }}",
            "models/orders.sql:1: Model 'model.shop.orders' (models/orders.sql) depends on a "
            "source named 'raw.order' which was not found: no properties file declares it. "
            "Did you mean 'raw.orders'?",
        ),
        (
            "\n{{ source('raw', 'gone') }}",
            "models/orders.sql:2: Model 'model.shop.orders' (models/orders.sql) depends on a "
            "source named 'raw.gone' which is disabled. Enable 'raw.gone', or take the source() "
            "out.",
        ),
        (
            "-- nothing\n{{ ref('a', 'b', 'c') }}",
            "models/orders.sql:2: ref() takes at most two arguments, a package and a model, and a "
            "version (3 given).",
        ),
        (
            "\n{{ ref('customers', v=2) }}",
            "models/orders.sql:2: Model 'model.shop.orders' (models/orders.sql) depends on a node "
            "named 'customers' with version '2' which was not found: ref('customers', v=2) matches "
            "no model, seed or snapshot. 'customers' has no versions: ref('customers').",
        ),
        ("{{ ref(5) }}", "models/orders.sql:1: ref() takes names as text, and not the int 5."),
        (
            "{{ source('raw') }}",
            "models/orders.sql:1: source() takes exactly two arguments, a source and a table "
            "(1 given).",
        ),
    ],
)
def test_reference_that_leads_nowhere_is_named_with_its_line(
    write_project: WriteProject, source: str, expected: str
) -> None:
    files = {
        "models/orders.sql": source,
        "models/customers.sql": "select 1",
        "models/off.sql": "{{ config(enabled=false) }}select 1",
        "models/s.yml": SOURCES,
    }

    assert str(failure(write_project(files))) == expected


def test_two_models_of_one_name_are_both_named(write_project: WriteProject) -> None:
    error = failure(write_project({"models/a/m.sql": "select 1", "models/b/m.sql": "select 1"}))

    assert isinstance(error, ParseError)
    assert str(error) == (
        "models/b/m.sql: two resources have the name 'm', so that nobody could tell which one is "
        "meant: models/a/m.sql and models/b/m.sql. Rename one of them."
    )


def test_seed_of_a_models_name_is_refused(write_project: WriteProject) -> None:
    error = failure(write_project({"models/m.sql": "select 1", "seeds/m.csv": "a\n1\n"}))

    assert error.problem.startswith("two resources have the name 'm'")
    assert str(error.location) == "seeds/m.csv"


def test_disabled_model_may_share_its_name(write_project: WriteProject) -> None:
    files = {
        "models/a/m.sql": "select 1",
        "models/b/m.sql": "{{ config(enabled=false) }}select 2",
    }

    assert list(parse(write_project(files)).manifest.nodes) == ["model.shop.m"]


def test_two_nodes_of_one_relation_are_both_named(write_project: WriteProject) -> None:
    files = {"models/a.sql": "select 1", "models/b.sql": "{{ config(alias='a') }}select 1"}

    assert str(failure(write_project(files))) == (
        'models/b.sql: found two resources with the database representation "main.a": '
        "models/a.sql and models/b.sql. Give one of them another alias or schema."
    )


def test_cycle_is_printed_with_the_place_of_one_of_its_refs(write_project: WriteProject) -> None:
    files = {
        "models/a.sql": "select *\nfrom {{ ref('c') }}",
        "models/b.sql": "select *\n\nfrom {{ ref('a') }}",
        "models/c.sql": "select * from {{ ref('b') }}",
        "models/d.sql": "select * from {{ ref('c') }}",
    }

    error = failure(write_project(files))

    assert isinstance(error, CycleError)
    assert str(error) == (
        "models/b.sql:3: Found a cycle: a --> b --> c --> a. Take one of these refs away."
    )


def test_model_that_refers_to_itself_is_a_cycle(write_project: WriteProject) -> None:
    error = failure(write_project({"models/a.sql": "\nselect * from {{ ref('a') }}"}))

    assert str(error).startswith("models/a.sql:2: Found a cycle: a --> a.")


@pytest.mark.parametrize(
    ("files", "place", "excerpt"),
    [
        (
            {"models/m.sql": "\nselect *\nfrom {{ ref('a') }"},
            "models/m.sql:3: ",
            "\n  line 3\n    from {{ ref('a') }",
        ),
        (
            {"models/m.sql": "select 1\n{% fi x %}"},
            "models/m.sql:2: ",
            "\n  line 2\n    {% fi x %}",
        ),
        (
            {"macros/a.sql": "{% macro a() %}\n{{ 1 + }}{% endmacro %}"},
            "macros/a.sql:2: ",
            "\n  line 2\n    {{ 1 + }}{% endmacro %}",
        ),
    ],
)
def test_jinja_that_can_not_be_read_is_shown_with_its_line(
    write_project: WriteProject, files: dict[str, str], place: str, excerpt: str
) -> None:
    error = failure(write_project(files))

    assert isinstance(error, CompilationError)
    # What stands between the two are Jinja's words, on a line of their own.
    assert str(error).startswith(place)
    assert str(error).endswith(excerpt)
    words = str(error).removeprefix(place).removesuffix(excerpt)
    assert words
    assert "\n" not in words


@pytest.mark.parametrize(
    ("path", "source", "missing", "line"),
    [
        ("models/m.sql", "select 1\n{% if true %}\n\nselect 2", "endif", 2),
        ("macros/m.sql", "{% macro a() %}\nselect 2", "endmacro", 1),
        ("tests/generic/m.sql", "\n{% test a(model) %}\nselect 2", "endtest", 2),
    ],
)
def test_block_that_is_not_closed_is_an_error(
    write_project: WriteProject, path: str, source: str, missing: str, line: int
) -> None:
    error = failure(write_project({path: source}))

    assert isinstance(error, CompilationError)
    assert missing in error.problem
    assert str(error.location) == f"{path}:{line}"


def test_macro_that_is_defined_twice_is_placed_at_the_second(write_project: WriteProject) -> None:
    macro = "{% macro a() %}{% endmacro %}"

    assert str(failure(write_project({"macros/a.sql": macro, "macros/b.sql": "\n" + macro}))) == (
        "macros/b.sql:2: macro 'a' is defined twice: at line 2, and in macros/a.sql at line 1. "
        "Rename or remove one."
    )


def test_error_that_a_macro_raises_while_parsing_has_its_line_and_the_stack(
    write_project: WriteProject,
) -> None:
    error = failure(
        write_project(
            {
                "macros/a.sql": "{% macro a() %}\n{{ b() }}{% endmacro %}\n"
                "{% macro b() %}\n{{ exceptions.raise_compiler_error('no\\nway') }}{% endmacro %}",
                "models/m.sql": "select 1\n{{ a() }}",
            },
        )
    )

    assert isinstance(error, CompilationError)
    assert error.problem == "no\nway"
    assert str(error.location) == "macros/a.sql:4"
    assert [str(frame) for frame in error.stack] == [
        "macro b (macros/a.sql)",
        "macro a (macros/a.sql)",
        "model m (models/m.sql)",
    ]


def test_failure_in_generate_schema_name_names_the_macro_and_the_node(
    write_project: WriteProject,
) -> None:
    macro = "{% macro generate_schema_name(custom, node) %}\n{{ 1 / 0 }}{% endmacro %}"

    error = failure(write_project({"macros/a.sql": macro, "models/m.sql": "select 1"}))

    assert isinstance(error, CompilationError)
    assert str(error) == "macros/a.sql:2: ZeroDivisionError: division by zero"
    assert [frame.name for frame in error.stack] == ["generate_schema_name", "m"]


def test_environment_variable_that_is_not_set_is_named(write_project: WriteProject) -> None:
    error = failure(
        write_project({"models/m.sql": "\n{{ config(alias=env_var('ABSENT')) }}select 1"})
    )

    assert str(error) == (
        "models/m.sql:2: Env var required but not provided: 'ABSENT'. Set it, or give a default: "
        "env_var('ABSENT', '…')."
    )


def test_variable_that_nobody_supplies_does_not_stop_the_parsing(
    write_project: WriteProject,
) -> None:
    files = {
        "models/a.sql": "select {{ var('absent') }}",
        "models/b.sql": "{% if var('absent') %}{{ ref('a') }}{% endif %}select 1",
    }

    assert len(parse(write_project(files)).manifest.nodes) == 2


def test_variable_that_a_name_is_made_of_must_be_supplied(write_project: WriteProject) -> None:
    macro = "{% macro generate_alias_name(custom, node) %}{{ var('prefix') }}{% endmacro %}"

    error = failure(write_project({"macros/a.sql": macro, "models/m.sql": "select 1"}))

    assert error.problem.startswith("Required var 'prefix' not found in config:")
