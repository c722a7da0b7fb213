"""One name in several packages: which of them is meant, by each way of naming something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.manifest.lookup import AmbiguousRefError
from headrace.engine.manifest.nodes.unit_test_node import UnitTest

from .support import failure, parse

WriteProject = Callable[[Mapping[str, str]], Path]

SOURCE = "sources: [{{name: till, schema: {0}, tables: [{{name: receipts}}]}}]\n"
READS = "select * from {{ source('till', 'receipts') }}"


def packages(*names: str, **more: str) -> dict[str, str]:
    """The project files of packages that are installed; `more` are lines for some of them."""
    files = {"packages.yml": f"packages: [{', '.join(f'{{local: ../{name}}}' for name in names)}]"}
    for name in names:
        head = f"name: {name}\nversion: '1.0'\n{more.get(name, '')}"
        files[f"dbt_packages/{name}/dbt_project.yml"] = head
    return files


def project(lines: str) -> str:
    return f"name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n{lines}"


class TestSources:
    def test_roots_source_is_meant_by_everybody(self, write_project: WriteProject) -> None:
        root = write_project(
            {
                **packages("one", "two"),
                "models/sources.yml": SOURCE.format("of_shop"),
                "models/a.sql": READS,
                "dbt_packages/one/models/sources.yml": SOURCE.format("of_one"),
                "dbt_packages/one/models/b.sql": READS,
                "dbt_packages/two/models/sources.yml": SOURCE.format("of_two"),
            }
        )

        parsed = parse(root)

        assert parsed.parents("a") == ("source.shop.till.receipts",)
        assert parsed.parents("b") == ("source.shop.till.receipts",)

    def test_a_packages_own_comes_before_that_of_another(self, write_project: WriteProject) -> None:
        files = packages("one", "two")
        for name in ("one", "two"):
            files[f"dbt_packages/{name}/models/sources.yml"] = SOURCE.format(f"of_{name}")
            files[f"dbt_packages/{name}/models/in_{name}.sql"] = READS
        exposure = (
            "exposures: [{name: board, type: dashboard, owner: {name: me}, "
            "depends_on: [\"source('till', 'receipts')\"]}]"
        )
        files["dbt_packages/one/models/exposures.yml"] = exposure

        parsed = parse(write_project(files))

        assert parsed.parents("in_one") == ("source.one.till.receipts",)
        assert parsed.parents("in_two") == ("source.two.till.receipts",)
        assert parsed.manifest.parents["exposure.one.board"] == ("source.one.till.receipts",)

    def test_a_disabled_one_gives_way(self, write_project: WriteProject) -> None:
        off = "sources: [{name: till, config: {enabled: false}, tables: [{name: receipts}]}]"
        root = write_project(
            {
                **packages("one"),
                "models/sources.yml": off,
                "models/a.sql": READS,
                "dbt_packages/one/models/sources.yml": SOURCE.format("of_one"),
            }
        )

        assert parse(root).parents("a") == ("source.one.till.receipts",)


class TestRefs:
    def files(self) -> dict[str, str]:
        files = packages("one", "two", "three")
        files["dbt_packages/one/models/orders.sql"] = "{{ config(alias='o1') }} select 1 as id"
        files["dbt_packages/two/models/orders.sql"] = "{{ config(alias='o2') }} select 2 as id"
        files["dbt_packages/two/models/b.sql"] = "select * from {{ ref('orders') }}"
        return files

    def test_what_two_other_packages_have_must_be_said(self, write_project: WriteProject) -> None:
        model = "select 1 as id\nunion all select * from {{ ref('orders') }}"
        root = write_project(self.files() | {"models/a.sql": model})

        error = failure(root)

        assert isinstance(error, AmbiguousRefError)
        assert str(error.location) == "models/a.sql:2"
        assert "one, two" in str(error)
        assert "ref('one', 'orders'), ref('two', 'orders')" in str(error)

    def test_a_packages_own_is_meant_there(self, write_project: WriteProject) -> None:
        root = write_project(self.files())

        assert parse(root).parents("b") == ("model.two.orders",)

    def test_a_disabled_one_is_spoken_of_where_it_is_meant(
        self, write_project: WriteProject
    ) -> None:
        files = self.files() | {"dbt_packages/three/models/off.sql": "{{ config(enabled=false) }}"}
        here = write_project(files | {"models/a.sql": "select * from {{ ref('three', 'off') }}"})
        assert "which is disabled" in str(failure(here))

        there = write_project(files | {"models/a.sql": "select * from {{ ref('two', 'off') }}"})
        assert "which was not found" in str(failure(there))


VARS_OF_ROOT = "vars: {shared: by_shop, one: {scoped: for_one, both: for_one}}\n"
VARS_OF_ONE = "vars: {own: ones, both: ones, shared: ones, one: {own_scoped: ones_too}}\n"


class TestVariablesOfProperties:
    def files(self, entry: str) -> dict[str, str]:
        return {
            **packages("one", "two", one=VARS_OF_ONE),
            "dbt_project.yml": project(VARS_OF_ROOT),
            "dbt_packages/one/models/schema.yml": entry,
            "dbt_packages/one/models/m.sql": "select 1 as id",
            "dbt_packages/two/models/sources.yml": SOURCE.format("\"{{ var('own', 'unset') }}\""),
        }

    def test_a_package_sees_its_own_and_what_the_root_says_for_it(
        self, write_project: WriteProject
    ) -> None:
        names = "shared scoped both own own_scoped".split()
        schema = "-".join(f"{{{{ var('{name}', 'unset') }}}}" for name in names)

        manifest = parse(write_project(self.files(SOURCE.format(f'"{schema}"')))).manifest

        of_one = manifest.sources["source.one.till.receipts"]
        assert of_one.schema == "by_shop-for_one-for_one-ones-ones_too"
        assert manifest.sources["source.two.till.receipts"].schema == "unset"

    def test_in_everything_that_they_configure(self, write_project: WriteProject) -> None:
        entry = """
