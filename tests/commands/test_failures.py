"""What the user can mend: each failure has its exit code, its place and its remedy.

Nothing is half built by it, and the table of an earlier run is still there.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ..building.support import PROJECT, relations, rows
from .support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

needs_modes = pytest.mark.skipif(
    os.geteuid() == 0 and sys.platform != "linux", reason="root heeds no modes here"
)

TABLE = "{{ config(materialized='table') }}\n"
GOOD = {
    "models/orders.sql": TABLE + "select 2 as id",
    "models/child.sql": "select id from {{ ref('orders') }}",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A project in which something is wrong. A file whose text is None is taken away."""

    files: Mapping[str, str | None]
    exit_code: int
    parts: tuple[str, ...]
    arguments: tuple[str, ...] = ("run",)
    environ: Mapping[str, str] = field(default_factory=dict)


def profile(output: str) -> str:
    return f"shop:\n  target: dev\n  outputs:\n    dev: {{{output}}}\n"


CASES = {
    "no project file": Case(
        {"dbt_project.yml": None}, 2, ("No dbt_project.yml in", "--project-dir")
    ),
    "no profiles file": Case(
        {"profiles.yml": None}, 2, ("profile", "'shop'", "profiles.yml", "--profiles-dir")
    ),
    "no such profile": Case(
        {"dbt_project.yml": PROJECT.replace("profile: shop", "profile: shopp")},
        2,
        ("Could not find profile named 'shopp'", "profiles.yml", "Did you mean 'shop'?"),
    ),
    "no such target": Case(
        {},
        2,
        (
            "The profile 'shop' does not have a target named 'prod'",
            "The valid target names for this profile are:",
            " - dev",
        ),
        ("run", "--target", "prod"),
    ),
    "no such adapter": Case(
        {"profiles.yml": profile("type: sqlit, path: shop.db, schema: main")},
        2,
        ("profiles.yml:4:", "profile 'shop', target 'dev'", "'sqlit'", "Did you mean 'sqlite'?"),
    ),
    "unknown key in the profile": Case(
        {"profiles.yml": profile("type: sqlite, pth: shop.db, schema: main")},
        2,
        ("profiles.yml:4:25", "'pth'", "Did you mean 'path'?"),
    ),
    "misspelt key that every profile has": Case(
        {"profiles.yml": profile("type: sqlite, path: shop.db, schema: main, thraeds: 2")},
        2,
        ("profiles.yml:4:", "'thraeds'", "Did you mean 'threads'?"),
    ),
    "broken YAML in the project file": Case(
        {"dbt_project.yml": PROJECT + "models: {shop: [}\n"}, 2, ("dbt_project.yml:5:",)
    ),
    "broken YAML in a properties file": Case(
        {"models/schema.yml": "models:\n  - name: orders\n   columns: []\n"},
        2,
        ("models/schema.yml:3:",),
    ),
    "unknown ref": Case(
        {"models/child.sql": "\n\nselect id\nfrom {{ ref('ordrs') }}"},
        2,
        ("models/child.sql:4", "ordrs", "Did you mean 'orders'?"),
    ),
    "unknown source": Case(
        {"models/child.sql": "select id from {{ source('lake', 'orders') }}"},
        2,
        ("models/child.sql:1", "lake", "orders"),
    ),
    "cycle": Case(
        {
            "models/orders.sql": TABLE + "select id from {{ ref('child') }}",
            "models/child.sql": "select id from {{ ref('orders') }}",
        },
        2,
        ("Found a cycle: ", "child", " --> ", "orders", "models/", ".sql:"),
    ),
    "two models of one name": Case(
        {"models/later/orders.sql": "select 3 as id"},
        2,
        ("orders", "models/orders.sql", "models/later/orders.sql"),
    ),
    "two models of one relation": Case(
        {"models/again.sql": "{{ config(alias='orders') }} select 3 as id"},
        2,
        ("two resources", "orders", "models/again.sql", "models/orders.sql"),
    ),
    "template that makes too much": Case(
        {
            "models/orders.sql": TABLE + "select 2 as id -- {% set much = 'x' * 10 ** 6 %}\n"
            "{% for i in range(1000) %}\n{{ much }}\n{% endfor %}"
        },
        1,
        ("models/orders.sql:4", "the limit is 67,108,864"),
    ),
    "template that doesn't end": Case(
        {"models/child.sql": "select 1\n{% if true %}\n as id"}, 2, ("models/child.sql:", "endif")
    ),
    "unknown macro": Case(
        {"models/child.sql": "select {{ cents('a') }}\nfrom {{ ref('orders') }}"},
        1,
        ("model child (models/child.sql)", "models/child.sql:1", "'cents' is undefined"),
        ("run", "--select", "child"),
    ),
    "unknown test": Case(
        {"models/schema.yml": "models:\n  - name: orders\n    data_tests: [unik]\n"},
        1,
        ("models/schema.yml:3", "no test 'unik' exists. Did you mean", "test unik_orders"),
        ("test",),
    ),
    "required variable": Case(
        {"models/child.sql": "select\n{{ var('since') }} as id"},
        1,
        ("models/child.sql:2", "Required var 'since' not found", "--vars"),
        ("run", "--select", "child"),
    ),
    "vars that are no mapping": Case({}, 2, ("--vars",), ("run", "--vars", "since 2024")),
    "SQL error in a model": Case(
        {"models/orders.sql": TABLE + "select nonsense\nfrom nowhere"},
        1,
        (
            "Database Error in model orders (models/orders.sql)",
            "no such table: nowhere",
            "compiled SQL at target/run/shop/models/orders.sql",
            "SKIP relation main.child",
            "Done. PASS=0 WARN=0 ERROR=1 SKIP=1 NO-OP=0 TOTAL=2",
        ),
    ),
    "template error while running": Case(
        {"models/orders.sql": TABLE + "select\n{% if execute %}{{ 1 // 0 }}{% endif %} as id"},
        1,
        ("model orders (models/orders.sql)", "models/orders.sql:", "zero"),
    ),
    "CSV with ragged rows": Case(
        {"seeds/orders.csv": "id,name\n1,Ada\n2,B,C\n", "models/orders.sql": None},
        1,
        ("seed orders (seeds/orders.csv)", "seeds/orders.csv:3", "3 values, the header has 2"),
        ("build",),
    ),
    "CSV that isn't UTF-8": Case(
        {"seeds/more.csv": "id\n\udcff\n"}, 2, ("seeds/more.csv:2:1", "0xff", "UTF-8"), ("seed",)
    ),
    "database that is a directory": Case(
        {"profiles.yml": profile("type: sqlite, path: models, schema: main")},
        2,
        ("models is not a file", "profile"),
    ),
    "database below a file": Case(
        {"profiles.yml": profile("type: sqlite, path: dbt_project.yml/new.db, schema: main")},
        2,
        ("dbt_project.yml/new.db can't be opened", "directory"),
    ),
    "database that is none": Case(
        {"profiles.yml": profile("type: sqlite, path: dbt_project.yml, schema: main")},
        2,
        ("dbt_project.yml", "isn't SQLite's", "profile"),
    ),
    "target directory that is a file": Case(
        {"target": "a file stands here"},
        2,
        ("target: the target directory can't be written", "a file stands", "--target-path"),
    ),
    "unknown command": Case({}, 2, ("No such command 'rnu'",), ("rnu",)),
    "unknown flag": Case({}, 2, ("No such option: --selct",), ("run", "--selct", "a")),
    "threads that are no number": Case({}, 2, ("--threads",), ("run", "--threads", "many")),
    "no threads at all": Case({}, 2, ("--threads",), ("run", "--threads", "0")),
    "variable that is neither true nor false": Case(
        {}, 2, ("DBT_QUIET is 'maybe', and must be true or false",), environ={"DBT_QUIET": "maybe"}
    ),
    "form of output that doesn't exist": Case(
        {}, 2, ("--output 'jsn'", "Did you mean 'json'?"), ("ls", "--output", "jsn")
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_failure_says_what_where_and_what_to_do(write_project: WriteProject, case: Case) -> None:
    root = write_project(GOOD)
    an_earlier_run(root)
    change(root, case.files)

    done = headrace(root, *case.arguments, environ=case.environ)

    assert done.exit_code == case.exit_code, done.output
    assert [part for part in case.parts if part not in done.output] == [], done.output
    assert [part for part in ("Traceback", "Internal Error") if part in done.output] == []
    assert relations(root) == {"orders": "table"}
    assert rows(root, "select id from orders") == [(1,)]


def an_earlier_run(root: Path) -> None:
    with closing(sqlite3.connect(root / "shop.db")) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table orders as select 1 as id")


def change(root: Path, files: Mapping[str, str | None]) -> None:
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """A file or directory without the permission to write."""
    mode = path.stat().st_mode
    path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        path.chmod(mode)


def test_database_locked_by_another_process_is_waited_for_and_then_named(
    write_project: WriteProject,
) -> None:
    locking = profile("type: sqlite, path: shop.db, schema: main, lock_timeout: 0.2")
    root = write_project({**GOOD, "profiles.yml": locking})
    an_earlier_run(root)

    with closing(sqlite3.connect(root / "shop.db", isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        done = headrace(root, "run")
        holder.execute("rollback")
    again = headrace(root, "run")

    assert done.exit_code == 1, done.output
    assert "Database Error in model orders (models/orders.sql)" in done.output
    assert "locked by another process for 0.2 s" in done.output
    assert "`lock_timeout` in the profile" in done.output
    assert (again.exit_code, rows(root, "select id from child")) == (0, [(2,)])


def test_database_of_another_journal_mode_locked_by_another_process(
    write_project: WriteProject,
) -> None:
    locking = profile("type: sqlite, path: shop.db, schema: main, lock_timeout: 0.2")
    root = write_project({**GOOD, "profiles.yml": locking})
    an_earlier_run(root)
    rows(root, "pragma journal_mode = delete")

    with closing(sqlite3.connect(root / "shop.db", isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        done = headrace(root, "run")
        holder.execute("rollback")

    assert done.exit_code == 2, done.output
    assert "shop.db can't be opened" in done.output
    assert "locked" in done.output
    assert rows(root, "select id from orders") == [(1,)]


def test_database_that_sqlite_may_only_read(write_project: WriteProject) -> None:
    root = write_project(GOOD)
    an_earlier_run(root)
    rows(root, "pragma journal_mode = delete")
    content = bytearray((root / "shop.db").read_bytes())
    # A version of the file format that is newer than the library's, for writing: the file can
    # be read, and not be written, by anybody (https://www.sqlite.org/fileformat.html#ffvn).
    content[18] = 9
    (root / "shop.db").write_bytes(content)

    done = headrace(root, "run")

    assert done.exit_code == 2, done.output
    assert f"{root / 'shop.db'} can't be opened as a database" in done.output
    assert "See that the file and its directory can be read and written" in done.output
    assert "Traceback" not in done.output
    assert (root / "shop.db").read_bytes() == bytes(content)


@needs_modes
@pytest.mark.parametrize("name", ["shop.db", "."], ids=["the file", "its directory"])
def test_database_without_the_permission_to_write(write_project: WriteProject, name: str) -> None:
    root = write_project(GOOD)
    an_earlier_run(root)
    (root / "target").mkdir()

    with read_only(root / name):
        done = headrace(root, "run", heeds_modes=True)

    assert done.exit_code == 2, done.output
    assert "is read-only" in done.output
    assert "Traceback" not in done.output
    assert rows(root, "select id from orders") == [(1,)]


@needs_modes
def test_target_directory_without_the_permission_to_write(write_project: WriteProject) -> None:
    root = write_project(GOOD)
    an_earlier_run(root)
    (root / "target").mkdir()

    with read_only(root / "target"):
        done = headrace(root, "run", heeds_modes=True)

    assert done.exit_code == 2, done.output
    assert "permission denied. Make it writable for this user" in done.output
    assert rows(root, "select id from orders") == [(1,)]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc can't be written, even by root")
@pytest.mark.parametrize("what", ["database", "target directory"])
def test_file_system_that_nobody_may_write(write_project: WriteProject, what: str) -> None:
    root = write_project(GOOD)
    an_earlier_run(root)
    arguments = ["run", "--target-path", "/proc/headrace"]
    if what == "database":
        lost = profile("type: sqlite, path: /proc/headrace/shop.db, schema: main")
        (root / "profiles.yml").write_text(lost)
        arguments = ["run"]

    done = headrace(root, *arguments)

    assert done.exit_code == 2, done.output
    assert "/proc/headrace" in done.output
    assert "Traceback" not in done.output
    assert rows(root, "select id from orders") == [(1,)]
