"""What became of a transaction: asked by a name that means one transaction of one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import anyio
import pytest
from headrace.adapters.abilities import Fate
from headrace.adapters.postgres.backend import Backend
from headrace.adapters.postgres.control import Control
from headrace.adapters.postgres.statements import may_write, sets_session, split_at_commits
from headrace.adapters.postgres.tracing import Tracer

from ..postgres_server import PostgresServer

NUMBER = "select txid_current()"
BODY = "create function f() returns int language sql begin atomic select 1; end"


@pytest.fixture
async def control(postgres: PostgresServer) -> AsyncIterator[Control]:
    async with control_of(postgres) as control:
        yield control


class control_of:  # noqa: N801 # used as a context manager
    """A control connection to a server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    async def __aenter__(self) -> Control:
        self._connected = self._server.connect()
        driver = await self._connected.__aenter__()

        async def connect() -> Backend:
            return Backend(driver, driver.get_server_pid())

        return Control(connect)

    async def __aexit__(self, *exc_info: object) -> None:
        await self._connected.__aexit__(None, None, None)


async def test_each_answer_of_the_server_is_one_of_its_own(
    control: Control, postgres: PostgresServer
) -> None:
    tracer = Tracer(control, patience=0)
    async with postgres.connect() as driver:
        transaction = driver.transaction()
        await transaction.start()
        name = await tracer.name_of(await driver.fetchval(NUMBER))
        assert await tracer.fate_of(name) is Fate.IN_PROGRESS
        assert await tracer.final_fate_of(name) is Fate.IN_PROGRESS
        await transaction.commit()
        assert await tracer.fate_of(name) is Fate.COMMITTED
        transaction = driver.transaction()
        await transaction.start()
        name = await tracer.name_of(await driver.fetchval(NUMBER))
        await transaction.rollback()
        assert await tracer.fate_of(name) is Fate.ROLLED_BACK

    server, _, number = name.rpartition("/")
    assert await tracer.fate_of(f"{server}/{int(number) + 1_000_000}") is Fate.UNKNOWN
    assert await tracer.fate_of(f"17/1/0/{number}") is Fate.UNKNOWN
    assert await tracer.fate_of("nonsense") is Fate.UNKNOWN
    assert not Fate.IN_PROGRESS.is_final


async def test_what_is_in_progress_is_waited_for(
    control: Control, postgres: PostgresServer
) -> None:
    tracer = Tracer(control, patience=30)
    async with postgres.connect() as driver:
        transaction = driver.transaction()
        await transaction.start()
        name = await tracer.name_of(await driver.fetchval(NUMBER))
        asking = asyncio.ensure_future(tracer.final_fate_of(name))
        await anyio.sleep(0.01)
        assert not asking.done()
        await transaction.commit()

        assert await asking is Fate.COMMITTED


async def test_server_that_has_forgotten_or_cannot_be_asked_does_not_know(
    private_server: PostgresServer,
) -> None:
    async with control_of(private_server) as control:
        tracer = Tracer(control, patience=0)
        name = await tracer.name_of(3)
        assert await tracer.fate_of(name) is not Fate.ROLLED_BACK
        private_server.stop()

        assert await tracer.fate_of(name) is Fate.UNKNOWN


async def test_number_of_a_backend_has_its_epoch(private_server: PostgresServer) -> None:
    private_server.begin_epoch()
    async with control_of(private_server) as control, private_server.connect() as driver:
        tracer = Tracer(control, patience=0)
        async with driver.transaction():
            number = await driver.fetchval(NUMBER)

            name = await tracer.name_at(driver.get_server_pid())

            assert number > 3 * 2**32
            assert name == await tracer.name_of(number)
            assert await tracer.fate_of(name) is Fate.IN_PROGRESS
        assert await tracer.fate_of(name) is Fate.COMMITTED
        assert await tracer.name_at(driver.get_server_pid()) is None