models:
- name: m
  config: {enabled: "{{ var('own') == 'ones' }}", tags: "{{ var('scoped') }}"}
  columns:
  - name: id
    data_type: "{{ var('own_scoped') }}"
    data_tests: [not_null: {config: {severity: "{{ 'warn' if var('own') else 'error' }}"}}]
macros: [{name: mac, config: {meta: {by: "{{ var('own') }}"}}}]
groups: [{name: g, owner: {name: "{{ var('own') }}"}}]
exposures: [{name: board, type: dashboard, owner: {name: "{{ var('own') }}"}}]
"""
        files = self.files(entry) | {
            "dbt_packages/one/macros/mac.sql": "{% macro mac() %}{% endmacro %}"
        }

        manifest = parse(write_project(files)).manifest

        model = manifest.nodes["model.one.m"]
        assert (model.tags, model.columns["id"].data_type) == (("for_one",), "ones_too")
        (test,) = (node for node in manifest.nodes.values() if node.resource_type == "test")
        assert test.config.severity == "WARN"
        assert manifest.macro_properties["macro.one.mac"].meta == {"by": "ones"}
        assert manifest.groups["group.one.g"].owner["name"] == "ones"
        assert manifest.declared["exposure.one.board"].fields["owner"]["name"] == "ones"

    @pytest.mark.parametrize("package", ["one", "shop"])
    def test_on_the_command_line_they_hold_for_all(
        self, write_project: WriteProject, package: str
    ) -> None:
        files = self.files(SOURCE.format("\"{{ var('own') }}\""))
        files["models/sources.yml"] = SOURCE.format("\"{{ var('own') }}\"")

        manifest = parse(write_project(files), vars={"own": "now"}).manifest

        assert manifest.sources[f"source.{package}.till.receipts"].schema == "now"


def test_unit_tests_take_the_rows_of_their_own_packages_seed(write_project: WriteProject) -> None:
    unit_test = (
        "unit_tests: [{name: u, model: m, given: [{input: \"ref('people')\"}], "
        "expect: {rows: [{n: 1}]}}]"
    )
    root = write_project(
        {
            **packages("one"),
            "seeds/people.csv": "name\nroots\n",
            "dbt_packages/one/seeds/people.csv": "name\nones\n",
            "dbt_packages/one/dbt_project.yml": "name: one\nversion: 1.0\nseeds: {+schema: one}\n",
            "dbt_packages/one/models/m.sql": "select 1 as n from {{ ref('people') }}",
            "dbt_packages/one/models/schema.yml": unit_test,
        }
    )

    test = parse(root).manifest.unit_tests["unit_test.one.m.u"]

    assert isinstance(test, UnitTest)
    assert test.given[0].rows == ({"name": "ones"},)


def test_docs_block_is_looked_for_as_a_ref_is(write_project: WriteProject) -> None:
    files = packages("one", "two")
    described = "models: [{name: m, description: \"{{ doc('d') }}, {{ doc('e') }}, {{ doc('f') }}"
    block = "{{% docs {0} %}}{0} of {1}{{% enddocs %}}\n"
    files["models/d.md"] = block.format("d", "shop")
    files["dbt_packages/one/models/d.md"] = block.format("d", "one") + block.format("e", "one")
    files["dbt_packages/two/models/d.md"] = "".join(block.format(name, "two") for name in "def")
    files["dbt_packages/one/models/m.sql"] = "select 1 as id"
    files["dbt_packages/one/models/schema.yml"] = described + ", {{ doc('two', 'd') }}\"}]"

    model = parse(write_project(files)).node("m")

    assert model.description == "d of shop, e of one, f of two, d of two"
    assert model.doc_blocks == ("doc.shop.d", "doc.one.e", "doc.two.f", "doc.two.d")


class TestPropertiesOfAnotherProject:
    def test_root_describes_configures_and_tests_a_packages_model(
        self, write_project: WriteProject
    ) -> None:
        entry = """models:
