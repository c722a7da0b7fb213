"""pre-hook and post-hook: when they run, and what their failure leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status

from .support import PROJECT, relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

BROKEN = "insert into nowhere values (1)"
LOG = {
    "macros/note.sql": "{% macro note(what) %}insert into log (what, there) select '{{ what }}', "
    "(select count(*) from sqlite_master where name = '{{ this.name }}'){% endmacro %}",
    "seeds/log.csv": "what,there\n",
    "seeds/seeds.yml": "seeds: [{name: log, config: {column_types: {what: text, there: int}}}]",
}


def hooked(sql: str, materialized: str = "table", **hooks: Any) -> str:
    settings = "".join(f", {key}={value!r}" for key, value in hooks.items())
    return f"{{{{ config(materialized='{materialized}'{settings}) }}}}\n{sql}"


def logged(root: Path) -> list[tuple[str, int]]:
    """What the hooks noted, and whether the model's relation was there by then."""
    return rows(root, "select what, there from log order by rowid")


@pytest.mark.parametrize("materialized", ["table", "view", "incremental"])
async def test_hooks_run_in_their_order_around_the_build(
    write_project: WriteProject, materialized: str
) -> None:
    model = hooked(
        "select 1 as id",
        materialized,
        pre_hook=[
            "{{ note('inside, first') }}",
            {"sql": "{{ note('outside') }}", "transaction": False},
            "{{ note('inside, second') }}",
        ],
        post_hook=[
            {"sql": "{{ note('after') }}", "transaction": False},
            "{{ note('built') }}",
        ],
    )
    root = write_project({"models/orders.sql": model, **LOG})
    await run(root, "seed")

    ran = await run(root)

    assert ran.exit_code == 0
    assert logged(root) == [
        ("outside", 0),
        ("inside, first", 0),
        ("inside, second", 0),
        ("built", 1),
        ("after", 1),
    ]


async def test_hooks_of_the_project_come_before_those_of_the_model(
    write_project: WriteProject,
) -> None:
    project = PROJECT + "models:\n  shop:\n    +pre-hook: \"{{ note('project') }}\"\n"
    model = hooked("select 1 as id", pre_hook="{{ note('model') }}")
    root = write_project({"dbt_project.yml": project, "models/orders.sql": model, **LOG})
    await run(root, "seed")

    await run(root)

    assert [what for what, _ in logged(root)] == ["project", "model"]


async def test_hook_helpers_say_where_a_hook_runs(write_project: WriteProject) -> None:
    model = (
        "{{ config(materialized='table', pre_hook=[in_transaction(\"{{ note('inside') }}\"), "
        "before_begin(\"{{ note('outside') }}\")], "
        "post_hook=after_commit(\"{{ note('after') }}\")) }} select 1 as id"
    )
    root = write_project({"models/orders.sql": model, **LOG})
    await run(root, "seed")

    ran = await run(root)

    assert ran.exit_code == 0, ran.outcome
    assert [what for what, _ in logged(root)] == ["outside", "inside", "after"]


async def test_empty_hook_is_passed_over(write_project: WriteProject) -> None:
    hooks = ["", "{% if false %} select 1 {% endif %}", "-- nothing"]
    hooks.append("{{ note('after them') }}")
    model = hooked("select 1 as id", pre_hook=hooks, post_hook=["", "-- nothing"])
    root = write_project({"models/orders.sql": model, **LOG})
    await run(root, "seed")

    ran = await run(root)

    assert ran.statuses == {"orders": Status.SUCCESS}
    assert rows(root, "select id from orders") == [(1,)]
    assert [what for what, _ in logged(root)] == ["after them"]


async def test_hook_afterwards_finds_the_relation_that_was_just_built(
    write_project: WriteProject,
) -> None:
    look = (
        "{% macro look() %}insert into log values ('{{ load_relation(this) or \"nothing\" }}', 0)"
        "{% endmacro %}"
    )
    model = hooked("select 1 as id", post_hook="{{ look() }}")
    root = write_project({"models/orders.sql": model, "macros/look.sql": look, **LOG})
    await run(root, "seed")

    ran = await run(root)

    assert ran.exit_code == 0, ran.outcome
    assert [what for what, _ in logged(root)] == ['"main"."orders"']


async def test_hook_may_be_several_statements(write_project: WriteProject) -> None:
    hook = "insert into log values ('a', 0); insert into log values ('b', 0);"
    root = write_project({"models/orders.sql": hooked("select 1 as id", post_hook=hook), **LOG})
    await run(root, "seed")

    await run(root)

    assert [what for what, _ in logged(root)] == ["a", "b"]


async def test_vacuum_works_outside_the_transaction_and_says_so_inside(
    write_project: WriteProject,
) -> None:
    outside = {"sql": "vacuum", "transaction": False}
    root = write_project(
        {
            "models/good.sql": hooked("select 1 as id", post_hook=outside),
            "models/bad.sql": hooked("select 1 as id", post_hook="vacuum"),
        }
    )

    ran = await run(root)

    assert ran.statuses == {"good": Status.SUCCESS, "bad": Status.ERROR}
    assert "set transaction: false" in ran.error("bad")


