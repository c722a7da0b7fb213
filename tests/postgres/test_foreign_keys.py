"""Foreign keys between tables of the project: either may be built anew, and the key stays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from headrace.engine.core.events import WarningRaised

from .support import Readers, Shop
from .test_two_writers import BEHIND_GATE, GATE, Gate

PARENT = "{name: parent, config: {contract: {enforced: true}, materialized: %s}, columns: [%s]}"
ID = "{name: id, data_type: integer, constraints: [{type: primary_key}]}"
PID = (
    "{name: pid, data_type: integer, "
    "constraints: [{type: foreign_key, to: ref('parent'), to_columns: [id]}]}"
)
CHILD = (
    "{name: child, config: {contract: {enforced: true}, materialized: %s, "
    f"on_schema_change: fail{{more}}}}, columns: [{PID}]}}"
)


def write(
    shop: Shop,
    *,
    parents: Sequence[int] = (1, 2, 3),
    children: Sequence[int] = (1, 2),
    parent: str = "table",
    child: str = "table",
) -> None:
    """A model `parent` with those ids, and a model `child` that refers to those."""
    shop.write(
        "models/all.yml",
        "models:\n"
        f"  - {PARENT.replace('table}}', '') % (parent + ', on_schema_change: fail', ID)}\n"
        f"  - {CHILD.replace('{more}', '') % child}\n",
    )
    for name, column, values in (("parent", "id", parents), ("child", "pid", children)):
        array = f"array[{', '.join(map(str, values))}]::int[]"
        shop.write(f"models/{name}.sql", f"select n as {column} from unnest({array}) as n")
    shop.write(
        "models/child.sql",
        (shop.root / "models/child.sql").read_text() + " -- {{ ref('parent') }}",
    )


async def keys(shop: Shop) -> list[tuple[Any, ...]]:
    """Each foreign key of the schema: from, to, and whether all rows are known to keep it."""
    return await shop.fetch(
        "select c.relname, p.relname, k.convalidated from pg_constraint k "
        "join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid "
        "where k.contype = 'f' and c.relnamespace = '{schema}'::regnamespace order by 1, 2"
    )


VALID = [("child", "parent", True)]
NOT_VALID = [("child", "parent", False)]


async def rows(shop: Shop, name: str) -> list[int]:
    return [row[0] for row in await shop.fetch(f"select * from {{schema}}.{name} order by 1")]


@pytest.mark.parametrize("child", ["table", "incremental"])
@pytest.mark.parametrize("parent", ["table", "incremental"])
async def test_both_are_built_again_and_again(shop: Shop, parent: str, child: str) -> None:
    write(shop, parent=parent, child=child)
    if parent == "incremental":
        # What is added again would be there twice.
        shop.write(
            "models/parent.sql",
            "select n as id from generate_series(1, 3) as n "
            "{% if is_incremental() %} where n not in (select id from {{ this }}) {% endif %}",
        )

    for options in ({}, {}, {}, {"full_refresh": True}, {}):
        await shop.build(**options)

        assert await keys(shop) == VALID
    assert set(await rows(shop, "child")) == {1, 2}
    assert await shop.fetch(
        "select conname::text from pg_constraint where conrelid = '{schema}.child'::regclass "
        "and contype = 'f'"
    ) == [("child_pid_fkey",)]


@pytest.mark.parametrize("options", [{}, {"full_refresh": True}])
@pytest.mark.parametrize("child", ["table", "incremental"])
async def test_parent_is_built_by_itself(shop: Shop, child: str, options: dict[str, bool]) -> None:
    write(shop, child=child)
    await shop.build()
    write(shop, child=child, parents=(1, 2, 4))

    await shop.build(select=("parent",), **options)

    assert await keys(shop) == VALID
    assert await rows(shop, "parent") == [1, 2, 4]


async def test_child_is_built_by_itself(shop: Shop) -> None:
    write(shop)
    await shop.build()

    for _ in range(2):
        await shop.build(select=("child",))

    assert await keys(shop) == VALID


async def test_keys_that_are_gone_are_named_where_the_child_is_not_built(shop: Shop) -> None:
    write(shop, parents=range(1, 9), children=(1, 2, 2, 3, 4, 5, 6))
    await shop.build()
    write(shop, parents=(1, 7), children=(1,))

    ran = await shop.run(select=("parent",))

    schema = shop.schema
    assert ran.exit_code == 1
    assert (
        f"{schema}.parent was built, but the foreign key child_pid_fkey of {schema}.child can't be "
        f"validated: in its rows are keys (pid) that {schema}.parent hasn't got: 2 (2 rows), "
        "3 (1 row), 4 (1 row) and 2 more keys." in ran.error("parent")
    )
    assert await keys(shop) == NOT_VALID
    # Rows that come are held to it all the same.
    with pytest.raises(Exception, match="violates foreign key"):
        await shop.execute("insert into {schema}.child values (99)")
    await shop.build()
    assert await keys(shop) == VALID


async def test_keys_that_are_gone_with_the_childs_rows_are_no_error(shop: Shop) -> None:
    write(shop)
    await shop.build()
    write(shop, parents=(7, 8), children=(7,))

    ran = await shop.build()

    assert ran.warnings == []
    assert await keys(shop) == VALID


@pytest.mark.parametrize("fail_fast", [False, True])
async def test_row_of_a_new_child_without_a_parent_is_an_error_and_the_next_run_mends_it(
    shop: Shop, fail_fast: bool
) -> None:
    write(shop)
    await shop.build()
    write(shop, parents=(1, 2), children=(1, 9))

    ran = await shop.run(fail_fast=fail_fast)

    assert "Key (pid)=(9) is not present" in ran.error("child")
    # The old child's rows have all their parents.
    assert (await keys(shop), ran.warnings) == (VALID, [])
    write(shop, parents=(1, 9), children=(1, 9))
    await shop.build()
    assert await keys(shop) == VALID


async def test_child_that_is_not_built_after_all_is_told_of(shop: Shop) -> None:
    write(shop)
    await shop.build()
    write(shop, parents=(1, 9), children=(1, 8))

    ran = await shop.run()

    assert ran.exit_code == 1
    (warning,) = [event for event in ran.events if isinstance(event, WarningRaised)]
    assert warning.name == "ForeignKeyNotValid"
    assert f"that {shop.schema}.parent hasn't got: 2 (1 row)" in warning.message
    assert await keys(shop) == NOT_VALID
    write(shop, parents=(1, 8), children=(1, 8))
    await shop.build()
    assert await keys(shop) == VALID


async def test_rows_of_an_incremental_child_without_a_parent_are_named_by_the_child(
    shop: Shop,
) -> None:
    write(shop, child="incremental")
    await shop.build()
    write(shop, child="incremental", parents=(1, 9), children=(9,))

    ran = await shop.run()

    assert ran.result("parent").error is None
    assert f"that {shop.schema}.parent hasn't got: 2 (1 row)." in ran.error("child")
    assert await rows(shop, "child") == [1, 2]
    assert await keys(shop) == NOT_VALID
    ran = await shop.run(full_refresh=True)
    assert (ran.exit_code, await keys(shop)) == (0, VALID)


async def test_run_that_is_cut_off_between_the_two_is_mended_by_the_next(shop: Shop) -> None:
    write(shop, child="incremental")
    await shop.build()
    # As a run leaves it that is killed when the parent is through.
    await shop.execute(
        "alter table {schema}.child drop constraint child_pid_fkey; "
        "alter table {schema}.child add constraint child_pid_fkey foreign key (pid) "
        "references {schema}.parent (id) not valid"
    )

    await shop.build(select=("child",))

    assert await keys(shop) == VALID


async def test_key_that_no_longer_fits_is_made_anew_with_the_child(shop: Shop) -> None:
    write(shop)
    await shop.build()
    for name in ("all.yml", "parent.sql"):
        text = (shop.root / "models" / name).read_text()
        shop.write(
            f"models/{name}",
            text.replace("name: id", "name: number")
            .replace("to_columns: [id]", "to_columns: [number]")
            .replace("as id", "as number"),
        )

    alone = await shop.run(select=("parent",))
    together = await shop.run()

    assert "the foreign key child_pid_fkey" in alone.error("parent")
    assert f"no longer fits {shop.schema}.parent" in alone.error("parent")
    assert together.exit_code == 0, together.outcome.results
    assert await keys(shop) == VALID


async def test_chain_of_three_and_two_children(shop: Shop) -> None:
    model = (
        "  - {name: %s, config: {contract: {enforced: true}, materialized: %s, "
        "on_schema_change: fail}, columns: [{name: id, data_type: integer, "
        "constraints: [{type: primary_key}%s]}]}\n"
    )
    to = ", {type: foreign_key, to: ref('%s'), to_columns: [id]}"
    shop.write(
        "models/all.yml",
        "models:\n"
        + model % ("a", "table", "")
        + model % ("b", "table", to % "a")
        + model % ("c", "incremental, unique_key: id", to % "b")
        + model % ("d", "table", to % "b"),
    )
    for name in "abcd":
        shop.write(f"models/{name}.sql", "select 1 as id")
    expected = [("b", "a", True), ("c", "b", True), ("d", "b", True)]

    for options in (
        {},
        {},
        {"full_refresh": True},
        {"select": ("a",)},
        {"select": ("b",)},
        {"select": ("a", "b")},
        {"select": ("c", "d")},
        {},
    ):
        ran = await shop.run(**options)

        assert ran.exit_code == 0, ran.outcome.results
        assert await keys(shop) == expected, options


async def test_child_in_another_schema(shop: Shop) -> None:
    write(shop, child="table, schema: else")

    for options in ({}, {}, {"select": ("parent",)}, {"full_refresh": True}):
        await shop.build(**options)

        assert await shop.fetch(
            "select conrelid::regclass::text, convalidated from pg_constraint "
            "where contype = 'f' and confrelid = '{schema}.parent'::regclass"
        ) == [(f"{shop.schema}_else.child", True)]


@pytest.mark.parametrize("options", [{}, {"full_refresh": True}])
async def test_seed_as_the_parent(shop: Shop, options: dict[str, bool]) -> None:
    write(shop)
    (shop.root / "models/parent.sql").unlink()
    text = (shop.root / "models/all.yml").read_text().splitlines()
    shop.write("models/all.yml", "\n".join(line for line in text if "name: parent" not in line))
    shop.write("seeds/parent.csv", "id\n1\n2\n3\n")
    key = "alter table {{ this }} add primary key (id)"
    shop.write(
        "seeds/s.yml",
        f'seeds: [{{name: parent, config: {{full_refresh: true, post_hook: "{key}"}}}}]',
    )
    await shop.build(command="build")
    if not options:
        shop.write("seeds/s.yml", "seeds: [{name: parent}]")

    for command in ("build", "seed", "run", "seed"):
        ran = await shop.run(command)

        assert ran.exit_code == 0, ran.outcome.results
        assert await keys(shop) == VALID, command
    shop.write("seeds/parent.csv", "id\n1\n5\n")
    ran = await shop.run("seed")
    assert "hasn't got: 2 (1 row)." in ran.error("parent")


async def test_key_made_by_hand_on_a_table_of_ours_stays_with_all_that_it_says(shop: Shop) -> None:
    shop.table("parent", "select 1 as id")
    shop.table("other", "select 1 as pid -- {{ ref('parent') }}")
    await shop.build()
    await shop.execute(
        "alter table {schema}.parent add primary key (id); "
        "alter table {schema}.other add constraint theirs foreign key (pid) "
        "references {schema}.parent on delete cascade deferrable initially deferred"
    )

    every: tuple[dict[str, Any], ...] = ({"select": ("parent",)}, {}, {"select": ("other",)})
    for options in (*every, {"full_refresh": True}):
        ran = await shop.run(**options)

        assert ran.exit_code == 0, ran.outcome.results
        assert await shop.fetch(
            "select conname::text, confdeltype::text, condeferred, convalidated "
            "from pg_constraint where contype = 'f' and confrelid = '{schema}.parent'::regclass"
        ) == [("theirs", "c", True, True)], options


async def test_key_of_somebody_elses_table_is_an_error_that_names_it(shop: Shop) -> None:
    write(shop)
    await shop.build()
    await shop.execute(
        "create table {schema}.theirs (pid int references {schema}.parent (id)); "
        "insert into {schema}.theirs values (3)"
    )

    ran = await shop.run()

    assert "constraint theirs_pid_fkey on table" in ran.error("parent")
    assert await keys(shop) == [*VALID, ("theirs", "parent", True)]
    assert await rows(shop, "parent") == [1, 2, 3]


async def test_parent_that_keeps_itself_for_a_materialized_view_gets_its_rows(shop: Shop) -> None:
    write(shop)
    await shop.build()
    await shop.execute("create materialized view {schema}.theirs as select id from {schema}.parent")
    write(shop, parents=(1, 2, 5))

    every: tuple[dict[str, Any], ...] = ({"select": ("parent",)}, {})
    for options in every:
        ran = await shop.run(**options)

        assert ran.exit_code == 0, ran.outcome.results
        assert await keys(shop) == VALID
        assert await rows(shop, "parent") == [1, 2, 5]


async def test_unknown_member_that_a_hook_adds_is_a_parent(shop: Shop) -> None:
    write(shop, children=(1, -1))
    hook = "insert into {{ this }} values (-1)"
    shop.write(
        "models/parent.sql",
        f"{{{{ config(post_hook='{hook}') }}}} select 1 as id",
    )

    for options in ({}, {"select": ("parent",)}, {}):
        await shop.build(**options)

        assert await keys(shop) == VALID


REBUILT = """{% materialization rebuilt, adapter='postgres' %}
{% do drop_relation_if_exists(load_cached_relation(this)) %}
{% call statement('main') %}
create table {{ this }} (id integer primary key);
insert into {{ this }} {{ sql }}
{% endcall %}
{{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}"""


async def test_parent_with_a_materialization_of_the_projects_own(shop: Shop) -> None:
    write(shop)
    shop.write("macros/rebuilt.sql", REBUILT)
    sql = "{{ config(materialized='rebuilt', contract={'enforced': false}) }} select %s"
    shop.write("models/parent.sql", sql % "generate_series(1, 3)")
    await shop.build()

    for options in ({}, {"select": ("parent",)}):
        ran = await shop.run(**options)  # type: ignore[arg-type]

        assert ran.exit_code == 0, ran.outcome.results
        assert await keys(shop) == VALID
    shop.write("models/parent.sql", sql % "1")
    ran = await shop.run(select=("parent",))
    assert f"that {shop.schema}.parent hasn't got: 2 (1 row)." in ran.error("parent")


async def test_child_is_made_while_the_parent_is_built_anew(shop: Shop) -> None:
    write(shop)
    await shop.build(select=("parent",))
    child = (shop.root / "models/child.sql").read_text()
    shop.write("models/child.sql", f"{child}\nwhere {BEHIND_GATE}")

    async with shop.server.connect() as driver:
        await driver.execute(f"select pg_advisory_lock({GATE})")
        making = asyncio.ensure_future(shop.run(select=("child",), lock=False))
        await until(shop, at_gate=1)
        building = asyncio.ensure_future(shop.run(select=("parent",), lock=False))
        await until(shop, for_table=1)
        await driver.execute(f"select pg_advisory_unlock({GATE})")
        ran = await making, await building

    assert [each.exit_code for each in ran] == [0, 0], ran[1].outcome.results
    assert await keys(shop) == VALID


async def test_child_is_made_when_the_parent_has_been_built_but_not_committed(shop: Shop) -> None:
    write(shop)
    hook = f"insert into {{{{ this }}}} select 9 where {BEHIND_GATE}"
    sql = f'select generate_series(1, 3) as id {{{{ config(post_hook="{hook}") }}}}'
    shop.write("models/parent.sql", sql)
    await shop.build(select=("parent",))

    async with shop.server.connect() as driver:
        await driver.execute(f"select pg_advisory_lock({GATE})")
        building = asyncio.ensure_future(shop.run(select=("parent",), lock=False))
        await until(shop, at_gate=1)
        making = asyncio.ensure_future(shop.run(select=("child",), lock=False))
        await until(shop, for_table=1)
        await driver.execute(f"select pg_advisory_unlock({GATE})")
        ran = await building, await making

    assert [each.exit_code for each in ran] == [0, 0], ran[1].outcome.results
    assert await keys(shop) == VALID


async def until(shop: Shop, **wanted: int) -> None:
    """Wait until so many wait at the gate, or for a table."""
    with anyio.fail_after(30):
        while True:
            at_gate, for_table = await Gate(shop).waiting()
            if {"at_gate": at_gate, "for_table": for_table}.items() >= wanted.items():
                return
            await anyio.sleep(0.005)


async def test_key_to_the_table_itself_by_a_hook(shop: Shop) -> None:
    hook = (
        "alter table {{ this }} add primary key (id), "
        "add constraint chief foreign key (boss) references {{ this }} (id)"
    )
    for people in ("(1, 1), (2, 1)", "(1, 2), (2, 3), (3, 3)", "(4, 4)"):
        shop.table(
            "people",
            f'{{{{ config(post_hook="{hook}") }}}} select * from (values {people}) v (id, boss)',
        )

        await shop.build()

        assert await keys(shop) == [("people", "people", True)]


@pytest.mark.parametrize("count", [5, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.timeout(280)
async def test_readers_of_both_see_no_error(shop: Shop, count: int) -> None:
    write(shop)
    await shop.build()
    schema = shop.schema
    readers = Readers(
        shop.server,
        [
            f"select count(*) from {schema}.child join {schema}.parent on id = pid",
            f"select count(*) from {schema}.parent left join {schema}.child on id = pid",
            f"select count(*) from {schema}.child",
        ],
    )

    async with readers.reading(3):
        for number in range(count):
            await shop.build(select=("parent",) if number % 2 else ())
            assert await keys(shop) == VALID

    assert readers.errors == []
    assert readers.seen == {2, 3}


async def test_copy_that_a_key_can_not_lead_to_is_an_error_that_names_it(shop: Shop) -> None:
    write(shop)
    await shop.build()
    (shop.root / "target").rename(shop.root / "state")
    profile = shop.server.profile(f"{shop.schema}_else")
    shop.write("profiles.yml", profile)
    copy = Shop(shop.root, shop.server, f"{shop.schema}_else")
    await copy.build()

    ran = await copy.run("clone", state="state", full_refresh=True, select=("parent",))

    assert "the foreign key child_pid_fkey" in ran.error("parent")
    assert await keys(copy) == VALID
    await copy.execute("drop schema {schema} cascade")


async def test_key_leads_to_the_version_that_it_names(shop: Shop) -> None:
    of_child = PID.replace("ref('parent')", "\"ref('parent', v=1)\"")
    shop.write(
        "models/all.yml",
        "models:\n"
        "  - {name: parent, latest_version: 2, versions: [{v: 1}, {v: 2}],\n"
        f"     config: {{contract: {{enforced: true}}, materialized: table}}, columns: [{ID}]}}\n"
        "  - {name: child, config: {contract: {enforced: true}, materialized: table},\n"
        f"     columns: [{of_child}]}}\n",
    )
    for name in ("parent_v1", "parent_v2", "child"):
        column = "pid" if name == "child" else "id"
        shop.write(f"models/{name}.sql", f"select 1 as {column}")

    ran = await shop.run()

    assert ran.exit_code == 0
    assert await keys(shop) == [("child", "parent_v1", True)]
