"""PostgreSQL's errors, and the driver's, in words: what happened, where, and what to do."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from errno import ECONNREFUSED, ENETUNREACH
from pathlib import Path
from unicodedata import east_asian_width

import asyncpg
import pytest
from headrace.adapters.errors import (
    ConnectionFailedError,
    ConnectionLostError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
    TooManyConnectionsError,
    TransientDatabaseError,
)
from headrace.adapters.postgres.keys import PostgresKeys, read_keys
from headrace.adapters.postgres.policy import ErrorClass, classify
from headrace.adapters.postgres.problems import connection_error, database_error
from hypothesis import given
from hypothesis import strategies as st

from .support import make_target

PASSWORD = "cana/ry@pa%ss\"wo'rd"
FIELDS = {
    "message": "M",
    "detail": "D",
    "hint": "H",
    "position": "P",
    "internal_position": "p",
    "internal_query": "q",
    "context": "W",
    "schema_name": "s",
    "severity": "V",
    "server_source_function": "R",
}


def postgres_error(code: str, **fields: str) -> asyncpg.PostgresError:
    """An error as the server sends it."""
    sent = {"C": code, "V": "ERROR", "M": "as told"}
    sent |= {FIELDS[name]: value for name, value in fields.items()}
    made: asyncpg.PostgresError = asyncpg.PostgresError.new(sent)
    return made


def type_exists(name: str, by: str, code: str = "42710") -> asyncpg.PostgresError:
    """A type's name is taken already, says one of the server's functions."""
    message = f'type "{name}" already exists'
    return postgres_error(code, message=message, server_source_function=by)


def certificate_error(code: int, why: str) -> ssl.SSLCertVerificationError:
    """An error as OpenSSL's is when it doesn't trust a certificate."""
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {why}")
    error.verify_code, error.verify_message = code, why
    return error


def several(*codes: int) -> OSError:
    """What asyncio raises where a name has several addresses, and none of them answers."""
    each = [f"[Errno {code}] Connect call failed ('::{code}', 5432)" for code in codes]
    return OSError(f"Multiple exceptions: {', '.join(each)}")


def keys(**more: object) -> PostgresKeys:
    given = {"host": "db", "user": "shop", "password": PASSWORD, **more}
    return read_keys(replace(make_target("postgres", Path("/shop"), given), database="warehouse"))


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (socket.gaierror(socket.EAI_NONAME, "not known"), "no host is called 'db': check 'host'"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "the name 'db' can't be looked up just now"),
        (
            ConnectionRefusedError(ECONNREFUSED, "refused"),
            "nothing listens at db:5432: start the server",
        ),
        (several(ECONNREFUSED, ECONNREFUSED), "nothing listens at db:5432"),
        (several(ECONNREFUSED, ENETUNREACH), "db:5432 can't be reached"),
        (OSError(113, "No route to host"), "db:5432 can't be reached ([Errno 113] No route"),
        (TimeoutError(), "db:5432 didn't answer within 10 s"),
        (ConnectionError("rejected SSL upgrade"), "use sslmode: prefer or disable"),
        (ConnectionResetError("unexpected connection_lost() call"), "closed the connection before"),
        (FileNotFoundError(2, "gone"), "check 'sslcert', 'sslkey' and 'sslrootcert'"),
        (ssl.SSLError(1, "[SSL] PEM lib"), "([SSL] PEM lib): check 'sslmode' and the files"),
        (certificate_error(18, "self-signed certificate"), "name its issuer's in 'sslrootcert'"),
        (certificate_error(62, "Hostname mismatch."), "(Hostname mismatch): give the 'host'"),
        (asyncpg.InterfaceError('root certificate file "r.crt" does not exist'), "'sslrootcert'"),
        (asyncpg.InterfaceError("unsupported authentication method"), "(unsupported authentic"),
        (asyncpg.ConnectionDoesNotExistError("closed"), "closed the connection before it was"),
    ],
)
def test_server_that_is_not_reached_is_explained(error: Exception, part: str) -> None:
    explained = connection_error(error, keys())

    assert type(explained) is ConnectionFailedError
    assert part in str(explained)
    assert PASSWORD not in str(explained)


def test_socket_that_is_not_there_is_named_by_its_directory() -> None:
    explained = connection_error(FileNotFoundError(2, "gone"), keys(host="/run/pg", port=6543))

    assert "no socket of a server at port 6543 in the directory /run/pg" in str(explained)


@pytest.mark.parametrize(
    ("code", "given", "part"),
    [
        ("28P01", {}, "check 'password' in the profile for the user 'shop'"),
        ("28P01", {"password": None}, "give the 'password' of the user 'shop'"),
        ("28000", {}, "check 'user' and 'sslmode' in the profile, and the server's pg_hba.conf"),
        ("3D000", {}, "check 'dbname'"),
        ("55000", {}, "check 'dbname'"),
        ("57P03", {}, "try again in a moment"),
        ("42501", {}, "needs the right to connect"),
        ("42501", {"role": "builder"}, "must be one that 'shop' is a member of"),
        ("22023", {"role": "builder"}, "check 'role'"),
        ("42601", {"search_path": "a b"}, "check 'search_path'"),
        ("XX001", {}, "check the profile"),
    ],
)
def test_server_that_refuses_is_quoted_with_what_to_do(
    code: str, given: dict[str, object], part: str
) -> None:
    explained = connection_error(postgres_error(code), keys(**given))

    assert type(explained) is ConnectionFailedError
    assert str(explained).startswith("db:5432 refuses the connection: as told (")
    assert part in str(explained)


def test_right_to_connect_is_not_mistaken_for_one_to_a_role() -> None:
    error = postgres_error("42501", severity="FATAL")

    assert "right to connect" in str(connection_error(error, keys(role="builder")))


def test_server_without_room_is_an_error_of_its_own() -> None:
    explained = connection_error(postgres_error("53300"), keys())

    assert isinstance(explained, TooManyConnectionsError)
    assert explained.code == "53300"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (postgres_error("40P01"), ErrorClass.TRANSIENT),
        (postgres_error("40001"), ErrorClass.TRANSIENT),
        (postgres_error("XX000", message="tuple concurrently updated"), ErrorClass.TRANSIENT),
        (postgres_error("XX000", message="tuple concurrently deleted"), ErrorClass.TRANSIENT),
        (
            postgres_error("XX000", message="could not open relation with OID 116892"),
            ErrorClass.TRANSIENT,
        ),
        (
            postgres_error("XX000", message="cache lookup failed for relation 116892"),
            ErrorClass.TRANSIENT,
        ),
        (postgres_error("XX000"), ErrorClass.USER),
        (postgres_error("23505", schema_name="pg_catalog"), ErrorClass.TRANSIENT),
        (postgres_error("23505", schema_name="public"), ErrorClass.USER),
        (type_exists("_long", by="TypeCreate"), ErrorClass.TRANSIENT),
        (type_exists("_long", by="RenameTypeInternal"), ErrorClass.TRANSIENT),
        (type_exists("a_mood", by="RenameTypeInternal"), ErrorClass.USER),
        (type_exists("_mood", by="DefineEnum"), ErrorClass.USER),
        (type_exists("_long", by="TypeCreate", code="42P07"), ErrorClass.USER),
        (type_exists("_long", by="TypeCreate", code="42701"), ErrorClass.USER),
        (postgres_error("55P03"), ErrorClass.LOCKED),
        (postgres_error("53300"), ErrorClass.CROWDED),
        (postgres_error("57014"), ErrorClass.CANCELLED),
        (postgres_error("57P01"), ErrorClass.LOST),
        (postgres_error("57P02"), ErrorClass.LOST),
        (postgres_error("57P03"), ErrorClass.LOST),
        (postgres_error("08006"), ErrorClass.LOST),
        (ConnectionResetError(), ErrorClass.LOST),
        (asyncpg.ConnectionDoesNotExistError("gone"), ErrorClass.LOST),
        (asyncpg.InterfaceError("connection is closed"), ErrorClass.LOST),
        (asyncpg.InternalClientError("cannot switch to state 15"), ErrorClass.LOST),
        (asyncpg.InterfaceError("unsupported authentication method"), ErrorClass.USER),
        (socket.gaierror(socket.EAI_AGAIN, "later"), ErrorClass.LOST),
        (socket.gaierror(socket.EAI_NONAME, "not known"), ErrorClass.USER),
        (certificate_error(18, "self-signed certificate"), ErrorClass.USER),
        (postgres_error("42P01"), ErrorClass.USER),
        (postgres_error("22012"), ErrorClass.USER),
        (postgres_error("42501"), ErrorClass.USER),
        (postgres_error("53100"), ErrorClass.USER),
        (postgres_error("P0001"), ErrorClass.USER),
    ],
)
def test_errors_are_classed_by_what_they_ask_of_us(error: Exception, kind: ErrorClass) -> None:
    assert classify(error) is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("55P03", DatabaseLockedError),
        ("25006", DatabaseReadOnlyError),
        ("40P01", TransientDatabaseError),
        ("57P01", ConnectionLostError),
        ("42501", DatabaseError),
        ("57014", DatabaseError),
    ],
)
def test_errors_have_the_type_that_says_what_may_be_done(
    code: str, kind: type[DatabaseError]
) -> None:
    explained = database_error(postgres_error(code), "select 1")

    assert type(explained) is kind
    assert (explained.code, explained.sql) == (code, "select 1")


def test_connection_that_is_lost_has_no_code_where_the_network_took_it() -> None:
    explained = database_error(ConnectionResetError(104, "reset by peer"), "select 1")

    assert type(explained) is ConnectionLostError
    assert explained.code is None
    assert "the connection to the server was lost: [Errno 104]" in str(explained)


def test_error_points_to_its_line_of_the_statement() -> None:
    sql = "select a,\n  b\nfrom t"
    message = f"BEGIN;{sql}"
    error = postgres_error("42703", message="no b", position=str(message.index("b\n") + 1))

    explained = database_error(error, sql, offset=len("BEGIN;"))

    assert str(explained) == "no b\nLINE 2:   b\n          ^"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("select\n\t\tnope\r\nfrom t", "LINE 2:   nope\n          ^"),
        ("select '日本', nope", "LINE 1: select '日本', nope\n                       ^"),
        ("select nope", "LINE 1: select nope\n               ^"),
    ],
)
def test_caret_stands_below_the_place_that_is_meant(sql: str, shown: str) -> None:
    error = postgres_error("42703", position=str(sql.index("nope") + 1))

    assert str(database_error(error, sql)) == f"as told\n{shown}"


@pytest.mark.parametrize("position", ["13", "14", "0", "-1", "999"])
def test_place_at_the_end_is_shown_and_one_beyond_it_is_not(position: str) -> None:
    explained = str(database_error(postgres_error("42601", position=position), "select 1 from"))

    if position in ("13", "14"):
        assert explained == f"as told\nLINE 1: select 1 from\n{' ' * (7 + int(position))}^"
    else:
        assert explained == "as told"


@given(st.text("ab é日\t😀", max_size=400), st.text("ab é日\t😀", max_size=400))
def test_caret_is_below_its_place_in_lines_of_any_length(before: str, after: str) -> None:
    error = postgres_error("42703", position=str(len(before) + 1))

    _, line, caret = str(database_error(error, f"{before}§{after}")).split("\n")

    width = sum(1 + (east_asian_width(each) in "WF") for each in line[: line.index("§")])
    assert caret == " " * width + "^"
    assert len(line) <= len("LINE 1: ") + 106


def test_everything_that_the_server_says_is_kept_in_psqls_order() -> None:
    error = postgres_error(
        "P0001", message="one\ntwo", detail="d", hint="h", context="PL/pgSQL function f() line 1"
    )

    assert str(database_error(error, "select f()")) == (
        "one\ntwo\nDETAIL:  d\nHINT:  h\nCONTEXT:  PL/pgSQL function f() line 1"
    )


def test_error_inside_a_function_shows_the_functions_own_query() -> None:
    error = postgres_error("42P01", internal_query="select x\nfrom nowhere", internal_position="15")

    assert str(database_error(error, "select f()")) == (
        "as told\nLINE 2: from nowhere\n             ^\nQUERY:  select x\nfrom nowhere"
    )


@pytest.mark.parametrize(
    ("code", "remedy"),
    [("42501", "Grant it"), ("25006", "is a standby"), ("53100", "Make room on the server's disk")],
)
def test_hint_is_ours_where_the_server_has_none(code: str, remedy: str) -> None:
    silent = str(database_error(postgres_error(code), "select 1"))
    helpful = str(database_error(postgres_error(code, hint="Do this."), "select 1"))

    assert remedy in silent
    assert helpful == "as told\nHINT:  Do this."


def test_character_that_is_none_is_named() -> None:
    sql = "select '\ud800'"
    with pytest.raises(UnicodeEncodeError) as raised:
        sql.encode()

    explained = database_error(raised.value, sql)

    assert str(explained) == "the SQL holds a character that is none: '\\ud800'."


def test_error_that_is_ours_already_stays_as_it_is() -> None:
    ours = DatabaseError("as told", code="42P01", sql="select 2")

    assert database_error(ours, "select 1") is ours
