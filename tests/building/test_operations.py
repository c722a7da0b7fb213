"""`run-operation`, on SQLite."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from headrace import Options, Status, invoke
from headrace.engine.core.events import (
    Event,
    MessageLogged,
    NodeCancelled,
    NodeStarted,
    RunFinished,
)

from .support import PROJECT, Ran, Recorder, relations, rows, run

MACROS = """
{% macro greet(name='you', times=1) %}
    {{ log('hello ' ~ name ~ ' ' ~ times * 2, info=true) }}{{ print('printed') }}
{% endmacro %}
{% macro look() %}
    {{ log([execute, this is defined, schema, target.name, ref('orders'),
            adapter.get_relation(none, 'main', 'orders') is none] | join(' '), info=true) }}
{% endmacro %}
{% macro make() %}{% do run_query('create table made (id int)') %}{% endmacro %}
{% macro make_and_break() %}{{ make() }}{% do run_query('select * from nowhere') %}{% endmacro %}
{% macro begin() %}{% do run_query('begin') %}{{ make() }}{% endmacro %}
{% macro complain() %}{{ exceptions.raise_compiler_error('no, no') }}{% endmacro %}
{% macro of_ephemeral() %}{{ ref('thin') }}{% endmacro %}
{% macro endless() %}
    {% do run_query('with recursive c(i) as (select 1 union all select i + 1 from c) '
                    'select count(*) from c') %}
{% endmacro %}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with macros to call, on SQLite."""
    (tmp_path / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev: {type: sqlite, path: shop.db}\n"
    )
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    for name, text in (
        ("models/orders.sql", "select 1 as id"),
        ("models/thin.sql", "{{ config(materialized='ephemeral') }} select 1 as id"),
        ("macros/all.sql", MACROS),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


async def operate(root: Path, macro: str, **arguments: Any) -> Ran:
    return await run(root, "run-operation", macro=macro, args=arguments)


def logged(ran: Ran) -> list[str]:
    return [event.message for event in ran.events if isinstance(event, MessageLogged)]


async def test_a_macro_is_called_with_its_arguments(shop: Path) -> None:
    ran = await operate(shop, "greet", name="Ada", times=21)

    assert logged(ran) == ["hello Ada 42", "printed"]
    assert ran.exit_code == 0


async def test_a_macro_can_be_named_with_its_package(shop: Path) -> None:
    assert logged(await operate(shop, "shop.greet"))[0] == "hello you 2"


async def test_its_templates_see_the_project_and_the_database(shop: Path) -> None:
    await run(shop)

    (line,) = logged(await operate(shop, "look"))

    assert line == 'True False main dev "main"."orders" False'


async def test_what_it_sends_stays(shop: Path) -> None:
    await operate(shop, "make")

    assert relations(shop) == {"made": "table"}


async def test_each_statement_stands_by_itself_when_a_later_one_fails(shop: Path) -> None:
    ran = await operate(shop, "make_and_break")

    assert relations(shop) == {"made": "table"}
    assert ran.exit_code == 1
    assert "Database Error in operation make_and_break (macros/all.sql)" in ran.error(
        "make_and_break"
    )


async def test_a_transaction_without_its_commit_is_rolled_back(shop: Path) -> None:
    ran = await operate(shop, "begin")

    assert ran.exit_code == 0
    assert relations(shop) == {}


async def test_its_result_is_written_as_dbt_writes_it(shop: Path) -> None:
    await operate(shop, "greet")

    document = json.loads((shop / "target" / "run_results.json").read_bytes())
    (result,) = document["results"]
    assert result["unique_id"] == "macro.shop.greet"
    assert (result["status"], result["failures"], result["message"]) == ("success", 0, None)
    assert document["args"]["macro"] == "greet"


async def test_a_macro_that_complains_is_a_failed_operation(shop: Path) -> None:
    ran = await operate(shop, "complain")

    assert "no, no" in ran.error("complain")
    assert "macros/all.sql:12" in ran.error("complain")
    assert ran.exit_code == 1


async def test_an_argument_that_the_macro_lacks_is_an_error(shop: Path) -> None:
    ran = await operate(shop, "greet", nmae="Ada")

    assert "the macro 'greet' has no argument 'nmae'" in ran.error("greet")
    assert ran.exit_code == 1


async def test_an_ephemeral_model_is_no_relation_to_an_operation(shop: Path) -> None:
    ran = await operate(shop, "of_ephemeral")

    assert "ephemeral model 'thin'" in ran.error("of_ephemeral")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gret", "could not find a macro with the name 'gret' in any package."),
        ("dbt.greet", "could not find a macro with the name 'greet' in the 'dbt' package."),
    ],
)
async def test_a_macro_that_is_not_there_stops_before_anything(
    shop: Path, name: str, problem: str
) -> None:
    ran = await operate(shop, name)

    assert ran.exit_code == 2
    assert problem in str(ran.outcome.error)
    assert ("Did you mean 'greet'?" in str(ran.outcome.error)) is (name == "gret")
    assert not (shop / "shop.db").exists()


async def test_on_run_start_is_not_for_operations(shop: Path) -> None:
    (shop / "dbt_project.yml").write_text(PROJECT + "on-run-start: create table started (id int)\n")

    await operate(shop, "greet")

    assert relations(shop) == {}


async def test_a_cancelled_operation_ends_and_has_its_result(shop: Path) -> None:
    recorder, loop = Recorder(), asyncio.get_running_loop()

    async with anyio.create_task_group() as tasks:

        class Watch:
            def handle(self, event: Event) -> None:
                if isinstance(event, NodeStarted):
                    loop.call_soon_threadsafe(tasks.cancel_scope.cancel)

            def close(self) -> None:
                pass

        options = Options(command="run-operation", macro="endless")
        await invoke(options, reporters=[recorder, Watch()], environ={}, cwd=shop)

    (told,) = (event for event in recorder.events if isinstance(event, NodeCancelled))
    (finished,) = (event for event in recorder.events if isinstance(event, RunFinished))
    assert finished.interrupted
    assert [told.result] == list(finished.results)
    assert [result.status for result in finished.results] == [Status.CANCELLED]
    assert rows(shop, "select 1") == [(1,)]


async def test_macro_of_a_package_is_found_after_the_roots_and_before_a_built_in(
    shop: Path,
) -> None:
    (shop / "packages.yml").write_text("packages: [{local: ../util}, {local: ../tool}]")
    words = "'{0} of {1} ' ~ var('own', 'unset')"
    says = "{{% macro {0}() %}}{{{{ log(" + words + ", info=true) }}}}{{% endmacro %}}"
    for name in ("util", "tool"):
        package = shop / "dbt_packages" / name
        (package / "macros").mkdir(parents=True)
        (package / "dbt_project.yml").write_text(f"name: {name}\nvars: {{own: {name}s}}\n")
        text = "".join(says.format(macro, name) for macro in ("speak", f"of_{name}", "greet"))
        (package / "macros" / "m.sql").write_text(text + says.format("date_spine", name))

    assert logged(await operate(shop, "of_util")) == ["of_util of util utils"]
    assert logged(await operate(shop, "tool.speak")) == ["speak of tool tools"]
    assert logged(await operate(shop, "util.speak")) == ["speak of util utils"]
    assert logged(await operate(shop, "greet"))[0] == "hello you 2"
    assert logged(await operate(shop, "util.greet")) == ["greet of util utils"]
    assert logged(await operate(shop, "date_spine"))[0].startswith("date_spine of")