- name: orders
  description: by {{ var('who') }}, {{ doc('d') }}
  config: {materialized: table, tags: [ours], meta: {by: "{{ var('who') }}"}}
  columns: [{name: id, description: a key, data_tests: [not_null]}]
  data_tests: [unique: {column_name: id}]
"""
        root = write_project(
            {
                **packages("one", one="vars: {who: one}\nmodels: {+tags: [theirs]}\n"),
                "dbt_project.yml": project("vars: {who: shop}\n"),
                "models/schema.yml": entry,
                "dbt_packages/one/models/orders.sql": "select 1 as id",
                "dbt_packages/one/models/d.md": "{% docs d %}its own{% enddocs %}",
            }
        )

        parsed = parse(root)

        model = parsed.node("orders")
        assert (model.description, model.patch_path) == (
            "by shop, its own",
            "shop://models/schema.yml",
        )
        assert (model.config.materialized, model.config.meta) == ("table", {"by": "shop"})
        assert model.columns["id"].description == "a key"
        assert model.config.tags == ("ours",)
        # dbt takes the package's entry out of the configuration, and leaves the tag that it gave.
        assert model.tags == ("theirs", "ours")
        tests = {name: parsed.parents(name) for name in ("not_null_orders_id", "unique_orders_id")}
        assert set(tests.values()) == {("model.one.orders",)}
        assert {parsed.node(name).package_name for name in tests} == {"shop"}
        assert parsed.warnings == ()

    def test_package_describes_the_roots_node_where_its_own_is_off(
        self, write_project: WriteProject
    ) -> None:
        entry = "seeds: [{name: people, description: by one, config: {column_types: {n: text}}}]"
        files = {
            **packages("one"),
            "seeds/people.csv": "n\n1\n",
            "dbt_packages/one/seeds/people.csv": "n\n1\n",
            "dbt_packages/one/seeds/schema.yml": entry,
        }
        off = write_project(files | {"dbt_project.yml": project("seeds: {one: {+enabled: false}}")})

        manifest = parse(off).manifest

        ours, theirs = manifest.nodes["seed.shop.people"], manifest.disabled["seed.one.people"]
        assert (ours.description, ours.config.column_types) == ("by one", {"n": "text"})
        assert (theirs.description, theirs.patch_path) == ("", None)

    def test_its_own_node_is_meant_where_the_entry_itself_disables_it(
        self, write_project: WriteProject
    ) -> None:
        entry = "models: [{name: m, description: by one, config: {enabled: false}}]"
        root = write_project(
            {
                **packages("one"),
                "models/m.sql": "select 1 as id",
                "dbt_packages/one/models/m.sql": "select 2 as id",
                "dbt_packages/one/models/schema.yml": entry,
            }
        )

        manifest = parse(root).manifest

        assert manifest.nodes["model.shop.m"].description == ""
        assert manifest.disabled["model.one.m"].description == "by one"

    def test_snapshots_and_analyses_too(self, write_project: WriteProject) -> None:
        snapshot = (
            "{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
            "select 1 as id{% endsnapshot %}{% snapshot other %}{{ config(unique_key='id', "
            "strategy='check', check_cols='all') }}select 1 as id{% endsnapshot %}"
        )
        root = write_project(
            {
                **packages("one"),
                "models/schema.yml": "snapshots: [{name: kept, description: s}]\n"
                "analyses: [{name: look, description: a}]",
                "dbt_packages/one/snapshots/s.sql": snapshot,
                "dbt_packages/one/analyses/look.sql": "select 1",
            }
        )

        parsed = parse(root)

        names = ("kept", "other", "look")
        assert [parsed.node(name).description for name in names] == ["s", "", "a"]

    def test_what_the_package_configures_and_nobody_else_stays_but_for_names(
        self, write_project: WriteProject
    ) -> None:
        configured = "models: {+schema: theirs, +unique_key: id, +materialized: incremental}\n"
        root = write_project(
            {
                **packages("one", one=configured),
                "models/schema.yml": "models: [{name: m, config: {meta: {a: 1}}}]",
                "dbt_packages/one/models/m.sql": "select 1 as id",
                "dbt_packages/one/models/n.sql": "select 1 as id",
            }
        )

        parsed = parse(root)

        m, n = parsed.node("m"), parsed.node("n")
        assert (n.schema, n.config.materialized) == ("main_theirs", "incremental")
        assert (m.schema, m.config.materialized, m.config.unique_key) == ("main", "view", "id")

    def test_two_entries_for_one_node_are_an_error_with_both_places(
        self, write_project: WriteProject
    ) -> None:
        entry = "models:\n- {name: m, description: d}"
        root = write_project(
            {
                **packages("one"),
                "models/schema.yml": entry,
                "dbt_packages/one/models/m.sql": "select 1 as id",
                "dbt_packages/one/models/schema.yml": f"# of the package\n{entry}",
            }
        )

        error = failure(root)

        assert str(error.location) == "models/schema.yml:2:4"
        assert "in the project 'shop'" in str(error)
        assert "in the project 'one' at models/schema.yml:3:4" in str(error)

    def test_a_name_that_two_other_projects_have_is_an_error(
        self, write_project: WriteProject
    ) -> None:
        root = write_project(
            {
                **packages("one", "two"),
                "models/schema.yml": "models: [{name: m, description: d}]",
                "dbt_packages/one/models/m.sql": "{{ config(alias='m1') }} select 1 as id",
                "dbt_packages/two/models/m.sql": "{{ config(alias='m2') }} select 1 as id",
            }
        )

        assert "model.one.m (models/m.sql), model.two.m (models/m.sql)" in str(failure(root))

    def test_an_entry_in_the_wrong_section_is_warned_of(self, write_project: WriteProject) -> None:
        entry = "seeds: [{name: m, description: d, columns: [{name: id, data_tests: [unique]}]}]"
        root = write_project(
            {
                **packages("one"),
                "models/schema.yml": entry,
                "dbt_packages/one/models/m.sql": "select 1 as id",
            }
        )

        parsed = parse(root)

        assert [warning.name for warning in parsed.warnings] == ["WrongResourceSchemaFile"]
        assert parsed.node("m").description == ""
        assert parsed.parents("unique_m_id") == ("model.one.m",)


def test_tags_of_properties_come_after_the_models_own(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/m.sql": "{{ config(tags=['sql']) }} select 1 as id",
            "models/schema.yml": "models: [{name: m, config: {tags: [yaml]}}]",
        }
    )

    model = parse(root).node("m")

    assert (model.tags, model.config.tags) == (("sql", "yaml"), ("yaml", "sql"))


def test_analyses_are_configured_as_models_are(write_project: WriteProject) -> None:
    root = write_project(
        {
            "dbt_project.yml": project("models: {shop: {+tags: [all], analysis: {+meta: {a: 1}}}}"),
            "analyses/look.sql": "select 1",
        }
    )

    parsed = parse(root)

    assert (parsed.node("look").tags, parsed.node("look").config.meta) == (("all",), {"a": 1})


SEMANTICS = """semantic_models:
- name: s
  model: ref('{0}', 'm')
  defaults: {{agg_time_dimension: at}}
  entities: [{{name: id, type: primary}}]
  dimensions: [{{name: at, type: time, type_params: {{time_granularity: day}}}}]
  measures: [{{name: n, agg: sum}}]
