"""Generic tests: their names, ids, dependencies and configuration are dbt's."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import CompilationError, Location, ParseError
from headrace.engine.manifest.nodes.test_nodes import GenericTest

from ..conftest import WriteProject
from .support import Parsed, parse

PROPERTIES = """\
models:
  - name: orders
    columns:
      - name: id
        data_tests:
          - unique
          - not_null: {where: "1=1"}
          - not_null: {name: named, config: {severity: warn}}
          - {test_name: not_null, name: flat, config: {where: "id > 1"}}
          - accepted_values: {values: [1, 2], quote: false}
          - accepted_values: {arguments: {values: ['a', "b's", 'c d']}}
          - relationships: {to: ref('customers'), field: id}
          - relationships: {to: "source('raw', 'orders')", field: id, config: {where: "id > 1"}}
          - mine: {k: {z: 1, a: [1, 2]}}
          - mine: {k: null}
          - mine: {k: "{{ var('kk', 3) }}"}
          - mine: {k: true, description: "said"}
          - mine: {k: 1.5, tags: [x]}
          - mine: {k: [a, 1.0, [b]]}
          - mine: {k: "a very long text that makes the name of the test too long for a database"}
      - name: b
        quote: true
        data_tests: [not_null]
    data_tests:
      - shop.mine: {column_name: b}
      - unique: {column_name: "id || '-' || b"}
seeds:
  - name: s
    columns: [{name: a, data_tests: [unique]}]
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - name: id
            data_tests: [unique, not_null]
        data_tests:
          - shop.mine: {column_name: id}
