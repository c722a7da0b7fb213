"""Indexes, grants, comments, unlogged tables, materialized views, and names of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..building.support import Ran
from ..postgres_server import PostgresServer
from .support import Shop


@pytest.fixture
async def roles(postgres: PostgresServer, schema: str) -> AsyncIterator[tuple[str, str]]:
    """Two roles that may be given privileges."""
    names = f"{schema}_a", f"{schema}_b"
    await postgres.execute("; ".join(f"create role {name}" for name in names))
    yield names
    await postgres.execute(f"drop owned by {', '.join(names)}; drop role {', '.join(names)}")


def model(config: str, sql: str = "select 1 as id, 'a' as name", kind: str = "table") -> str:
    return f"{{{{ config(materialized='{kind}', {config}) }}}}\n{sql}"


async def indexes(shop: Shop) -> list[tuple[str, bool, str]]:
    """Table, uniqueness and the end of the definition of every index."""
    found = await shop.fetch(
        "select t.relname, i.indisunique, pg_get_indexdef(i.indexrelid) from pg_index i "
        "join pg_class t on t.oid = i.indrelid where t.relnamespace = '{schema}'::regnamespace"
    )
    return sorted((table, unique, text[text.index(" USING") :]) for table, unique, text in found)


@pytest.mark.parametrize("kind", ["table", "incremental", "materialized_view"])
async def test_indexes_are_there_after_each_build(shop: Shop, kind: str) -> None:
    config = "indexes=[{'columns': ['id'], 'unique': true}, {'columns': ['name', 'id']},"
    config += "{'columns': ['name'], 'type': 'hash'}]"
    shop.write("models/orders.sql", model(config, kind=kind))
    shop.write("models/schema.yml", "models: [{name: orders}]")

    found = []
    for _ in range(2):
        await shop.build(full_refresh=True)
        found.append(await indexes(shop))

    assert found[0] == found[1]
    assert found[0] == [
        ("orders", False, " USING btree (name, id)"),
        ("orders", False, " USING hash (name)"),
        ("orders", True, " USING btree (id)"),
    ]


async def test_grants_are_those_of_the_config(shop: Shop, roles: tuple[str, str]) -> None:
    one, other = roles
    shop.write("models/orders.sql", model(f"grants={{'select': ['{one}'], 'insert': '{one}'}}"))
    await shop.build()
    first = await grants(shop)
    shop.write("models/orders.sql", model(f"grants={{'select': ['{other}']}}"))
    await shop.build()
    second = await grants(shop)
    shop.write("models/orders.sql", model("tags=[]"))
    await shop.build()

    assert first == {(one, "SELECT"), (one, "INSERT")}
    assert second == {(other, "SELECT")}
    assert await grants(shop) == second


async def grants(shop: Shop) -> set[tuple[str, str]]:
    found = await shop.fetch(
        "select grantee::regrole::text, privilege_type from pg_class c, aclexplode(relacl) g "
        "where c.oid = '{schema}.orders'::regclass and grantee <> relowner"
    )
    return {(str(grantee), str(privilege)) for grantee, privilege in found}


@pytest.fixture
async def odd_roles(postgres: PostgresServer, schema: str) -> AsyncIterator[list[str]]:
    """Roles whose names have to be quoted, as they stand in SQL."""
    names = [f'"{schema}-x"', f'"{schema}.y"', f'"{schema.upper()}"']
    await postgres.execute("; ".join(f"create role {name}" for name in names))
    yield names
    await postgres.execute(f"drop owned by {', '.join(names)}; drop role {', '.join(names)}")


@pytest.mark.parametrize("kind", ["table", "view", "incremental", "materialized_view"])
async def test_roles_are_quoted_where_they_are_given_and_where_they_are_taken_away(
    shop: Shop, odd_roles: list[str], kind: str
) -> None:
    one, other, capitals = odd_roles
    written = [one, other.strip('"'), capitals.strip('"'), "public"]
    shop.write("models/orders.sql", model(f"grants={{'select': {written}}}", kind=kind))

    for _ in range(2):
        await shop.build()
        assert await grants(shop) == {
            *((role, "SELECT") for role in odd_roles),
            ("-", "SELECT"),
        }
    shop.write("models/orders.sql", model(f"grants={{'select': ['{one}']}}", kind=kind))
    await shop.build()
    assert await grants(shop) == {(one, "SELECT")}
    await shop.execute(f"grant select on {{schema}}.orders to {other}, {capitals}, public")
    await shop.build()
    assert await grants(shop) == {(one, "SELECT")}


async def test_role_in_other_capitals_is_the_one_in_small_letters_where_it_is_there(
    shop: Shop, roles: tuple[str, str]
) -> None:
    config = f"grants={{'select': ['{roles[0].upper()}', 'current_user']}}"
    shop.write("models/orders.sql", model(config))

    await shop.build()

    assert await grants(shop) == {(roles[0], "SELECT")}


async def test_columns_of_an_index_stand_in_sql_as_they_are_written(shop: Shop) -> None:
    config = (
        "indexes=[{'columns': ['ID']}, {'columns': ['Order Date', 'order']}, "
        "{'columns': ['lower(name)']}]"
    )
    sql = 'select 1 as id, 2 as "Order Date", 3 as "order", \'a\' as name'
    shop.write("models/orders.sql", model(config, sql))

    await shop.build()

    assert [definition for _, _, definition in await indexes(shop)] == [
        ' USING btree ("Order Date", "order")',
        " USING btree (id)",
        " USING btree (lower(name))",
    ]


@pytest.mark.parametrize("kind", ["table", "view", "incremental", "materialized_view"])
async def test_descriptions_become_comments(shop: Shop, kind: str) -> None:
    shop.write(
        "models/orders.sql", model("persist_docs={'relation': true, 'columns': true}", kind=kind)
    )
    shop.write(
        "models/schema.yml",
        'models: [{name: orders, description: "It\'s $$ours", '
        "columns: [{name: ID, description: Which}, {name: gone, description: Not there}]}]",
    )

    for _ in range(2):
        await shop.build()

    assert await shop.fetch(
        "select obj_description('{schema}.orders'::regclass), "
        "col_description('{schema}.orders'::regclass, 1)"
    ) == [("It's $$ours", "Which")]


async def test_described_columns_that_are_not_there_are_warned_of(shop: Shop) -> None:
    shop.write("models/orders.sql", model("persist_docs={'columns': true}"))
    shop.write(
        "models/schema.yml",
        "models: [{name: orders, columns: [{name: id, description: Which}, "
        "{name: gone, description: Not there}, {name: ID, quote: true, description: Other}]}]",
    )

    ran = await shop.build()

    assert await shop.fetch("select col_description('{schema}.orders'::regclass, 1)") == [
        ("Which",)
    ]
    (warning,) = ran.warnings
    assert warning.endswith("gone, ID")


async def test_table_is_unlogged_where_it_says_so(shop: Shop) -> None:
    shop.write("models/orders.sql", model("unlogged=true"))

    await shop.build()

    sql = "select relpersistence::text from pg_class where oid = '{schema}.orders'::regclass"
    assert await shop.fetch(sql) == [("u",)]


async def test_materialized_view_is_refreshed_and_built_anew(shop: Shop) -> None:
    shop.table("raw", "select {{ var('day', 1) }} as day")
    shop.write(
        "models/days.sql", model("tags=[]", "select day from {{ ref('raw') }}", "materialized_view")
    )
    await shop.build()
    await shop.execute("create view {schema}.theirs as select day from {schema}.days")

    ran = await shop.build(vars={"day": 2})
    refreshed = await shop.fetch("select day from {schema}.theirs")
    shop.write(
        "models/days.sql",
        model("tags=[]", "select day + 1 as day from {{ ref('raw') }}", "materialized_view"),
    )
    await shop.build(full_refresh=True, vars={"day": 2})

    assert ran.result("days").message == "REFRESH MATERIALIZED VIEW"
    assert refreshed == [(2,)]
    assert await shop.fetch("select day from {schema}.theirs") == [(3,)]
    assert (await shop.relations())["days"] == "m"


async def test_name_that_is_too_long_is_an_error_in_bytes(shop: Shop) -> None:
    shop.write("models/a.sql", model("alias='" + "ä" * 32 + "'"))
    shop.write("models/b.sql", model("alias='" + "b" * 63 + "'"))
    shop.write("models/c.sql", model("alias='" + "b" * 62 + "c'"))

    ran = await shop.run()

    assert "has 64 bytes, and postgres keeps 63" in ran.error("a")
    assert set(await shop.relations()) == {"b" * 63, "b" * 62 + "c"}
    ran = await shop.run(select=("b", "c"))
    assert ran.exit_code == 0


NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\0/\\{}"),
    min_size=1,
    max_size=15,
).filter(lambda name: name.strip() == name)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, column=NAMES)
async def test_hostile_names_come_through(shop: Shop, name: str, column: str) -> None:
    quoted = column.replace('"', '""')
    sql = f'select 1 as "{quoted}", 2 as id'
    alias = name.replace("'", "\\'")
    shop.write("models/orders.sql", model(f"alias='{alias}'", sql))
    shop.write(
        "models/added.sql",
        model(
            f"alias='{alias}_i', unique_key='id'",
            "select * from {{ ref('orders') }}",
            "incremental",
        ),
    )

    for _ in range(2):
        await shop.build()

    table = name.replace('"', '""')
    assert await shop.fetch(f'select "{quoted}" from {{schema}}."{table}_i"') == [(1,)]
    await shop.execute(f'drop table {{schema}}."{table}", {{schema}}."{table}_i"')


async def test_debug_says_what_the_user_may_not_do(shop: Shop, roles: tuple[str, str]) -> None:
    shop.profile(role=roles[0])

    in_schema = await shop.run("debug")
    shop.write("profiles.yml", shop.server.profile(f"{shop.schema}_new", role=roles[0]))
    without = await shop.run("debug")

    assert in_schema.exit_code == without.exit_code == 1
    assert f"may not create tables in the schema '{shop.schema}'" in in_schema.lines[-1]
    assert "doesn't exist" in without.lines[-1]
    assert "CREATE ON DATABASE" in without.lines[-1]


async def test_debug_is_content_with_who_may(shop: Shop) -> None:
    ran = await shop.run("debug")

    assert ran.exit_code == 0, ran.lines
    assert ran.lines[-1] == "All checks passed!"


UNIQUE = "indexes=[{'columns': ['id'], 'unique': true}]"
HASHED = "indexes=[{'columns': ['id'], 'type': 'hash'}]"


async def materialized(shop: Shop, config: str) -> Ran:
    shop.write(
        "models/days.sql", model(config, "select id from {{ ref('raw') }}", "materialized_view")
    )
    return await shop.run(select=("raw", "days") if not await shop.relations() else ("days",))


@pytest.mark.parametrize("policy", ["", ", on_configuration_change='apply'"])
async def test_indexes_of_a_materialized_view_follow_the_config(shop: Shop, policy: str) -> None:
    shop.table("raw", "select 1 as id")
    await materialized(shop, UNIQUE)
    await shop.execute("create index theirs on {schema}.days (id)")

    ran = await materialized(shop, HASHED + policy)

    assert ran.result("days").message == "REFRESH MATERIALIZED VIEW"
    assert await indexes(shop) == [
        ("days", False, " USING btree (id)"),
        ("days", False, " USING hash (id)"),
    ]


async def test_materialized_view_may_stay_as_it_is_with_another_config(shop: Shop) -> None:
    shop.table("raw", "select 1 as id")
    await materialized(shop, UNIQUE)

    ran = await materialized(shop, f"{HASHED}, on_configuration_change='continue'")

    assert (ran.result("days").message or "").startswith("skip ")
    assert "was set to `continue`" in " ".join(ran.warnings)
    assert await indexes(shop) == [("days", True, " USING btree (id)")]


async def test_materialized_view_with_another_config_may_be_an_error(shop: Shop) -> None:
    shop.table("raw", "select 1 as id")
    await materialized(shop, UNIQUE)

    ran = await materialized(shop, f"{HASHED}, on_configuration_change='fail'")

    assert "was set to `fail`" in ran.error("days")
    assert "there is no index on id" in ran.error("days")


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        ("{'columns': 'id'}", "columns: 'id' is not of type 'array'"),
        ("{'columns': ['id'], 'unique': 'yes'}", "unique: 'yes' is not of type 'boolean'"),
        ("{'unique': true}", "'columns' is a required property of each"),
        ("'id'", "must be a list of mappings such as"),
        ("{'columns': ['id'], 'type': 'nonesuch'}", 'access method "nonesuch" does not exist'),
    ],
)
async def test_index_that_is_none_fails_its_model(shop: Shop, index: str, problem: str) -> None:
    shop.write("models/orders.sql", model(f"indexes=[{index}]"))

    ran = await shop.run()

    assert ran.exit_code == 1
    assert problem in ran.error("orders")
    assert await shop.relations() == {}


@pytest.mark.parametrize("kind", ["table", "incremental", "materialized_view"])
async def test_relation_whose_configuration_is_computed_is_described(shop: Shop, kind: str) -> None:
    config = (
        f"materialized='{kind}', persist_docs={{'relation': true}}, tags=['t'] if execute else []"
    )
    shop.write("models/orders.sql", f"{{{{ config({config}) }}}}select 1 as id")
    shop.write("models/schema.yml", "models: [{name: orders, description: What was ordered}]")

    await shop.build()

    comments = "select obj_description('{schema}.orders'::regclass, 'pg_class')"
    assert await shop.fetch(comments) == [("What was ordered",)]
