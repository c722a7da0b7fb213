"""--select and --exclude: which nodes a command takes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.cli import invoke_given
from headrace.cli_flags import make_app
from headrace.engine.commands.command_line import join_values
from typer.testing import CliRunner

from ..building.support import run
from .support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

# raw -> stg_orders -> orders -> report, and customers -> report
SHOP = {
    "seeds/raw.csv": "id\n1\n",
    "models/staging/stg_orders.sql": "{{ config(tags=['nightly']) }}select * from {{ ref('raw') }}",
    "models/marts/orders.sql": "{{ config(materialized='table', tags=['nightly', 'core']) }}"
    "select * from {{ ref('stg_orders') }}",
    "models/marts/customers.sql": "{{ config(tags='core') }} select 1 as id",
    "models/report.sql": "select o.id from {{ ref('orders') }} o, {{ ref('customers') }} c",
}


NO_SETTINGS = {name: None for name in os.environ if name.startswith(("DBT_", "HEADRACE_"))}


async def listed(root: Path, select: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> str:
    ran = await run(root, "ls", select=select, exclude=exclude, output="name")
    assert ran.exit_code == 0
    return " ".join(sorted(ran.lines))


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        ("", "", "customers orders raw report stg_orders"),
        ("orders", "", "orders"),
        ("shop.marts.orders", "", "orders"),
        ("marts.orders", "", "orders"),
        ("marts", "", "customers orders"),
        ("shop.marts.*", "", "customers orders"),
        ("*.stg_*", "", "stg_orders"),
        ("models/marts", "", "customers orders"),
        ("path:models/staging", "", "stg_orders"),
        ("models/report.sql", "", "report"),
        ("report.sql", "", "report"),
        ("file:report", "", "report"),
        ("tag:nightly", "", "orders stg_orders"),
        ("config.materialized:table", "", "orders"),
        ("resource_type:seed", "", "raw"),
        ("package:shop", "", "customers orders raw report stg_orders"),
        ("+orders", "", "orders raw stg_orders"),
        ("1+orders", "", "orders stg_orders"),
        ("raw+", "", "orders raw report stg_orders"),
        ("raw+1", "", "raw stg_orders"),
        ("1+orders+1", "", "orders report stg_orders"),
        ("+orders+", "", "orders raw report stg_orders"),
        ("@customers", "", "customers orders raw report stg_orders"),
        ("orders customers", "", "customers orders"),
        ("tag:nightly,tag:core", "", "orders"),
        ("tag:nightly,tag:core customers", "", "customers orders"),
        ("+report,tag:core", "", "customers orders"),
        ("", "orders", "customers raw report stg_orders"),
        ("", "orders+ raw", "customers stg_orders"),
        ("+report", "tag:core", "raw report stg_orders"),
        ("tag:nightly", "tag:nightly,tag:core", "stg_orders"),
    ],
)
async def test_selection_picks(
    write_project: WriteProject, select: str, exclude: str, expected: str
) -> None:
    root = write_project(SHOP)

    found = await listed(root, (select,) if select else (), exclude=(exclude,) if exclude else ())

    assert found == expected


async def test_several_values_are_a_union(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    found = await listed(root, ("orders", "customers raw"), ("raw", "customers"))

    assert found == "orders"


@pytest.mark.parametrize(
    "arguments",
    [
        "--select|orders|customers",
        "--select|orders customers",
        "--select=orders customers",
        "--select|orders|--select|customers",
        "-s|orders|customers|--target|dev",
        "--models|orders|customers",
        "-m|orders|customers",
        "--model|orders|customers",
        "--select|orders|customers|report|--exclude|report|raw",
        "--exclude|report|raw|stg_orders",
        "--resource-type|model|--exclude|report|stg_orders",
        "--resource-type|model|test|--select|orders|customers",
    ],
)
def test_flags_take_several_values(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.chdir(write_project(SHOP))

    given = ["ls", "--output", "name", *arguments.split("|")]
    answer = CliRunner().invoke(make_app(given, invoke_given), join_values(given), env=NO_SETTINGS)

    assert answer.stdout.split() == ["customers", "orders"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_command_line_within_somebodys_process_leaves_its_signals_as_they_were(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_project(SHOP))
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]

    answer = CliRunner().invoke(make_app(["ls"], invoke_given), ["ls"], env=NO_SETTINGS)

    assert answer.exit_code == 0
    assert [signal.getsignal(number) for number in numbers] == before


def test_several_values_reach_the_process(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "ls", "--output", "name", "--select", "orders", "customers")

    assert done.stdout.split() == ["customers", "orders"]


async def test_resource_type_narrows_the_selection(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    seeds = await run(root, "ls", resource_types=("seed",), output="name")
    others = await run(root, "ls", exclude_resource_types=("seed", "test"), output="name")

    assert seeds.lines == ["raw"]
    assert sorted(others.lines) == ["customers", "orders", "report", "stg_orders"]


async def test_resource_type_that_does_not_exist_is_refused(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "ls", resource_types=("modell",))

    assert ran.exit_code == 2
    assert "'modell'" in str(ran.outcome.error)
    assert "Did you mean 'model'?" in str(ran.outcome.error)


@pytest.mark.parametrize("command", ["run", "build", "test", "compile", "ls"])
async def test_selection_of_nothing_warns_suggests_and_is_done(
    write_project: WriteProject, command: str
) -> None:
    root = write_project(SHOP)

    ran = await run(root, command, select=("ordrs",))

    assert ran.exit_code == 0
    assert ran.warnings == [
        "The selection criterion 'ordrs' does not match any enabled nodes. Did you mean 'orders'?"
    ]
    assert not (root / "shop.db").exists()


@pytest.mark.parametrize(
    ("select", "part"),
    [
        ("colour:red", "'colour' is not a valid method name"),
        ("tga:red", "Did you mean 'tag'?"),
        ("state:modified", "Got a state selector method, but no comparison manifest."),
        ("state:new", "Say with --state where the artifacts of the earlier run are."),
        ("result:error", "Got a result selector method, but no earlier results."),
        ("source_status:fresher", "Got a source_status selector method, but no earlier ages"),
        ("config:table", "doesn't say which configuration is meant"),
        ("resource_type:modell", "Did you mean 'model'?"),
        ("source:a.b.c.d", "Invalid source selector value 'a.b.c.d'"),
        ("selector:nightly", "Could not find selector named nightly, expected one of []"),
        ("@orders+", '"@" prefix and "+" suffix are incompatible'),
        ("+", "it names nothing"),
        ("test_type:weird", "'weird' is no type of test"),
    ],
)
async def test_selection_that_can_not_be_read_is_refused(
    write_project: WriteProject, select: str, part: str
) -> None:
    root = write_project(SHOP)

    ran = await run(root, select=(select,))

    assert ran.exit_code == 2
    assert part in str(ran.outcome.error)
    assert not (root / "shop.db").exists()


@pytest.mark.parametrize(
    ("select", "hint"),
    [
        ("tag:nighty", "Did you mean 'nightly'?"),
        ("path:models/mart", "Did you mean 'models/marts'?"),
        ("models/marts/order.sql", "Did you mean 'models/marts/orders.sql'?"),
        ("order.sql", "Did you mean 'orders.sql'?"),
        ("package:shpo", "Did you mean 'shop'?"),
        ("stg_*", "A name counts with its folders: did you mean '*.stg_*'?"),
        ("tag:nightly,ordrs", "Did you mean 'orders'?"),
    ],
)
async def test_selection_of_nothing_says_what_comes_close(
    write_project: WriteProject, select: str, hint: str
) -> None:
    root = write_project(SHOP)

    ran = await run(root, "ls", select=(select,))

    assert f"The selection criterion '{select}' does not match any enabled nodes. {hint}" in (
        ran.warnings
    )


async def test_parts_that_share_nothing_are_told_as_one(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "ls", select=("orders,customers",))

    assert ran.warnings[0] == (
        "The selection criterion 'orders,customers' does not match any enabled nodes."
    )


async def test_models_flag_lists_models_only(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "ls", select=("+stg_orders",), uses_models_flag=True, output="name")

    assert ran.lines == ["stg_orders"]