"""
FILES = {
    "models/orders.sql": "select 1 as id, 2 as b",
    "models/customers.sql": "select 1 as id",
    "seeds/s.csv": "a,b\n1,2\n",
    "macros/m.sql": "{% test mine(model, column_name, k=1) %}select 1 where 1=0{% endtest %}",
    "models/s.yml": PROPERTIES,
}

TESTED = "models: [{{name: {}, data_tests: [unique: {{column_name: a}}]}}]"

DBTS_IDS = """\
test.shop.unique_orders_id.1360ecc70e
test.shop.not_null_orders_id.84ef11d8fe
test.shop.named.fcb5085ccf
test.shop.flat.85dc7ab93c
test.shop.accepted_values_orders_id__False__1__2.c17fb4b639
test.shop.accepted_values_orders_id__a__b_s__c_d.7f158f81f9
test.shop.relationships_orders_id__id__ref_customers_.1e6a489bd8
test.shop.relationships_orders_id__id__source_raw_orders_.ec016c1ed1
test.shop.mine_orders_id__1___1_2_.c1a2b86159
test.shop.mine_orders_id__None.c526c8ea38
test.shop.mine_orders_id___var_kk_3_.e8483d42d2
test.shop.mine_orders_id__True.795e2e7e69
test.shop.mine_orders_id__1_5.2da05ae39d
test.shop.mine_orders_id__a__1_0___b_.fb48deac16
test.shop.mine_orders_id__a_very_long_text_that_makes_the_name_of_the_test_too_long_for_a_database.cdd2171c11
test.shop.not_null_orders__b_.cf104b7ed3
test.shop.shop_mine_orders_b.08fbfb9d1c
test.shop.unique_orders_id_b.02ab202db4
test.shop.unique_s_a.05f3649197
test.shop.shop_source_mine_raw_orders_id.4933e30822
test.shop.source_unique_raw_orders_id.56401af608
test.shop.source_not_null_raw_orders_id.f232a64478
""".split()
"""The ids that dbt 1.10.23 gives to the tests of PROPERTIES."""


@pytest.fixture
def parsed(write_project: WriteProject) -> Parsed:
    return parse(write_project(FILES))


def the_test(parsed: Parsed, name: str) -> GenericTest:
    node = parsed.node(name)
    assert isinstance(node, GenericTest)
    return node


def test_ids_are_those_that_dbt_gives(parsed: Parsed) -> None:
    ids = {node.unique_id for node in parsed.manifest.nodes.values() if node.kind == "test"}

    assert ids == set(DBTS_IDS)


def test_name_that_is_too_long_for_a_database_has_a_short_alias(parsed: Parsed) -> None:
    (node,) = (node for node in parsed.manifest.nodes.values() if "a_very_long" in node.name)

    assert node.alias == "mine_orders_5eb43449d51382b8d769217720e05b62"
    assert node.path == f"{node.alias}.sql"
    assert node.fqn == ("shop", node.name)


def test_test_of_a_column_depends_on_what_it_tests_and_on_what_its_arguments_name(
    parsed: Parsed,
) -> None:
    to_model = parsed.parents("relationships_orders_id__id__ref_customers_")
    to_source = parsed.parents("relationships_orders_id__id__source_raw_orders_")

    assert set(to_model) == {"model.shop.orders", "model.shop.customers"}
    assert set(to_source) == {"model.shop.orders", "source.shop.raw.orders"}
    assert parsed.parents("source_unique_raw_orders_id") == ("source.shop.raw.orders",)
    assert parsed.parents("unique_s_a") == ("seed.shop.s",)


def test_configuration_of_an_entry_is_told_from_its_arguments(parsed: Parsed) -> None:
    named, tagged = the_test(parsed, "named"), the_test(parsed, "mine_orders_id__1_5")

    assert named.config.severity == "WARN"
    assert tagged.config.tags == ("x", "x"), "dbt reads them before and while it renders the test"
    assert tagged.tags == ("x",)
    assert set(tagged.arguments) == {"k", "column_name", "model"}
    assert the_test(parsed, "mine_orders_id__True").description == "said"
    assert the_test(parsed, "unique_orders_id").config.schema == "dbt_test__audit"
    assert the_test(parsed, "unique_orders_id").schema == "main_dbt_test__audit"


def test_test_has_the_tags_of_its_column_and_of_its_source(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(
            {
                "models/m.sql": "select 1 as a",
                "models/s.yml": "models:\n"
                "  - name: m\n"
                "    config: {tags: model}\n"
                "    columns:\n"
                "      - {name: a, config: {tags: [column]}, data_tests: [unique: {tags: own}]}\n"
                "sources:\n"
                "  - name: raw\n"
                "    tags: [source]\n"
                "    tables:\n"
                "      - name: t\n"
                "        config: {tags: table}\n"
                "        columns: [{name: x, tags: [column], data_tests: [unique]}]\n",
            }
        )
    )

    assert parsed.node("unique_m_a").tags == ("column", "own")
    assert parsed.node("source_unique_raw_t_x").tags == ("column", "source")


def test_macro_of_a_test_may_configure_it_and_the_entry_goes_before_it(
    write_project: WriteProject,
) -> None:
    parsed = parse(
        write_project(
            {
                "tests/generic/mine.sql": "{% test mine(model, by='x') %}"
                "{{ config(severity='warn', fail_calc='max(n)', tags=by) }}"
                "select 1 as n from {{ model }}{% endtest %}",
                "models/m.sql": "select 1 as a",
                "models/s.yml": "models:\n"
                "  - name: m\n"
                "    data_tests: [mine, mine: {by: y, config: {fail_calc: min(n)}}]\n",
            }
        )
    )

    first, second = the_test(parsed, "mine_m_"), the_test(parsed, "mine_m_y")
    assert (first.config.severity, first.config.fail_calc) == ("WARN", "max(n)")
    assert (second.config.severity, second.config.fail_calc) == ("WARN", "min(n)")
    assert (first.config.tags, second.config.tags) == (("x",), ("y",))


def test_implementation_of_a_test_may_configure_it_before_it_gives_up_parsing(
    write_project: WriteProject,
) -> None:
    macros = """\
{% test mine(model) %}{{ return(adapter.dispatch('test_mine', 'shop')(model)) }}{% endtest %}
{% macro default__test_mine(model) %}
{% set counted %}count(*) + 0{% endset %}
{{ config(fail_calc=counted) }}
{% if not execute %}{{ return('') }}{% endif %}
{{ run_query('select 1').rows[0][0] }}
{% endmacro %}
"""
    parsed = parse(
        write_project(
            {
                "macros/mine.sql": macros,
                "models/m.sql": "select 1 as a",
                "models/s.yml": "models: [{name: m, data_tests: [mine]}]\n",
            }
        )
    )

    assert parsed.node("mine_m_").config.fail_calc == "count(*) + 0"


def test_model_that_the_macro_of_a_test_refers_to_is_a_parent(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(
            {
                "macros/mine.sql": "{% test mine(model) %}{{ helper() }}{% endtest %}"
                "{% macro helper() %}select * from {{ ref('other') }}{% endmacro %}",
                "models/m.sql": "select 1 as a",
                "models/other.sql": "select 1 as a",
                "models/s.yml": "models: [{name: m, data_tests: [mine]}]\n",
            }
        )
    )

    assert set(parsed.parents("mine_m_")) == {"model.shop.m", "model.shop.other"}


def test_tests_of_a_disabled_model_are_left_out(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(
            {
                "models/m.sql": "{{ config(enabled=false) }}select 1 as a",
                "models/s.yml": "models: [{name: m, columns: [{name: a, data_tests: [unique]}]}]\n",
            }
        )
    )

    assert parsed.manifest.nodes == {}


def test_disabled_test_is_among_what_is_disabled(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(
            {
                "models/m.sql": "select 1 as a",
                "models/s.yml": "models:\n"
                "  - name: m\n"
                "    columns:\n"
                '      - {name: a, data_tests: [unique: {enabled: "{{ 1 > 2 }}"}]}\n',
            }
        )
    )

    assert [node.name for node in parsed.manifest.disabled.values()] == ["unique_m_a"]


def test_project_configures_tests_by_folder(write_project: WriteProject) -> None:
    parsed = parse(
        write_project(
            {
                "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n"
                "data_tests: {shop: {+severity: warn, marts: {+severity: error}}}\n",
                "models/staging/a.sql": "select 1 as a",
                "models/marts/b.sql": "select 1 as a",
                "models/staging/s.yml": TESTED.format("a"),
                "models/marts/s.yml": TESTED.format("b"),
            }
        )
    )

    assert parsed.node("unique_a_a").config.severity == "WARN"
    assert parsed.node("unique_b_a").config.severity == "ERROR"


@pytest.mark.parametrize("text", ["var('s', none) | as_native", "var('s', none)", "none"])
def test_configuration_that_renders_to_none_is_not_set(
    write_project: WriteProject, text: str
) -> None:
    root = write_project(
        {
            "dbt_project.yml": "name: shop\nprofile: shop\ndata_tests: {shop: {severity: warn}}\n",
            "models/orders.sql": "select 1 as id",
            "models/s.yml": "models: [{name: orders, columns: [{name: id, data_tests: "
            '[unique: {config: {severity: "{{ ' + text + ' }}"}}]}]}]',
        }
    )

    assert parse(root).node("unique_orders_id").config.severity == "WARN"


def test_description_ends_as_it_does_in_dbt(write_project: WriteProject) -> None:
    """A block's last end of a line stays, but where there is Jinja, and at the end of the file."""
    files = {f"models/{name}.sql": "select 1 as a" for name in ("plain", "jinja", "last")}
    properties = """\
models:
  - name: plain
    description: >
      Plain.
  - name: jinja
    description: |
      {{ doc('d') }} {{ 1 + 1 }}
    columns:
      - name: a
        description: >
          {{ doc('d') }}
  - name: last
    description: >
      Last.
"""
    files |= {"models/s.yml": properties, "models/d.md": "{% docs d %}Said.{% enddocs %}"}

    nodes = parse(write_project(files)).manifest.nodes

    described = {node.name: node.description for node in nodes.values()}
    assert described == {"plain": "Plain.\n", "jinja": "Said. 2", "last": "Last."}
    assert nodes["model.shop.jinja"].columns["a"].description == "Said."


