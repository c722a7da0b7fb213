"""What every test may use: whole small projects, and a way to run commands on them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest

from . import database_files
from .postgres_server import PostgresServer, server_for_tests

# How long an example takes says more of the machine than of us; each test has a time limit.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

FIXTURES = Path(__file__).parent.parent / "fixtures"

WriteProject = Callable[[Mapping[str, str]], Path]

_PROJECT = """\
name: shop
version: '1.0'
config-version: 2
profile: shop
"""
_PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: sqlite, path: shop.db, schema: main, threads: 4}
"""


database_files.watch()

# Who runs the tests in the background may have had these ignored, and whatever is started here
# would ignore them as well.
for _number, _answer in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    _known = getattr(signal, _number, None)
    if _known is not None and signal.getsignal(_known) is signal.SIG_IGN:
        signal.signal(_known, _answer)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes share the tests: more than there are cores, since they mostly wait.

    The full-size ones measure, or load the machine as they are: they are run alone, one after the
    other. So are a few files' tests, which are done before other processes have started.
    """
    is_everyday = config.option.markexpr == "not slow"
    are_files = all(Path(argument.partition("::")[0]).is_file() for argument in config.args)
    return 2 * (os.cpu_count() or 1) if is_everyday and not are_files else 0


@pytest.fixture(autouse=True)
def only_sqlite_opens_databases() -> Iterator[None]:
    """Whatever a test does, the package leaves the opening of databases' files to SQLite."""
    database_files.opened.clear()
    yield
    assert not database_files.opened, "see tests/database_files.py"


@pytest.fixture
def write_project(tmp_path: Path) -> WriteProject:
    """Writes a project of the files given, with a project file and a SQLite profile by default."""

    def write(files: Mapping[str, str]) -> Path:
        root = tmp_path / "shop"
        for name, text in {"dbt_project.yml": _PROJECT, "profiles.yml": _PROFILES, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return write


@pytest.fixture
def copy_fixture(tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of the fixture projects, so that a test may build in it."""

    def copy(name: str) -> Path:
        ignored = shutil.ignore_patterns("target", "*.db*", "logs")
        return Path(shutil.copytree(FIXTURES / name, tmp_path / name, ignore=ignored))

    return copy


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps what command lines put into the user's cache directory out of that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL of this test session, started when the first test asks for it."""
    with server_for_tests() as server:
        yield server


@pytest.fixture
async def schema(postgres: PostgresServer) -> AsyncIterator[str]:
    """A schema of PostgreSQL for one test: its own, and those whose names begin with it."""
    name = f"hr_{uuid4().hex[:10]}"
    await postgres.execute(f"create schema {name}")
    yield name
    await postgres.assert_nothing_left(name)
    made = await postgres.fetch(
        "select nspname from pg_namespace where nspname like $1", f"{name}%"
    )
    for (schema,) in made:
        await postgres.execute(f'drop schema "{schema}" cascade')