metrics:
- {{name: total, label: t, type: simple, type_params: {{measure: n}}}}
- {{name: twice_{0}, label: t, type: derived, type_params: {{expr: 2, metrics: [total]}}}}
saved_queries: [{{name: q_{0}, query_params: {{metrics: [total]}}}}]
exposures: [{{name: e, type: ml, owner: {{name: x}}, depends_on: ["metric('total')"]}}]
"""


def test_metrics_and_measures_are_looked_for_as_refs_are(write_project: WriteProject) -> None:
    files = packages("one", "two")
    for name in ("one", "two"):
        model = f"{{{{ config(alias='{name}') }}}} select 1 as id"
        files[f"dbt_packages/{name}/models/m.sql"] = model
        files[f"dbt_packages/{name}/models/s.yml"] = SEMANTICS.format(name)
    time_spine = "models: [{name: days, time_spine: {standard_granularity_column: d}, columns: " + (
        "[{name: d, granularity: day}]}]"
    )
    files |= {"models/days.sql": "select 1 as d", "models/days.yml": time_spine}

    parents = parse(write_project(files)).manifest.parents

    for name in ("one", "two"):
        assert parents[f"metric.{name}.total"] == (f"semantic_model.{name}.s",)
        for caller in (f"metric.{name}.twice_{name}", f"exposure.{name}.e"):
            assert parents[caller] == (f"metric.{name}.total",)
        assert parents[f"saved_query.{name}.q_{name}"] == (f"metric.{name}.total",)

    files["models/s.yml"] = SEMANTICS.format("shop")
    files["models/m.sql"] = "select 1 as id"
    parents = parse(write_project(files)).manifest.parents

    assert parents["metric.one.total"] == ("semantic_model.shop.s",)
    assert parents["exposure.two.e"] == ("metric.shop.total",)


def test_group_of_a_node_is_its_own_packages(write_project: WriteProject) -> None:
    files = packages("one")
    for name, place in (("shop", ""), ("one", "dbt_packages/one/")):
        files[f"{place}models/g.yml"] = f"groups: [{{name: g, owner: {{name: {name}}}}}]"
        files[f"{place}models/m_{name}.sql"] = "{{ config(group='g') }} select 1 as id"

    parsed = parse(write_project(files))

    for name in ("shop", "one"):
        group = parsed.manifest.group_of(parsed.node(f"m_{name}"))
        assert group is not None
        assert group.owner["name"] == name