def test_description_of_a_test_may_call_a_docs_block(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "select 1 as id",
            "models/docs.md": "{% docs why %}Because.{% enddocs %}",
            "models/schema.yml": "models: [{name: orders, columns: [{name: id, data_tests: "
            "[{unique: {description: \"{{ doc('why') }}\"}}]}]}]",
        }
    )

    node = parse(root).node("unique_orders_id")

    assert node.description == "Because."
    assert node.doc_blocks == ("doc.shop.why",)


def test_tags_of_what_is_tested_are_the_tests_and_not_its_configuration(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/sources.yml": "sources: [{name: lake, tags: [wet], tables: [{name: fish, "
            "columns: [{name: id, tags: [key], tests: [{not_null: {tags: own}}]}]}]}]",
        }
    )

    node = parse(root).node("source_not_null_lake_fish_id")

    assert node.tags == ("key", "own", "wet")
    assert node.config.tags == ("own",)


def test_name_of_an_argument_that_is_no_text_is_refused_with_its_place(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/orders.sql": "select 1 as id",
            "models/schema.yml": "models:\n- name: orders\n  data_tests:\n"
            "  - accepted_values: {arguments: {1: 2}}",
        }
    )

    with pytest.raises(ParseError, match="an argument's name must be a text, but 1 is not") as bad:
        parse(root)

    assert bad.value.location == Location("models/schema.yml", 4, 5)


def test_argument_may_be_a_mapping_of_keys_of_several_types(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "select 1 as id",
            "macros/mapped.sql": "{% test mapped(model, names) %}select 1{% endtest %}",
            "models/schema.yml": "models: [{name: orders, data_tests: "
            "[{mapped: {arguments: {names: {1: one, two: 2}}}}]}]",
        }
    )

    assert parse(root).node("mapped_orders_one__2").unique_id.startswith("test.shop.mapped")


OPEN = "{% test open(model) %}select 1 where {{ kwargs.get('b') }} = 0{% endtest %}"


@pytest.mark.parametrize(
    ("asked", "unknown"),
    [
        ("mine: {arguments: {kk: 1}}", "kk"),
        ("relationships: {to: ref('orders'), field: b, fields: b}", "fields"),
        ("unlike: {k: 1}", "column_name"),
    ],
)
def test_argument_that_a_test_does_not_take_is_refused(
    write_project: WriteProject, asked: str, unknown: str
) -> None:
    files = {
        "models/orders.sql": "select 1 as id, 2 as b",
        "macros/m.sql": "{% test mine(model, column_name, k=1) %}select 1 where 1=0{% endtest %}"
        "{% test unlike(model, k) %}select 1 where 1=0{% endtest %}",
        "models/s.yml": "models:\n  - name: orders\n    columns:\n      - name: b\n"
        f"        data_tests:\n          - {asked}\n",
    }

    with pytest.raises(CompilationError) as refused:
        parse(write_project(files))

    assert f"has no argument '{unknown}', which the test '" in refused.value.problem
    assert str(refused.value.location) == "models/s.yml:6:13"


@pytest.mark.parametrize("asked", ["open: {a: 1, b: 2}", "not_null: {column_name: b, a: 1}"])
def test_argument_is_let_through_where_a_test_takes_any_or_dbt_does_not_look(
    write_project: WriteProject, asked: str
) -> None:
    files = {
        "models/orders.sql": "select 1 as id, 2 as b",
        "macros/m.sql": OPEN,
        "models/s.yml": f"models: [{{name: orders, data_tests: [{asked}]}}]",
    }

    parsed = parse(write_project(files))

    assert len([n for n in parsed.project.manifest.nodes.values() if n.kind == "test"]) == 1


def test_version_of_what_is_tested_is_noted_as_dbt_reads_it(write_project: WriteProject) -> None:
    files = {
        "models/m.sql": "select 1 as id",
        "models/s.yml": "models:\n"
        "  - name: m\n"
        "    versions: [{v: 1, defined_in: m}]\n"
        "    columns:\n"
        "      - {name: id, data_tests: [unique, accepted_values: {arguments: {values: [1]}}, "
        "like: {arguments: {other: \"ref('n', v=1)\"}}]}\n"
        "  - {name: n, versions: [{v: 1, defined_in: n}]}\n",
        "models/n.sql": "select 1 as id",
        "macros/like.sql": "{% test like(model, column_name, other) %}"
        "select {{ 1 if execute }} from {{ model }}, {{ other }}{% endtest %}",
    }

    nodes = parse(write_project(files)).manifest.nodes.values()

    versions = {
        node.test_name: [call.version for call in node.refs]
        for node in nodes
        if isinstance(node, GenericTest)
    }
    assert versions == {"unique": [1], "accepted_values": ["1"], "like": [1, "1"]}


def test_configuration_beside_arguments_stays_in_its_order(write_project: WriteProject) -> None:
    keys = ("where: 'true'", "warn_if: '>1'", "tags: [t]", "severity: warn", "limit: 5")
    entry = ", ".join(("column_name: id", *keys))
    text = f"models: [{{name: a, data_tests: [{{not_null: {{{entry}}}}}]}}]"

    parsed = parse(write_project({"models/a.sql": "select 1 as id", "models/s.yml": text}))

    (test,) = (node for node in parsed.manifest.nodes.values() if isinstance(node, GenericTest))
    written = [key for key in test.unrendered_config if key != "tags"]
    assert [key for key in written if f"{key}:" in text] == [
        "where",
        "warn_if",
        "severity",
        "limit",
    ]
