"""What an adapter does for whole projects, run by the command itself: see `conformance`."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio
import pytest

from .abilities import Describing
from .base import Adapter, Connection
from .conformance_sql import SqlConformance
from .conformance_support import identifiers, target_relation

_DEFINED = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")
_STRATEGIES = ("append", "delete+insert", "merge")
_UNTIL_FRESH = {
    "append": [(1, "old"), (2, "new"), (2, "old"), (3, "new")],
    "delete+insert": [(1, "old"), (2, "new"), (3, "new")],
    "merge": [(1, "old"), (2, "new"), (3, "new")],
}
_EXPRESSIONS: Mapping[str, object] = {
    "length(\"'abc'\")": 3,
    "concat([\"'a'\", \"'b'\"])": "ab",
    "replace(\"'aba'\", \"'a'\", \"'c'\")": "cbc",
    "right(\"'abc'\", 2)": "bc",
    "position(\"'b'\", \"'abc'\")": 2,
    "split_part(\"'a-b'\", \"'-'\", 2)": "b",
    "string_literal('a')": "a",
    "hash(\"'a'\")": "0cc175b9c0f1b6a831c399e269772661",
}
"""Macros that every project may call, and what the database makes of each."""


class Project:
    """A small project whose profile has the target, and the command run on it."""

    def __init__(self, root: Path, output: Mapping[str, object]) -> None:
        self.root = root
        outputs = {"dev": {**output, "threads": 4}}
        self.write("profiles.yml", json.dumps({"shop": {"target": "dev", "outputs": outputs}}))
        self.write("dbt_project.yml", "name: shop\nprofile: shop\nversion: '1.0'\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def model(self, name: str, materialized: str, sql: str, **config: object) -> None:
        """Write a model."""
        given = ", ".join(f"{key}={value!r}" for key, value in config.items())
        configured = f"{{{{ config(materialized='{materialized}', {given}) }}}}"
        self.write(f"models/{name}.sql", f"{configured}\n{sql}\n")

    async def run(self, *arguments: str, exit_code: int = 0) -> str:
        """Run a command in a process of its own. What it has written."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DBT_", "HEADRACE_"))
        }
        directories = ("--project-dir", str(self.root), "--profiles-dir", str(self.root))
        finished = await anyio.run_process(
            [sys.executable, "-m", "headrace", *arguments, *directories], env=kept, check=False
        )
        output = finished.stdout.decode() + finished.stderr.decode()
        assert finished.returncode == exit_code, output
        return output


async def rows(adapter: Adapter, name: str, columns: str = "id, word") -> list[tuple[object, ...]]:
    """The rows of a relation in the target's schema, in order."""
    async with adapter.connection("reader") as connection:
        return await _rows(connection, f"select {columns} from {target_relation(adapter, name)}")


async def _rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return sorted((await connection.query(sql)).rows, key=str)