@pytest.mark.parametrize(
    ("hooks", "noted", "ids"),
    [
        ({"pre_hook": [{"sql": BROKEN, "transaction": False}, "{{ note('in') }}"]}, [], [1]),
        ({"pre_hook": ["{{ note('in') }}", BROKEN]}, [], [1]),
        ({"post_hook": ["{{ note('in') }}", BROKEN]}, [], [1]),
        (
            {"post_hook": ["{{ note('in') }}", {"sql": BROKEN, "transaction": False}]},
            ["in"],
            [2],
        ),
    ],
    ids=["before begin", "before the build", "after the build", "after commit"],
)
async def test_failing_hook_fails_the_model(
    write_project: WriteProject, hooks: dict[str, Any], noted: list[str], ids: list[int]
) -> None:
    root = write_project({"models/orders.sql": hooked("select 1 as id"), **LOG})
    await run(root, "build")
    write_project({"models/orders.sql": hooked("select 2 as id", **hooks)})

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert "no such table: nowhere" in ran.error("orders")
    assert [what for what, _ in logged(root)] == noted
    assert rows(root, "select id from orders") == [(id,) for id in ids]


async def test_failing_hook_of_a_first_build_leaves_nothing(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": hooked("select 1 as id", post_hook=BROKEN)})

    await run(root)

    assert relations(root) == {}


async def test_child_of_a_model_whose_hook_failed_after_commit_is_skipped(
    write_project: WriteProject,
) -> None:
    broken = {"sql": BROKEN, "transaction": False}
    root = write_project(
        {
            "models/orders.sql": hooked("select 1 as id", post_hook=broken),
            "models/child.sql": "select id from {{ ref('orders') }}",
        }
    )

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR, "child": Status.SKIPPED}


async def test_seed_has_hooks_as_well(write_project: WriteProject) -> None:
    project = PROJECT + "seeds:\n  shop:\n    raw:\n      +post-hook: delete from {{ this }}\n"
    root = write_project({"dbt_project.yml": project, "seeds/raw.csv": "id\n1\n"})

    ran = await run(root, "seed")

    assert ran.result("raw").message == "INSERT 1"
    assert rows(root, "select count(*) from raw") == [(0,)]


async def test_commit_in_a_hook_is_an_error_that_says_so(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": hooked("select 1 as id", post_hook="commit")})

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert "transaction: false" in ran.error("orders")


async def test_node_depends_on_what_its_hooks_refer_to(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/a.sql": hooked(
                "select 1 as id",
                post_hook="insert into log select name, 1 from {{ ref('z') }}",
                pre_hook=["{{ count_of(source('all', 'sqlite_master')) }}"],
            ),
            "models/z.sql": hooked("select 'from z' as name"),
            "models/sources.yml": "sources: [{name: all, schema: main, "
            "tables: [{name: sqlite_master}]}]",
            "macros/of.sql": "{% macro count_of(it) %}select 1 from {{ it }}{% endmacro %}",
            **LOG,
        }
    )
    await run(root, "seed")

    ran = await run(root)

    assert ran.statuses == {"z": Status.SUCCESS, "a": Status.SUCCESS}
    assert logged(root) == [("from z", 1)]
    manifest = json.loads((root / "target/manifest.json").read_text())
    depends_on = manifest["nodes"]["model.shop.a"]["depends_on"]
    assert sorted(depends_on["nodes"]) == ["model.shop.z", "source.shop.all.sqlite_master"]
    assert depends_on["macros"] == ["macro.shop.count_of"]


@pytest.mark.parametrize("hook", ["select * from {{ ref('a') }}", "{{ of_a() }}"])
async def test_seed_depends_on_no_other_node(write_project: WriteProject, hook: str) -> None:
    root = write_project(
        {
            "models/a.sql": "select 1 as id",
            "macros/of.sql": "{% macro of_a() %}select * from {{ ref('a') }}{% endmacro %}",
            "seeds/raw.csv": "id\n1\n",
            "dbt_project.yml": f'{PROJECT}seeds: {{+post-hook: "{hook}"}}\n',
        }
    )

    ran = await run(root, "build")

    assert ran.exit_code == 2
    assert "seeds/raw.csv: Seeds cannot depend on other nodes" in str(ran.outcome.error)
    assert not (root / "shop.db").exists()


async def test_hook_loads_the_result_of_the_build_and_none_of_what_was_never_run(
    write_project: WriteProject,
) -> None:
    hook = (
        "create table seen as select '{{ load_result('main').response }}' as main, "
        "'{{ load_result('other') }}' as other"
    )
    root = write_project({"models/orders.sql": hooked("select 1 as id", post_hook=hook)})

    ran = await run(root)

    assert ran.statuses == {"orders": Status.SUCCESS}
    assert rows(root, "select main, other from seen") == [("SELECT 1", "None")]
