"""What a profile says of PostgreSQL, and what is said of a profile that gets nobody in."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from headrace.adapters.base import Target
from headrace.adapters.errors import (
    ConnectionFailedError,
    ConnectionLostError,
    DatabaseError,
    DatabaseLockedError,
    ProfileKeyError,
    TooManyConnectionsError,
    TransientDatabaseError,
)
from headrace.adapters.postgres.keys import PostgresKeys, read_keys
from headrace.adapters.postgres.policy import ErrorClass, classify
from headrace.adapters.postgres.problems import connection_error, database_error
from headrace.adapters.postgres.settings import application_name, session_settings

from ..postgres_server import PostgresServer
from .support import make_target, postgres_adapter

PASSWORD = "cana/ry@pa%ss\"wo'rd"
GIVEN: dict[str, object] = {"host": "db", "user": "shop", "password": PASSWORD}


def target(**keys: object) -> Target:
    made = make_target("postgres", Path("/shop"), {**GIVEN, **keys}, schema="analytics")
    return replace(made, database="warehouse")


def keys(**more: object) -> PostgresKeys:
    return read_keys(target(**more))


def postgres_error(code: str, **fields: str) -> asyncpg.PostgresError:
    """An error as the server sends it."""
    letters = {"message": "M", "detail": "D", "hint": "H", "position": "P", "schema_name": "s"}
    sent = {"C": code, "S": "ERROR", "M": "as told"}
    sent |= {letters[name]: value for name, value in fields.items()}
    made: asyncpg.PostgresError = asyncpg.PostgresError.new(sent)
    return made


def test_keys_have_dbts_names_and_defaults() -> None:
    read = keys(dbname="warehouse", sslmode="require", role="builder", search_path="a, b")

    assert (read.host, read.port, read.database) == ("db", 5432, "warehouse")
    assert (read.sslmode, read.role, read.search_path) == ("require", "builder", "a, b")
    assert (read.connect_timeout, read.retries) == (10, 3)
    assert read.password == PASSWORD


def test_password_has_two_names_and_is_shown_nowhere() -> None:
    made = make_target("postgres", Path("/shop"), {"host": "db", "user": "shop", "pass": PASSWORD})

    read = read_keys(replace(made, database="warehouse"))

    assert read.password == PASSWORD
    assert PASSWORD not in repr(read) + str(dict(read.public))
    assert {"host", "port", "user", "dbname"} <= read.public.keys()


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"host": None}, ("'host' is missing", "localhost")),
        ({"user": None}, ("'user' is missing",)),
        ({"port": "no"}, ("'port' must be a whole number from 1 to 65535",)),
        ({"sslmode": "maybe"}, ("'sslmode' must be one of disable, allow",)),
        ({"pass": "x"}, ("'pass' and 'password' are two names of one key",)),
        ({"hosst": "x"}, ("'hosst' is not a key", "Did you mean 'host'?")),
        ({"retries": -1}, ("'retries' must be a whole number of 0 or more",)),
    ],
)
def test_keys_that_are_wrong_are_named(given: dict[str, object], parts: tuple[str, ...]) -> None:
    with pytest.raises(ProfileKeyError) as raised:
        keys(**given)

    assert [part for part in parts if part not in str(raised.value)] == []
    assert PASSWORD not in str(raised.value)


def test_certificates_are_told_apart_from_all_that_is_secret() -> None:
    dsn = keys(sslcert="/c/client.crt", sslkey="/c/client.key").certificates_dsn

    assert dsn == "postgresql://?sslcert=%2Fc%2Fclient.crt&sslkey=%2Fc%2Fclient.key"
    assert keys().certificates_dsn is None


def test_session_says_whose_it_is_in_63_bytes() -> None:
    assert application_name(None, "abc") == "headrace abc"
    assert application_name("é" * 60, "abc") == "é" * 29 + " abc"


def test_session_looks_after_clients_that_are_gone_where_the_server_can() -> None:
    old, new = (session_settings(keys(), "abc", version) for version in (130000, 140000))

    assert "client_connection_check_interval" not in old
    assert "SET client_connection_check_interval = '1s'" in new
    assert 'SET ROLE "b""c"' in session_settings(keys(role='b"c'), "abc", 160000)


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no host is called 'db'"),
        (ConnectionRefusedError(111, "refused"), "nothing listens at db:5432"),
        (FileNotFoundError(2, "gone"), "there is no socket"),
        (TimeoutError(), "didn't answer within 10 s"),
        (ssl.SSLError(1, "[SSL] nope"), "no encrypted connection"),
        (ConnectionError("rejected SSL upgrade"), "use sslmode: prefer or disable"),
        (postgres_error("28P01"), "check 'password' in the profile for the user 'shop'"),
        (postgres_error("28000"), "pg_hba.conf"),
        (postgres_error("3D000"), "check 'dbname'"),
        (postgres_error("57P03"), "try again in a moment"),
        (postgres_error("42501"), "needs the right to connect"),
    ],
)
def test_no_connection_is_explained_without_the_password(error: Exception, part: str) -> None:
    explained = connection_error(error, keys())

    assert isinstance(explained, ConnectionFailedError)
    assert part in str(explained)
    assert PASSWORD not in str(explained)


def test_server_without_room_is_an_error_of_its_own() -> None:
    assert isinstance(connection_error(postgres_error("53300"), keys()), TooManyConnectionsError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (postgres_error("40P01"), ErrorClass.TRANSIENT),
        (postgres_error("40001"), ErrorClass.TRANSIENT),
        (postgres_error("XX000", message="tuple concurrently updated"), ErrorClass.TRANSIENT),
        (postgres_error("XX000"), ErrorClass.USER),
        (postgres_error("23505", schema_name="pg_catalog"), ErrorClass.TRANSIENT),
        (postgres_error("23505", schema_name="public"), ErrorClass.USER),
        (postgres_error("55P03"), ErrorClass.LOCKED),
        (postgres_error("57014"), ErrorClass.CANCELLED),
        (postgres_error("57P01"), ErrorClass.LOST),
        (postgres_error("08006"), ErrorClass.LOST),
        (ConnectionResetError(), ErrorClass.LOST),
        (asyncpg.ConnectionDoesNotExistError("gone"), ErrorClass.LOST),
        (asyncpg.InterfaceError("connection is closed"), ErrorClass.LOST),
        (socket.gaierror(), ErrorClass.USER),
        (postgres_error("42P01"), ErrorClass.USER),
        (postgres_error("53100"), ErrorClass.USER),
    ],
)
def test_errors_are_classed_by_what_they_ask_of_us(error: Exception, kind: ErrorClass) -> None:
    assert classify(error) is kind


def test_error_points_to_its_line_of_the_statement() -> None:
    sql = "select a,\n  b\nfrom t"
    message = f"BEGIN;{sql}"
    error = postgres_error("42703", message="no b", position=str(message.index("b\n") + 1))

    explained = database_error(error, sql, offset=len("BEGIN;"))

    assert str(explained) == "no b\nLINE 2:   b\n          ^"
    assert (explained.code, explained.sql) == ("42703", sql)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("55P03", DatabaseLockedError),
        ("40P01", TransientDatabaseError),
        ("57P01", ConnectionLostError),
        ("42501", DatabaseError),
    ],
)
def test_errors_have_the_type_that_says_what_may_be_done(
    code: str, kind: type[DatabaseError]
) -> None:
    assert type(database_error(postgres_error(code), "select 1")) is kind


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"dbname": "absent"}, "check 'dbname'"),
        ({"host": "/nowhere"}, "no socket of a server"),
        ({"host": "127.0.0.1", "port": 1, "retries": 0}, "nothing listens at 127.0.0.1:1"),
        ({"role": "nobody_of_that_name"}, "check 'role'"),
    ],
)
async def test_what_keeps_us_out_of_a_real_server_is_explained(
    postgres: PostgresServer, tmp_path: Path, given: dict[str, object], part: str
) -> None:
    adapter = postgres_adapter(postgres, tmp_path, "public", threads=1, **given)

    with pytest.raises(ConnectionFailedError) as raised:
        await adapter.open()

    assert part in str(raised.value)
