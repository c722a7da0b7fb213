"""Exposures, metrics, semantic models and saved queries: what they hang on, and what can't be."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import WriteProject
from .support import failure, parse

MODELS = {
    "models/orders.sql": "select 1 as id, 10 as amount, '2024-01-01' as ordered_on",
    "models/off.sql": "{{ config(enabled=false) }} select 1",
}
SEMANTIC_MODEL = """\
semantic_models:
  - name: orders
    model: ref('orders')
    entities: [{name: order, type: primary, expr: id}]
    measures:
      - {name: revenue, agg: sum, expr: amount}
      - {name: order_count, agg: count, expr: 1}
"""


def with_entry(text: str) -> dict[str, str]:
    """The project with one entry, which begins in line 2 of models/a.yml."""
    return {**MODELS, "models/s.yml": SEMANTIC_MODEL, "models/a.yml": text}


def metric(type_params: str, kind: str = "simple", name: str = "m") -> str:
    return (
        f"metrics:\n  - name: {name}\n    label: M\n    type: {kind}\n"
        f"    type_params: {type_params}\n"
    )


def exposure(text: str) -> str:
    return f"exposures:\n  - name: board\n    owner: {{name: Us}}\n{text}"


def test_exposure_hangs_on_what_it_reads(write_project: WriteProject) -> None:
    text = exposure(
        "    type: dashboard\n"
        "    depends_on: [ref('orders'), \"ref('shop', 'orders')\", metric('m')]\n"
    )
    parsed = parse(write_project(with_entry(text + metric("{measure: revenue}"))))

    assert parsed.manifest.parents["exposure.shop.board"] == (
        "model.shop.orders",
        "metric.shop.m",
    )
    assert parsed.graph.descendants({"model.shop.orders"}) == {
        "semantic_model.shop.orders",
        "metric.shop.m",
        "exposure.shop.board",
    }
    assert "1 exposure, 1 metric" in ", ".join(
        f"{number} {noun}" for number, noun in parsed.manifest.counts()
    )


def test_disabled_entries_are_set_aside(write_project: WriteProject) -> None:
    files = with_entry(exposure("    type: ml\n    config: {enabled: false}\n    depends_on: []\n"))
    files["dbt_project.yml"] = (
        "name: shop\nversion: '1.0'\nprofile: shop\nsemantic-models: {shop: {+enabled: false}}\n"
    )

    manifest = parse(write_project(files)).manifest

    assert manifest.declared == {}
    assert {"exposure.shop.board", "semantic_model.shop.orders"} <= manifest.disabled.keys()


def test_metrics_know_the_measures_that_they_come_to(write_project: WriteProject) -> None:
    text = "metrics:\n" + "".join(
        metric(params, kind, name).removeprefix("metrics:\n")
        for params, kind, name in [
            ("{measure: revenue}", "simple", "revenue"),
            ("{measure: order_count}", "simple", "orders"),
            ("{numerator: revenue, denominator: orders}", "ratio", "each"),
            ("{expr: 2 * each, metrics: [each, revenue]}", "derived", "twice"),
        ]
    )

    manifest = parse(write_project(with_entry(text))).manifest

    measures = {
        node.name: [measure["name"] for measure in node.fields["type_params"]["input_measures"]]
        for unique_id, node in manifest.declared.items()
        if unique_id.startswith("metric.")
    }
    assert measures == {
        "revenue": ["revenue"],
        "orders": ["order_count"],
        "each": ["revenue", "order_count"],
        "twice": ["revenue", "order_count"],
    }
    assert manifest.parents["metric.shop.twice"] == ("metric.shop.each", "metric.shop.revenue")


def test_jinja_is_done_in_all_but_filters(write_project: WriteProject) -> None:
    text = metric("{measure: revenue}").replace("label: M", "label: \"{{ 'Rev' ~ 'enue' }}\"")
    where = "{{ Dimension('order__size') }} = 'big'"

    manifest = parse(write_project(with_entry(f'{text}    filter: "{where}"\n'))).manifest

    fields: Any = manifest.declared["metric.shop.m"].fields
    assert fields["label"] == "Revenue"
    assert fields["filter"] == {"where_filters": [{"where_sql_template": where}]}


def test_circle_of_metrics_is_a_cycle(write_project: WriteProject) -> None:
    text = metric("{expr: m, metrics: [m]}", "derived")

    assert "Found a cycle: m --> m" in str(failure(write_project(with_entry(text))))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            exposure("    type: dashbord\n"),
            "models/a.yml:4:5: an exposure 'board', 'type': 'dashbord' is none of dashboard, "
            "notebook, analysis, ml, application. Did you mean 'dashboard'?",
        ),
        (
            exposure("    type: ml\n    depends_on: [ref('ordrs')]\n"),
            "models/a.yml:2:5: Exposure 'exposure.shop.board' (models/a.yml) depends on a node "
            "named 'ordrs' which was not found: ref('ordrs') matches no model, seed or snapshot. "
            "Did you mean 'orders'?",
        ),
        (
            exposure("    type: ml\n    depends_on: [ref('off')]\n"),
            "models/a.yml:2:5: Exposure 'exposure.shop.board' (models/a.yml) depends on a node "
            "named 'off' which is disabled. Enable 'off', or take the ref out.",
        ),
        (
            exposure("    type: ml\n    depends_on: [orders]\n"),
            "models/a.yml:5:18: 'orders' can't be read: a call such as ref('orders') or "
            "source('till', 'receipts') or metric('revenue') is meant, with names in quotes.",
        ),
        (
            exposure("    type: ml\n    depends_on: [metric('m')]\n"),
            "models/a.yml:2:5: 'board': The metric 'm' does not exist but was referenced.",
        ),
        (
            "exposures:\n  - name: board\n    type: ml\n    owner: {team: us}\n",
            "models/a.yml:4:5: the owner of an exposure has a 'name' or an 'email', or both.",
        ),
        (
            metric("{measure: revenu}"),
            "models/a.yml:2:5: 'm': A semantic model having a measure 'revenu' does not exist but "
            "was referenced. Did you mean 'revenue'?",
        ),
        (
            metric("{numerator: m}", "ratio"),
            "models/a.yml:5:5: a metric 'm' of the type 'ratio' needs a 'denominator' under "
            "'type_params:'.",
        ),
        (
            metric("{measure: revenue, cumulative_type_params: {window: a week}}", "cumulative"),
            "models/a.yml:5:5: Invalid window (a week): a window is a count and a granularity, as "
            "in '28 days'.",
        ),
        (
            metric("{measure: revenue}", name="two words"),
            "models/a.yml:2:5: The metric name 'two words' is invalid. It must begin with a "
            "letter, can contain letters, numbers and underscores, and has 250 characters at "
            "most.",
        ),
        (
            "saved_queries:\n  - name: q\n    query_params: {metrics: [m]}\n",
            "models/a.yml:2:5: 'q': The metric 'm' does not exist but was referenced.",
        ),
        (
            "saved_queries:\n  - name: q\n    query_params: {}\n    exports: [{name: e}]\n",
            "models/a.yml:4:15: the export 'e': there is no 'export_as'.",
        ),
        (
            "semantic_models:\n  - name: s\n    model: orders\n",
            "models/a.yml:3:5: 'orders' can't be read: a call such as ref('orders') is meant, "
            "with names in quotes.",
        ),
        (
            "semantic_models:\n  - name: s\n    model: ref('orders')\n"
            "    dimensions: [{name: d, type: time, type_params: {time_granularity: dy}}]\n",
            "models/a.yml:4:54: a semantic model 's', 'dimensions.0.type_params.time_granularity': "
            "'dy' is none of nanosecond, microsecond, millisecond, second, minute, hour, day, "
            "week, month, quarter, year. Did you mean 'day'?",
        ),
        (
            exposure("    type: ml\n    depend_on: []\n"),
            "models/a.yml:5:5: 'depend_on' is no key of an exposure. Did you mean 'depends_on'?",
        ),
        (
            metric("{measure: {name: revenue, fil_nulls_with: 0}}"),
            "models/a.yml:5:44: 'fil_nulls_with' is no key of a metric there. Did you mean "
            "'fill_nulls_with'?",
        ),
    ],
)
def test_entry_that_cannot_be_is_named_with_its_place(
    write_project: WriteProject, text: str, message: str
) -> None:
    assert str(failure(write_project(with_entry(text)))) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "macros:\n  - name: cnts\n",
            "Found patch for macro 'cnts' which was not found. Did you mean 'cents'?",
        ),
        (
            "macros:\n  - name: cents\n    argument: []\n",
            "'argument' is no key of a macro, and is ignored. Did you mean 'arguments'?",
        ),
        (
            "analyses:\n  - name: bg\n",
            "Did not find matching node for patch with name 'bg' in the 'analyses' section of "
            "file 'models/a.yml'. Did you mean 'big'?",
        ),
    ],
)
def test_what_is_read_over_is_warned_of(
    write_project: WriteProject, text: str, message: str
) -> None:
    files = {
        **with_entry(text),
        "macros/cents.sql": "{% macro cents(x) %}{{ x }}{% endmacro %}",
        "analyses/big.sql": "select 1",
    }

    assert [warning.message for warning in parse(write_project(files)).warnings] == [message]


def test_private_model_is_not_for_an_exposure(write_project: WriteProject) -> None:
    text = exposure("    type: ml\n    depends_on: [ref('secret')]\n")
    files = {
        **with_entry(text + "groups: [{name: g, owner: {name: us}}]\n"),
        "models/secret.sql": "{{ config(access='private', group='g') }} select 1",
    }

    assert (
        "models/a.yml:2:5: Node exposure.shop.board attempted to reference node "
        "model.shop.secret, which is not allowed because the referenced node is private to the "
        "'g' group." in str(failure(write_project(files)))
    )