class ProjectConformance(SqlConformance):
    """Macros, materializations and incremental strategies, by small projects."""

    @pytest.fixture
    def project(self, root: Path, output: Mapping[str, object], adapter: Adapter) -> Project:
        """A project without models, for the target of `adapter`."""
        return Project(root, output)

    async def test_connection_is_found_sound(self, project: Project) -> None:
        output = await project.run("debug")

        assert "All checks passed" in output

    async def test_macros_of_the_adapter_are_found(
        self, adapter: Adapter, project: Project
    ) -> None:
        names = [*_own_macros(adapter.macro_directory)]
        project.write(
            "macros/look.sql",
            "{% macro look() %}{% for name in " + repr(names) + " %}"
            "{% if context.get(name) is none %}"
            "{% do exceptions.raise_compiler_error('there is no macro ' ~ name) %}"
            "{% endif %}{% endfor %}{% endmacro %}",
        )

        await project.run("run-operation", "look")

    async def test_macro_for_the_dialect_comes_before_the_default(
        self, adapter: Adapter, project: Project
    ) -> None:
        prefix = adapter.dialect[0]
        project.write(
            "macros/greeting.sql",
            "{% macro default__greeting() %}hello{% endmacro %}"
            f"{{% macro {prefix}__greeting() %}}salve{{% endmacro %}}"
            "{% macro greet() %}"
            "{% do log('it says: ' ~ adapter.dispatch('greeting')(), info=true) %}"
            "{% endmacro %}",
        )

        assert "it says: salve" in await project.run("run-operation", "greet")

    async def test_types_and_times_are_the_databases(
        self, adapter: Adapter, project: Project
    ) -> None:
        project.model(
            "orders",
            "table",
            "select cast(1 as {{ type_int() }}) as a, cast(2 as {{ type_bigint() }}) as b, "
            "cast('x' as {{ type_string() }}) as c, cast(0.5 as {{ type_float() }}) as d, "
            "cast(1.5 as {{ type_numeric() }}) as e, {{ current_timestamp() }} as made_at",
        )

        await project.run("run")

        ((a, b, c, d, e),) = await rows(adapter, "orders", "a, b, c, d, e")
        assert (a, b, c, d, float(str(e))) == (1, 2, "x", 0.5, 1.5)

    async def test_macros_of_expressions_give_what_they_say(
        self, adapter: Adapter, project: Project
    ) -> None:
        columns = [f"{{{{ {call} }}}} as c{place}" for place, call in enumerate(_EXPRESSIONS)]
        project.model("orders", "table", f"select {', '.join(columns)}")

        await project.run("run")

        names = ", ".join(f"c{place}" for place in range(len(_EXPRESSIONS)))
        (found,) = await rows(adapter, "orders", names)
        assert dict(zip(_EXPRESSIONS, found, strict=True)) == _EXPRESSIONS

    async def test_table_is_swapped_and_a_view_over_it_reads_the_new_one(
        self, adapter: Adapter, project: Project
    ) -> None:
        project.model("orders", "table", "select 1 as id, 'old' as word")
        project.model("recent", "view", "select * from {{ ref('orders') }}")
        await project.run("run")
        before = [await rows(adapter, name) for name in ("orders", "recent")]
        project.model("orders", "table", "select 1 as id, 'new' as word")

        await project.run("run", "--select", "orders")

        assert before == [[(1, "old")], [(1, "old")]]
        assert [await rows(adapter, name) for name in ("orders", "recent")] == [
            [(1, "new")],
            [(1, "new")],
        ]
        assert await identifiers(adapter) == {"orders", "recent"}

    async def test_relation_becomes_one_of_another_kind(
        self, adapter: Adapter, project: Project
    ) -> None:
        for number, kind in enumerate(("table", "view", "view", "table")):
            project.model("orders", kind, f"select {number} as id, '{kind}' as word")
            await project.run("run")

            assert await rows(adapter, "orders") == [(number, kind)]
            assert await identifiers(adapter) == {"orders"}

    async def test_failed_build_leaves_what_was_there(
        self, adapter: Adapter, project: Project
    ) -> None:
        project.model("orders", "table", "select 1 as id, 'old' as word")
        await project.run("run")
        project.model("orders", "table", "select 1 as id, word from nowhere_at_all")

        output = await project.run("run", exit_code=1)

        assert "nowhere_at_all" in output
        assert await rows(adapter, "orders") == [(1, "old")]
        assert await identifiers(adapter) == {"orders"}

    async def test_reader_never_misses_a_table_that_is_swapped(
        self, adapter: Adapter, project: Project
    ) -> None:
        project.model("orders", "table", "select 1 as id, 'old' as word")
        await project.run("run")
        project.model("orders", "table", "select 1 as id, 'new' as word")
        seen: list[tuple[object, ...]] = []

        async def read() -> None:
            while True:
                seen.extend(await rows(adapter, "orders"))
                await anyio.sleep(0.001)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await project.run("run")
            tasks.cancel_scope.cancel()

        assert {*seen} <= {(1, "old"), (1, "new")}
        assert len(seen) > 10

    @pytest.mark.parametrize("strategy", _STRATEGIES)
    async def test_incremental_strategy_adds_rows(
        self, adapter: Adapter, project: Project, strategy: str
    ) -> None:
        if strategy not in adapter.incremental_strategies:
            pytest.skip(f"the adapter has no strategy {strategy}")
        first = "select 1 as id, 'old' as word union all select 2, 'old'"
        later = "select 2 as id, 'new' as word union all select 3, 'new'"
        sql = f"{{% if is_incremental() %}}{later}{{% else %}}{first}{{% endif %}}"
        config = {"incremental_strategy": strategy, "unique_key": "id"}
        project.model("orders", "incremental", sql, **config)

        for expected in ([(1, "old"), (2, "old")], _UNTIL_FRESH[strategy]):
            await project.run("run")
            assert await rows(adapter, "orders") == expected
        await project.run("run", "--full-refresh")

        assert await rows(adapter, "orders") == [(1, "old"), (2, "old")]
        assert await identifiers(adapter) == {"orders"}

    async def test_incremental_table_gets_new_columns(
        self, adapter: Adapter, project: Project
    ) -> None:
        config = {"on_schema_change": "append_new_columns", "incremental_strategy": "append"}
        project.model("orders", "incremental", "select 1 as id, 'old' as word", **config)
        await project.run("run")
        project.model("orders", "incremental", "select 2 as id, 'new' as word, 7 as n", **config)

        await project.run("run")

        assert await rows(adapter, "orders", "id, word, n") == [(1, "old", None), (2, "new", 7)]

    async def test_hooks_run_around_a_model(self, adapter: Adapter, project: Project) -> None:
        hook = "insert into {{ this }} values (2, 'hook')"
        project.model("orders", "table", "select 1 as id, 'sql' as word", post_hook=hook)

        for _ in range(2):
            await project.run("run")

            assert await rows(adapter, "orders") == [(1, "sql"), (2, "hook")]

    async def test_seed_is_loaded_and_loaded_again(
        self, adapter: Adapter, project: Project
    ) -> None:
        project.write("seeds/orders.csv", "id,word,price\n1,a,0.5\n2,,1.5\n")
        await project.run("seed")
        first = await rows(adapter, "orders", "id, word, price")
        project.write("seeds/orders.csv", "id,word,price\n3,c,2.5\n")

        await project.run("seed")
        second = await rows(adapter, "orders", "id, word, price")
        await project.run("seed", "--full-refresh")

        assert first == [(1, "a", 0.5), (2, None, 1.5)]
        assert second == await rows(adapter, "orders", "id, word, price") == [(3, "c", 2.5)]

    async def test_snapshot_keeps_what_was(self, adapter: Adapter, project: Project) -> None:
        project.write(
            "snapshots/kept.yml",
            "snapshots: [{name: kept, relation: ref('orders'), config: {unique_key: id, "
            "strategy: check, check_cols: [word]}}]",
        )
        for word in ("old", "new"):
            project.model("orders", "table", f"select 1 as id, '{word}' as word")
            await project.run("build")

        ended = "id, word, case when dbt_valid_to is null then 'now' else 'then' end"
        assert await rows(adapter, "kept", ended) == [(1, "new", "now"), (1, "old", "then")]

    async def test_failing_test_is_told_and_its_rows_are_stored(
        self, adapter: Adapter, project: Project
    ) -> None:
        project.model("orders", "table", "select 1 as id, 'a' as word union all select 1, 'b'")
        project.write(
            "models/orders.yml",
            "models: [{name: orders, columns: [{name: id, data_tests: [not_null, unique]}]}]",
        )
        await project.run("run")

        output = await project.run("test", exit_code=1)

        assert "PASS=1" in output
        assert "ERROR=1" in output

    async def test_catalog_describes_what_is_there(
        self, adapter: Adapter, project: Project
    ) -> None:
        if not isinstance(adapter, Describing):
            pytest.skip("the adapter doesn't describe its schemas")
        project.model("orders", "table", "select 1 as id, 'a' as word")
        await project.run("run")

        await project.run("docs", "generate")

        catalog = json.loads(await anyio.Path(project.root, "target/catalog.json").read_text())
        described = catalog["nodes"]["model.shop.orders"]
        assert described["metadata"]["name"] == "orders"
        assert [*described["columns"]] == ["id", "word"]


def _own_macros(directory: Path | None) -> Iterator[str]:
    """The names of the macros in a directory."""
    if directory is not None:
        for file in sorted(directory.rglob("*.sql")):
            yield from _DEFINED.findall(file.read_text(encoding="utf-8"))
