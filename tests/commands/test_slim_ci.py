"""Slim CI, as docs/state.md has it: a pull request builds what it has changed, and no more."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..building.support import PROJECT, rows
from ..conftest import WriteProject
from .support import Finished, headrace

PROFILES = """\
shop:
  target: prod
  outputs:
    prod: &prod
      type: sqlite
      schema: analytics
      schemas_and_paths:
        main: main.db
        analytics: analytics.db
        pr_42: pr_42.db
      schema_directory: .
    ci: {<<: *prod, schema: "pr_{{ env_var('PR_NUMBER', '0') }}"}
"""
FILES = {
    "profiles.yml": PROFILES,
    "dbt_project.yml": PROJECT + "models: {+materialized: table}\n",
    "seeds/raw_orders.csv": "id,day,amount\n1,2026-01-01,5\n2,2026-01-01,7\n",
    "models/orders.sql": "select * from {{ ref('raw_orders') }}",
    "models/daily_sales.sql": "select day, sum(amount) as amount from {{ ref('orders') }} "
    "group by 1",
    "models/report.sql": "select count(*) as days, sum(amount) as amount "
    "from {{ ref('daily_sales') }}",
    "models/log.sql": "{{ config(materialized='incremental') }} select id from {{ ref('orders') }}"
    "{% if is_incremental() %} where id > (select max(id) from {{ this }}){% endif %}",
    "models/schema.yml": "models: [{name: daily_sales, columns: [{name: day, "
    "data_tests: [unique]}]}]",
}
CI: Mapping[str, str] = {"PR_NUMBER": "42", "DBT_TARGET": "ci"}


def tables(root: Path, schema: str) -> dict[str, str]:
    """The tables of a schema, with the SQL that made them."""
    return dict(rows(root, "select name, sql from sqlite_master", f"{schema}.db"))


def in_ci(root: Path, *arguments: str) -> Finished:
    return headrace(root, *arguments, environ=CI)


@pytest.fixture
def shop(write_project: WriteProject) -> Path:
    root = write_project(FILES)
    done = headrace(root, "build")
    assert done.exit_code == 0, done.output
    shutil.copytree(root / "target", root / "prod-artifacts")
    return root


def test_pull_request_builds_what_it_changes_and_reads_production(shop: Path) -> None:
    production = tables(shop, "analytics")
    model = shop / "models/daily_sales.sql"
    model.write_text(model.read_text().replace("sum(amount)", "sum(amount) * 2"))

    done = in_ci(
        shop, "build", "--select", "state:modified+", "--defer", "--state", "prod-artifacts"
    )

    assert done.exit_code == 0, done.output
    assert 'orders -> "analytics"."orders" (it isn\'t selected)' in done.stdout
    assert tables(shop, "pr_42").keys() == {"daily_sales", "report"}
    assert rows(shop, "select * from report", "pr_42.db") == [(1, 24)]
    assert tables(shop, "analytics") == production


def test_pull_request_without_a_change_builds_nothing(shop: Path) -> None:
    done = in_ci(
        shop, "build", "--select", "state:modified+", "--defer", "--state", "prod-artifacts"
    )

    assert done.exit_code == 0
    assert "Nothing to do." in done.stdout
    assert tables(shop, "pr_42") == {}


def test_incremental_model_is_tried_on_a_clone(shop: Path) -> None:
    model = shop / "models/log.sql"
    model.write_text(model.read_text().replace("select id", "select id + 0 as id", 1))
    changed = "state:modified,config.materialized:incremental,state:old"

    cloned = in_ci(shop, "clone", "--select", changed, "--state", "prod-artifacts")
    built = in_ci(
        shop, "build", "--select", "state:modified+", "--defer", "--state", "prod-artifacts"
    )

    assert (cloned.exit_code, built.exit_code) == (0, 0), cloned.output + built.output
    assert "INSERT 0" in built.stdout
    assert rows(shop, "select count(*) from log", "pr_42.db") == [(2,)]


def test_job_that_broke_down_is_taken_up_again(shop: Path) -> None:
    model, text = shop / "models/report.sql", (shop / "models/report.sql").read_text()
    model.write_text("select nothing from {{ ref('daily_sales') }}")
    (shop / "models/daily_sales.sql").write_text(
        "select day, amount from {{ ref('orders') }} limit 1"
    )
    arguments = ("build", "--select", "state:modified+", "--defer", "--state", "prod-artifacts")

    broken = in_ci(shop, *arguments)
    model.write_text(text)
    done = in_ci(shop, "retry")

    assert (broken.exit_code, done.exit_code) == (1, 0), done.output
    assert "Retrying 1 of the 3 nodes of the last 'build'." in done.stdout
    assert tables(shop, "pr_42").keys() == {"daily_sales", "report"}
