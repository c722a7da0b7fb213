"""What properties declare, in selections and listings: groups, versions, exposures, analyses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from headrace import Status

from ..building.support import relations, run

CopyFixture = Callable[[str], Path]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("version:latest", "shop.marts.orders.v2"),
        ("version:prerelease", "shop.marts.orders.v3"),
        ("version:old", "shop.marts.orders.v1"),
        ("orders.v1", "shop.marts.orders.v1"),
        ("orders_v3", "shop.marts.orders.v3"),
        ("access:private", "shop.staging.stg_orders"),
        ("group:sales,tag:soon", "shop.marts.orders.v3"),
        ("exposure:board", "exposure:shop.board"),
        ("exposure:shop.b*", "exposure:shop.board"),
        ("metric:run*", "metric:shop.running metric:shop.running_month"),
        ("semantic_model:orders", "semantic_model:shop.orders"),
        ("saved_query:by_day", "saved_query:shop.by_day"),
        ("tag:daily", "saved_query:shop.by_day"),
        ("resource_type:exposure", "exposure:shop.board"),
        ("2+saved_query:by_day,resource_type:semantic_model", "semantic_model:shop.orders"),
    ],
)
async def test_selection_finds_what_is_declared(
    copy_fixture: CopyFixture, select: str, expected: str
) -> None:
    types = ("model", "exposure", "metric", "semantic_model", "saved_query")

    ran = await run(
        copy_fixture("declared_beside_models"), "ls", select=(select,), resource_types=types
    )

    assert " ".join(ran.lines) == expected


async def test_name_of_a_model_stands_for_its_versions(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")

    ran = await run(root, "ls", select=("marts.orders",), resource_types=("model",))

    assert ran.lines == [f"shop.marts.orders.v{version}" for version in (1, 2, 3)]


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("version:newest", "expected one of: latest, prerelease, old, none."),
        ("exposure:a.b.c", "it is a name, or a package and a name, as in exposure:shop.revenue."),
    ],
)
async def test_selection_that_cannot_be_is_named(
    copy_fixture: CopyFixture, select: str, message: str
) -> None:
    ran = await run(copy_fixture("declared_beside_models"), "ls", select=(select,))

    assert ran.exit_code == 2
    assert message in str(ran.outcome.error)


async def test_run_builds_what_an_exposure_needs(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")
    await run(root, "seed")

    ran = await run(root, select=("+exposure:board",))

    assert ran.exit_code == 0
    assert sorted(result.node.unique_id for result in ran.outcome.results) == [
        "model.shop.customers",
        "model.shop.orders.v1",
        "model.shop.orders.v2",
        "model.shop.stg_orders",
    ]


async def test_whole_project_is_built_with_its_tests(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")

    ran = await run(root, "build")

    assert ran.exit_code == 0
    assert {"orders_v1", "orders_v2", "orders_of_tomorrow"} <= relations(root).keys()
    types = {result.node.resource_type for result in ran.outcome.results}
    assert types == {"model", "seed", "test", "exposure", "saved_query"}


async def test_build_takes_exposures_and_saved_queries_as_they_are(
    copy_fixture: CopyFixture,
) -> None:
    root = copy_fixture("declared_beside_models")
    await run(root, "seed")

    ran = await run(root, "build", select=("+exposure:board", "by_day"))

    assert ran.exit_code == 0
    for name in ("board", "by_day"):
        result = ran.result(name)
        assert (result.status, result.message, result.failures) == (Status.NO_OP, "NO-OP", 0)
    written = json.loads((root / "target/run_results.json").read_text())["results"]
    assert {"unique_id": "exposure.shop.board", "status": "no-op", "relation_name": None} in [
        {key: result[key] for key in ("unique_id", "status", "relation_name")} for result in written
    ]


async def test_exposures_may_be_left_out_of_a_build(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")

    ran = await run(root, "build", select=("board",), exclude_resource_types=("exposure",))

    assert ran.statuses == {}


async def test_exposure_of_a_model_that_failed_is_skipped(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")
    (root / "models/marts/customers.sql").write_text("select nothing as id")

    ran = await run(root, "build")

    assert ran.result("board").status is Status.SKIPPED


async def test_analysis_is_compiled_and_listed_on_request(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")

    compiled = await run(root, "compile", select=("big_orders",))
    listed = await run(root, "ls", resource_types=("analysis",))
    everything = await run(root, "ls")

    assert compiled.lines == [
        'Compiled node \'big_orders\' is:\nselect * from "main"."orders_v2" where amount > 10'
    ]
    assert (root / "target/compiled/shop/analyses/big_orders.sql").is_file()
    assert listed.lines == ["shop.analysis.big_orders"]
    assert "shop.analysis.big_orders" not in everything.lines
    assert "exposure:shop.board" in everything.lines


async def test_listing_as_json_has_dbts_keys(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")

    ran = await run(root, "ls", select=("exposure:board",), output="json")

    (line,) = map(json.loads, ran.lines)
    assert line.keys() == set(
        "name package_name depends_on tags config resource_type original_file_path "
        "unique_id".split()
    )
    assert line["tags"] == ["board", "weekly"]


async def test_templates_see_what_is_declared_in_the_graph(copy_fixture: CopyFixture) -> None:
    root = copy_fixture("declared_beside_models")
    (root / "models/told.sql").write_text(
        "select '{{ graph.exposures.values() | map(attribute='name') | join }}' as exposure,"
        " '{{ graph.groups.values() | map(attribute='name') | sort | join }}' as groups,"
        " {{ graph.metrics | length }} as metrics"
    )

    ran = await run(root, "compile", select=("told",))

    (text,) = ran.lines
    assert "select 'board' as exposure, 'emptysales' as groups, 7 as metrics" in text
