"""compile, parse, debug and clean, and what is not there yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status

from ..building.support import PROJECT, relations, run
from .support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

SHOP = {
    "seeds/raw.csv": "id\n1\n",
    "models/base.sql": "{{ config(materialized='ephemeral') }} select id from {{ ref('raw') }}",
    "models/orders.sql": "{{ config(materialized='table', pre_hook='select 1 from nowhere') }}\n"
    "select id from {{ ref('base') }}",
    "tests/some.sql": "select * from {{ ref('orders') }} where id is null",
}


async def test_compile_writes_the_sql_and_builds_nothing(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "compile")

    assert ran.exit_code == 0
    compiled = root / "target" / "compiled" / "shop"
    orders = (compiled / "models" / "orders.sql").read_text()
    assert "__dbt__cte__base as (\n" in orders
    assert 'select id from "main"."raw"' in orders
    assert 'from "main"."orders" where id is null' in (compiled / "tests/some.sql").read_text()
    assert not (root / "target" / "run").exists()
    assert relations(root) == {}


async def test_compile_of_one_model_shows_it(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": "select 1 as id", "models/b.sql": "select 2 as id"})

    one = await run(root, "compile", select=("a",))
    both = await run(root, "compile")

    assert one.lines == ["Compiled node 'a' is:\nselect 1 as id"]
    assert both.lines == []


async def test_compile_shows_those_that_were_named_and_not_what_came_along(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/a.sql": "select 1 as id",
            "models/b.sql": "select * from {{ ref('a') }}",
            "models/schema.yml": "models: [{name: b, columns: [{name: id, tests: [unique]}]}]",
        }
    )

    ran = await run(root, "compile", select=("a+",))

    assert ran.lines == ["Compiled node 'a' is:\nselect 1 as id"]


async def test_compile_may_query_the_database(write_project: WriteProject) -> None:
    root = write_project(
        {
            "seeds/raw.csv": "id\n1\n2\n",
            "models/wide.sql": "-- depends_on: {{ ref('raw') }}\n"
            "{% if execute %}{% set found = run_query('select id from ' ~ ref('raw')) %}select "
            "{% for row in found.rows %}{{ row[0] }} as c{{ loop.index }}"
            "{{ ', ' if not loop.last }}{% endfor %}{% endif %}",
        }
    )
    await run(root, "seed")

    ran = await run(root, "compile", select=("wide",))

    assert "select 1 as c1, 2 as c2" in ran.lines[0]


async def test_parse_writes_the_manifest_and_touches_nothing_else(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)

    ran = await run(root, "parse")

    assert ran.exit_code == 0
    assert sorted(path.name for path in (root / "target").iterdir()) == [
        "headrace_last_manifest.msgpack",
        "headrace_last_parse.msgpack",
        "headrace_manifest_tail.msgpack",
        "headrace_parse_cache.msgpack",
        "manifest.json",
    ]
    manifest = json.loads((root / "target" / "manifest.json").read_bytes())
    assert set(manifest["nodes"]) == {
        "seed.shop.raw",
        "model.shop.base",
        "model.shop.orders",
        "test.shop.some",
    }
    assert not (root / "shop.db").exists()


ASKING = {
    "models/plain.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/below.sql": "select id from {{ ref('plain') }}",
    "models/asks.sql": "{% if execute %}{% do run_query('select 1') %}{% endif %}select 1 as id",
    "models/looks.sql": "{% if execute %}{% do adapter.get_relation('main', 'main', 'plain') %}"
    "{% endif %}select 1 as id",
    "models/asks_if_it_may.sql": "{% if execute and flags.INTROSPECT %}"
    "{% do run_query('select 1') %}{% endif %}select 1 as id",
}


@pytest.mark.parametrize(
    ("options", "environ"),
    [({"introspect": False}, {}), ({}, {"DBT_INTROSPECT": "false"})],
)
async def test_compile_without_introspection_does_without_the_database(
    write_project: WriteProject, options: dict[str, Any], environ: dict[str, str]
) -> None:
    root = write_project({name: text for name, text in ASKING.items() if "looks" not in name})

    ran = await run(root, "compile", environ=environ, **options)

    assert not (root / "shop.db").exists()
    assert ran.exit_code == 1
    assert {name for name, status in ran.statuses.items() if status is Status.ERROR} == {"asks"}
    assert "with --no-introspect nothing is asked of it" in ran.error("asks")
    compiled = root / "target/compiled/shop/models/below.sql"
    assert compiled.read_text() == 'select id from "main"."plain"'


async def test_incremental_model_is_compiled_without_introspection_as_it_would_be_built(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/grows.sql": "{{ config(materialized='incremental') }} select 1 as id"
            "{% if is_incremental() %} where 2 > 1{% endif %}",
            "models/looks.sql": ASKING["models/looks.sql"],
        }
    )

    first = await run(root, "compile", introspect=False)
    compiled = (root / "target/compiled/shop/models/grows.sql").read_text()
    await run(root)
    second = await run(root, "compile", introspect=False)

    assert (first.exit_code, second.exit_code) == (0, 0), first.outcome.results
    assert compiled.strip() == "select 1 as id"
    later = (root / "target/compiled/shop/models/grows.sql").read_text()
    assert later.strip() == "select 1 as id where 2 > 1"


async def test_compile_asks_the_database_unless_it_is_not_to(write_project: WriteProject) -> None:
    ran = await run(write_project(ASKING), "compile")

    assert ran.exit_code == 0, ran.outcome


async def test_debug_says_what_would_be_used(write_project: WriteProject) -> None:
    root = write_project({})

    ran = await run(root, "debug")

    text = "\n".join(ran.lines)
    assert ran.exit_code == 0
    for part in (
        f"Using project at {root}",
        "Using profile 'shop', target 'dev' (sqlite)",
        "Configuration: [OK]",
        "path: shop.db",
        "Connection test: [OK",
        "All checks passed!",
    ):
        assert part in text


def test_debug_can_be_about_the_connection_alone(write_project: WriteProject) -> None:
    root = write_project({})

    done = headrace(root, "debug", "--connection")

    assert done.exit_code == 0
    assert done.stdout.startswith("Connection:\n")
    assert "Connection test: [OK" in done.stdout


@pytest.mark.parametrize(
    "package",
    [
        {},
        {
            "dbt_packages/tools/dbt_project.yml": "name: tools\nconfig-version: 2\n"
            "require-dbt-version: '>=2.0.0'\n"
        },
    ],
    ids=["not installed", "of another version"],
)
async def test_debug_asks_nothing_of_packages(
    write_project: WriteProject, package: dict[str, str]
) -> None:
    root = write_project({"packages.yml": "packages: [{package: a/tools, version: 1.0.0}]\n"})
    for name, text in package.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text)

    ran, parsed = await run(root, "debug"), await run(root, "parse")

    assert (ran.exit_code, ran.lines[-1]) == (0, "All checks passed!")
    assert parsed.exit_code == 2


def test_debug_with_a_warning_that_is_an_error_could_not_run(write_project: WriteProject) -> None:
    root = write_project({"dbt_project.yml": PROJECT + "data-paths: [seeds]\n"})

    warned = headrace(root, "debug")
    refused = headrace(root, "--warn-error", "debug")

    assert (warned.exit_code, refused.exit_code) == (0, 2)
    assert "The `data-paths` config has been renamed" in refused.stderr
    assert "Connection test" not in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["--project-dir", "elsewhere"], {}, "--project-dir is "),
        (["--project-dir", "models"], {}, "No dbt_project.yml in "),
        (["--connection"], {"DBT_PROJECT_DIR": "elsewhere"}, "DBT_PROJECT_DIR is "),
    ],
)
def test_debug_of_a_project_that_is_not_where_it_is_said_to_be_could_not_run(
    write_project: WriteProject, arguments: list[str], environ: dict[str, str], said: str
) -> None:
    root = write_project({"models/one.sql": "select 1 as id"})

    done = headrace(root, "debug", *arguments, environ=environ)

    assert done.exit_code == 2
    assert said in done.output
    assert "Connection" not in done.output


def test_debug_tries_the_connection_also_where_there_is_no_project(
    write_project: WriteProject,
) -> None:
    root = write_project({})
    (root / "dbt_project.yml").unlink()

    found = headrace(root, "debug", "--connection")
    named = headrace(root, "debug", "--profile", "shop", "--target", "dev")
    unknown = headrace(root, "debug", "--connection", "--profile", "nope")

    # As in dbt, a check has failed: that of the project.
    assert (found.exit_code, named.exit_code, unknown.exit_code) == (1, 1, 1)
    for done in (found, named):
        assert "No dbt_project.yml" in done.stdout
        assert "path: shop.db" in done.stdout
        assert "Connection test: [OK" in done.stdout
        assert "All checks passed" not in done.stdout
    assert "Could not find profile named 'nope'" in unknown.stdout
    assert "Connection test: [" not in unknown.stdout


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({"profiles.yml": "other: {}\n"}, ("Configuration: [ERROR]", "profile named 'shop'")),
        ({"shop.db": "no database"}, ("Connection test: [ERROR]", "isn't SQLite's")),
    ],
    ids=["no profile", "no database"],
)
async def test_debug_says_what_is_wrong(
    write_project: WriteProject, files: dict[str, str], parts: tuple[str, ...]
) -> None:
    root = write_project(files)

    ran = await run(root, "debug")

    (root / "shop.db").unlink(missing_ok=True)
    assert ran.exit_code == 1
    assert [part for part in parts if part not in "\n".join(ran.lines)] == []


async def test_clean_deletes_what_runs_left(write_project: WriteProject) -> None:
    root = write_project(
        {"dbt_project.yml": PROJECT + "clean-targets: [target, logs]\n", **SHOP, "logs/a.log": ""}
    )
    await run(root, "parse")

    ran = await run(root, "clean")

    assert ran.exit_code == 0
    assert ran.lines == [
        "Cleaned target/*",
        "Cleaned logs/*",
        "Finished cleaning all paths.",
    ]
    assert sorted(path.name for path in root.iterdir()) == [
        "dbt_project.yml",
        "models",
        "profiles.yml",
        "seeds",
        "tests",
    ]


@pytest.mark.parametrize(
    ("more", "left"),
    [("", {"target/a.sql"}), ("clean-targets: [target]\n", {"made/b.sql"})],
)
async def test_clean_deletes_the_target_path_that_is_named_unless_the_project_says_what(
    write_project: WriteProject, more: str, left: set[str]
) -> None:
    root = write_project({"dbt_project.yml": PROJECT + more, "target/a.sql": "", "made/b.sql": ""})

    ran = await run(root, "clean", environ={"DBT_TARGET_PATH": "made"})

    assert ran.exit_code == 0
    assert {path.relative_to(root).as_posix() for path in root.glob("*/[ab].sql")} == left


async def test_clean_needs_no_profile(write_project: WriteProject) -> None:
    root = write_project({"profiles.yml": "other: {}\n", "target/a.sql": ""})

    ran = await run(root, "clean")

    assert ran.exit_code == 0
    assert not (root / "target").exists()


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("..", "leads out of the project"),
        ("../other", "leads out of the project"),
        ("/tmp", "leads out of the project"),
        (".", "isn't inside the project"),
        ("", "isn't inside the project"),
        ("models", "holds the project's own files"),
        ("models/staging", "holds the project's own files"),
        ("seeds", "holds the project's own files"),
        ("target/../models", "holds the project's own files"),
        ("dbt_project.yml", "holds the project's own files"),
        ("profiles.yml", "holds the project's own files"),
        ("away", "isn't inside the project"),
    ],
)
async def test_clean_deletes_neither_sources_nor_what_is_outside(
    write_project: WriteProject, tmp_path: Path, target: str, part: str
) -> None:
    project = PROJECT + f"clean-targets: [target, '{target}']\n"
    root = write_project({"dbt_project.yml": project, **SHOP, "models/staging/a.sql": "select 1"})
    (tmp_path / "other").mkdir()
    (root / "away").symlink_to(tmp_path / "other")
    await run(root, "parse")
    before = everything_below(tmp_path)

    ran = await run(root, "clean")

    assert ran.exit_code == 2
    assert part in str(ran.outcome.error)
    assert "dbt_project.yml:5" in str(ran.outcome.error)
    assert everything_below(tmp_path) == before


def everything_below(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*"))


async def test_clean_follows_no_link_out_of_what_it_deletes(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project({**SHOP, "target/a.sql": ""})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.txt").write_text("keep")
    (root / "target" / "link").symlink_to(elsewhere)

    ran = await run(root, "clean")

    assert ran.exit_code == 0
    assert not (root / "target").exists()
    assert (elsewhere / "precious.txt").read_text() == "keep"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["init"], "the command 'init'"),
        (["--log-level", "debug", "init"], "the command 'init'"),
        (["docs", "serve"], "the command 'docs serve'"),
    ],
)
def test_what_dbt_has_and_we_have_not_says_so(
    write_project: WriteProject, arguments: list[str], named: str
) -> None:
    root = write_project({"models/a.sql": "select 1 as id"})

    done = headrace(root, *arguments)

    assert done.exit_code == 2
    assert f"{named} isn't there yet in this version of headrace." in done.stderr
    assert not (root / "shop.db").exists()


def test_flags_that_ask_for_what_is_so_already_are_taken(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": "select 1 as id"})

    done = headrace(root, "--no-partial-parse", "run", "--no-version-check")

    assert done.exit_code == 0, done.output
    assert set(relations(root)) == {"a"}
