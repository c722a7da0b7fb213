"""What a profile says of PostgreSQL, in keys or in a URL, and what is said of one that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from headrace.adapters.base import Target
from headrace.adapters.errors import ConnectionFailedError, ProfileKeyError
from headrace.adapters.postgres.keys import PostgresKeys, read_keys
from headrace.adapters.postgres.server_settings import application_name, session_settings
from headrace.engine.project.profile import load_target
from headrace.engine.project.project import load_project
from hypothesis import given
from hypothesis import strategies as st

from ..conftest import WriteProject
from ..postgres_server import PostgresServer
from .support import make_target, postgres_adapter

PASSWORD = "cana/ry@pa%ss\"wo'rd"
GIVEN: dict[str, object] = {"host": "db", "user": "shop", "password": PASSWORD}


def target_of(keys: Mapping[str, object]) -> Target:
    made = make_target("postgres", Path("/shop"), keys, schema="analytics")
    return replace(made, database="warehouse")


def keys(**more: object) -> PostgresKeys:
    return read_keys(target_of({**GIVEN, **more}))


def keys_of_dsn(dsn: object, **more: object) -> PostgresKeys:
    return read_keys(target_of({"dsn": dsn, **more}))


def test_keys_have_dbts_names_and_defaults() -> None:
    read = keys(dbname="warehouse", sslmode="require", role="builder", search_path="a, b")

    assert (read.host, read.port, read.database) == ("db", 5432, "warehouse")
    assert (read.sslmode, read.role, read.search_path) == ("require", "builder", "a, b")
    assert (read.connect_timeout, read.retries) == (10, 3)
    assert read.password == PASSWORD


def test_password_has_two_names_and_is_shown_nowhere() -> None:
    read = read_keys(target_of({"host": "db", "user": "shop", "pass": PASSWORD}))

    assert read.password == PASSWORD
    assert PASSWORD not in repr(read) + str(dict(read.public))
    assert {"host", "port", "user", "dbname"} <= read.public.keys()


def test_target_has_every_key_that_dbt_gives_it() -> None:
    public = keys(sslmode="require").public

    assert public["sslmode"] == "require"
    assert {public["role"], public["search_path"], public["sslcert"]} == {None}
    assert (public["connect_timeout"], public["keepalives_idle"], public["retries"]) == (10, 0, 3)


@pytest.mark.parametrize(("password", "read"), [(12345, "12345"), ("", None), (None, None)])
def test_password_may_be_a_number_or_none(password: object, read: str | None) -> None:
    assert keys(password=password).password == read


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"host": None}, ("'host' is missing", "localhost")),
        ({"user": None}, ("'user' is missing",)),
        ({"port": "no"}, ("'port' must be a whole number from 1 to 65535",)),
        ({"sslmode": "maybe"}, ("'sslmode' must be one of disable, allow",)),
        ({"pass": "x"}, ("'pass' and 'password' are two names of one key",)),
        ({"hosst": "x"}, ("'hosst' is not a key", "Did you mean 'host'?")),
        ({"retries": -1}, ("'retries' must be a whole number from 0 to 100",)),
        ({"lock_timeout": "soon"}, ("'lock_timeout' must be a number of seconds",)),
        ({"password": "cana\udcffry"}, ("'password' holds", "is UTF-8")),
        ({"user": "shop\0"}, ("'user' holds a NUL",)),
        ({"dns": "x"}, ("Did you mean 'dsn'?",)),
    ],
)
def test_keys_that_are_wrong_are_named(given: dict[str, object], parts: tuple[str, ...]) -> None:
    with pytest.raises(ProfileKeyError) as raised:
        keys(**given)

    assert [part for part in parts if part not in str(raised.value)] == []
    assert PASSWORD not in str(raised.value)
    assert "cana" not in str(raised.value)


def test_missing_database_is_named_as_dbt_calls_it() -> None:
    made = make_target("postgres", Path("/shop"), GIVEN)

    with pytest.raises(ProfileKeyError, match="'dbname' is missing"):
        read_keys(made)


def test_certificates_are_told_apart_from_all_that_is_secret() -> None:
    dsn = keys(sslcert="/c/client.crt", sslkey="/c/client.key").certificates_dsn

    assert dsn == "postgresql://?sslcert=%2Fc%2Fclient.crt&sslkey=%2Fc%2Fclient.key"
    assert keys().certificates_dsn is None


def test_url_says_what_keys_say() -> None:
    url = f"postgres://shop:{quote(PASSWORD, safe='')}@db:6543/warehouse?sslmode=require"

    read = keys_of_dsn(url, role="builder")

    assert read == replace(
        keys(port=6543, sslmode="require", role="builder"), public=dict(read.public)
    )
    assert dict(read.public) == dict(keys().public) | {
        "host": "db",
        "port": 6543,
        "user": "shop",
        "dbname": "warehouse",
        "sslmode": "require",
        "role": "builder",
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://shop@[::1]:5432/warehouse", "::1"),
        ("postgresql://shop@%2Ftmp%2FRun/warehouse", "/tmp/Run"),
        ("postgresql://shop@/warehouse?host=/tmp/Run", "/tmp/Run"),
        ("postgresql://shop@db", "db"),
        (" postgresql://shop@db/warehouse\n", "db"),
    ],
)
def test_url_names_a_host_an_address_or_a_socket(url: str, host: str) -> None:
    read = keys_of_dsn(url)

    assert (read.host, read.port, read.password) == (host, 5432, None)


# Letters that no message has by chance, and what a URL takes for an end of something.
passwords = st.text(st.sampled_from("ÄÖÜ7/@:%?#&=[] \"'\\"), min_size=1)


@given(passwords)
def test_any_password_survives_in_a_url(password: str) -> None:
    read = keys_of_dsn(f"postgresql://shop:{quote(password, safe='')}@db/warehouse")

    assert (read.password, read.host, read.user) == (password, "db", "shop")


@pytest.mark.parametrize(
    "written",
    [
        "Zugang/Zoll",
        "Zugang?Zoll",
        "Zugang#Zoll",
        "Zugang%Zoll",
        "Zugang Zoll",
        "12/Zugang",
        "1?Zugang",
        "Zugang%FFZoll",
        "Zugang@Zoll/Zins",
    ],
)
def test_password_that_is_not_encoded_is_refused_without_a_piece_of_it(written: str) -> None:
    with pytest.raises(ProfileKeyError) as raised:
        keys_of_dsn(f"postgresql://shop:{written}@db/warehouse")

    assert "percent-encoded: @ as %40" in str(raised.value)
    assert raised.value.__context__ is None
    assert not any(piece in str(raised.value) for piece in ("Zugang", "Zoll", "Zins", "shop"))


@pytest.mark.parametrize(
    ("dsn", "more", "part"),
    [
        ("mysql://shop@db/warehouse", {}, "must look like postgresql://"),
        ("host=db user=shop password=Zugang", {}, "must look like postgresql://"),
        ("postgresql://shop:Zugang@db,other/warehouse", {}, "must look like postgresql://"),
        (5432, {}, "must look like postgresql://"),
        ("", {}, "must look like postgresql://"),
        ("postgresql://db/warehouse", {}, "'user' is missing"),
        ("postgresql://shop:Zugang@/warehouse", {}, "'host' is missing"),
        ("postgresql://shop@db/warehouse", {"host": "db"}, "'dsn' and 'host' say the same"),
        ("postgresql://shop:Zugang@db", {"pass": "x"}, "'dsn' and 'pass' say the same"),
        ("postgresql://shop@db/warehouse", {"database": "x"}, "'dsn' and 'database' say the same"),
        ("postgresql://shop@db?password=Zugang", {}, "has a parameter behind the '?'"),
        ("postgresql://shop@db?host=Zugang", {}, "'dsn' says 'host' twice"),
        ("postgresql://shop@db?connect_timeout=Zugang", {}, "gives a 'connect_timeout' that"),
        ("postgresql://shop@db:99999", {}, "'port' must be a whole number from 1 to 65535"),
        ("postgresql://shop@db?sslmode=Zugang", {}, "'sslmode' must be one of"),
    ],
)
def test_url_that_is_wrong_is_explained_without_a_piece_of_it(
    dsn: object, more: dict[str, object], part: str
) -> None:
    with pytest.raises(ProfileKeyError) as raised:
        keys_of_dsn(dsn, **more)

    assert part in str(raised.value)
    assert "Zugang" not in str(raised.value) + repr(raised.value.__context__)


def test_database_of_a_url_is_the_targets(write_project: WriteProject) -> None:
    output = "{type: postgres, schema: analytics, dsn: 'postgresql://shop:x@db/ware%20house?port='}"
    root = write_project({"profiles.yml": f"shop: {{outputs: {{default: {output}}}}}"})
    project = load_project(root, environ={}, cli_vars={}, warn=print)

    target = load_target(
        project,
        profiles_dir=None,
        profile=None,
        target=None,
        threads=None,
        cli_vars={},
        environ={},
        cwd=root,
    )

    assert target.database == "ware house"
    assert read_keys(target).database == "ware house"


def test_session_says_whose_it_is_in_63_bytes() -> None:
    assert application_name(None, "abc") == "headrace abc"
    assert application_name("é" * 60, "abc") == "é" * 29 + " abc"


def test_session_looks_after_clients_that_are_gone_where_the_server_can() -> None:
    old, new = (session_settings(keys(), "abc", version) for version in (130000, 140000))

    assert "client_connection_check_interval" not in old
    assert "SET client_connection_check_interval = '1s'" in new
    assert 'SET ROLE "b""c"' in session_settings(keys(role='b"c'), "abc", 160000)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"dbname": "absent"}, "check 'dbname'"),
        ({"host": "/nowhere"}, "no socket of a server"),
        ({"host": "127.0.0.1", "port": 1, "retries": 0}, "nothing listens at 127.0.0.1:1"),
        ({"role": "nobody_of_that_name"}, "check 'role'"),
        ({"search_path": "a b"}, "check 'search_path'"),
    ],
)
async def test_what_keeps_us_out_of_a_real_server_is_explained(
    postgres: PostgresServer, tmp_path: Path, given: dict[str, object], part: str
) -> None:
    adapter = postgres_adapter(postgres, tmp_path, "public", threads=1, **given)

    with pytest.raises(ConnectionFailedError) as raised:
        await adapter.open()

    assert part in str(raised.value)