async def test_number_that_a_crash_gave_to_somebody_else_is_not_taken_for_ours(
    private_server: PostgresServer,
) -> None:
    for _ in range(5):
        async with control_of(private_server) as control, private_server.connect() as driver:
            await driver.execute("create table mine (id int); begin; insert into mine values (1)")
            number = await driver.fetchval(NUMBER)
            name = await Tracer(control, patience=0).name_of(number)
            private_server.stop()
            private_server.start_again()
        async with control_of(private_server) as control:
            tracer = Tracer(control, patience=0)
            assert await tracer.fate_of(name) is Fate.ROLLED_BACK  # nobody has it
            while (await private_server.fetch(NUMBER))[0][0] < number:
                pass
            # Once in a while the log that has the number was on disk: then it is nobody else's.
            if await private_server.fetch(f"select txid_status({number})") == [("committed",)]:
                assert await tracer.fate_of(name) is Fate.UNKNOWN
                return
    pytest.fail("the server never gave the number again")


async def test_number_is_good_after_a_restart_in_good_order(private_server: PostgresServer) -> None:
    async with control_of(private_server) as control:
        ((number,),) = await private_server.fetch(NUMBER)
        name = await Tracer(control, patience=0).name_of(number)
    private_server.restart()

    async with control_of(private_server) as control:
        assert await Tracer(control, patience=0).fate_of(name) is Fate.COMMITTED


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("select 1", ["select 1"]),
        ("select case when true then 1 end", ["select case when true then 1 end"]),
        (
            "begin; insert into a values (';commit;'); commit",
            ["begin;\ninsert into a values (';commit;')", ""],
        ),
        ("commit", ["", ""]),
        ("END TRANSACTION;", ["", ""]),
        ("a; -- then\n Commit /* all */ work; b", ["a", "b"]),
        ("begin; a; commit; begin; b; commit; c", ["begin;\na", "begin;\nb", "c"]),
        ("commit and chain", ["commit and chain"]),
        ("do $$ begin null; end $$", ["do $$ begin null; end $$"]),
        ("do $$ begin commit; end; $$", ["do $$ begin commit; end; $$"]),
        (BODY, [BODY]),
        (f"begin; {BODY}; commit", [f"begin;\n{BODY[:-5]};\nend", ""]),
    ],
)
def test_sql_is_taken_apart_at_its_commits(sql: str, parts: list[str]) -> None:
    assert split_at_commits(sql) == parts


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("select 1", False),
        ("with a as (select 1) select * from a", False),
        ("with a as (delete from b returning *) select * from a", True),
        ("select 1 into a", True),
        ("call f()", True),
        ("set work_mem = '1MB'", False),
        ("vacuum a", True),
        ("select case when a then 1 end from b", False),
        ("select a as commit from b", False),
        ("select 1; -- then\n commit", True),
        ("END; select 1", True),
    ],
)
def test_what_may_write_is_known_by_its_words(sql: str, writes: bool) -> None:
    assert may_write(sql, is_query=True) is writes


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("select f()", True),
        ("-- a comment\nset work_mem = '1MB'; reset role", False),
        ("begin", False),
        ("create temporary view a as select 1", False),
        ("create temporary view a as select 1; select f()", True),
        ("create table a (id int)", True),
        ('drop view "headrace_tmp_columns"', False),
        ("drop view a", True),
    ],
)
def test_what_is_run_for_what_it_does_is_taken_to_write(sql: str, writes: bool) -> None:
    assert may_write(sql, is_query=False) is writes


@pytest.mark.parametrize(
    ("sql", "sets"),
    [
        ("set work_mem = '1MB'; -- that's all", True),
        ("SET ROLE a; reset search_path", True),
        ("set work_mem = '1MB'; insert into a values (1)", False),
        ("select set_config('a.b', 'c', false)", False),
    ],
)
def test_what_is_about_the_session_alone_is_known(sql: str, sets: bool) -> None:
    assert sets_session(sql) is sets
