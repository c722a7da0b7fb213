"""1,000 tables on SQLite: what the engine adds to the database's own work.

    python bench/sqlite_run.py [--models 1000] [--repeat 3] [--before PYTHON]

Floor: a bare sqlite3 script that issues the same statements for the same compiled SQL, in
dependency order, over one connection that is open, and does nothing else: begin, drop the table
where there is one, create it, commit. It has headrace's own settings (WAL, which waits for the
disk less often); "untuned" leaves them as sqlite3 has them. headrace: `run` on one thread;
"executing" is `elapsed_time` of its run_results.json, the rest is of the whole command. Each runs
into a new database, and then again over the tables that are there. What counts is how many
milliseconds a node headrace executes longer than the floor. "busy" are CPU seconds of executing,
which other work on the machine changes less: those of the process without those of a run of
nothing, so that they have some of what reading the project costs.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from figures import (
    FLOOR,
    NOTHING,
    Cost,
    Headrace,
    Options,
    Quantity,
    Row,
    executed,
    more_a_node,
    options_of,
    parser_of,
    print_rows,
    take_turns,
)
from project_load import load_models, write_load

MODELS = 1000
NEW, AGAIN = "1,000 tables, SQLite, new", "1,000 tables, SQLite, again"
UNTUNED = "untuned"
TUNED = ("journal_mode=wal", "synchronous=normal")


def measure(options: Options) -> list[Row]:
    """What a run costs into a new database, and over what is there."""
    count = options.nodes(MODELS)
    with tempfile.TemporaryDirectory() as name:
        headraces = options.headraces(Path(name))
        for each in headraces:
            write_load(_project(each), count)
            each.cost_of("compile", "--target", "sqlite", project=_project(each))
        idle_seconds = {each.who: _idle_seconds(each) for each in headraces}
        statements = _compiled_statements(_project(headraces[0]), count)
        rows: list[Row] = []
        for work, is_new in ((NEW, True), (AGAIN, False)):
            untuned = partial(_floor, Path(name) / "untuned", statements, (), is_new=is_new)
            rows += take_turns(work, count, 1, {UNTUNED: untuned})
            attempts: dict[str, Callable[[], Cost]] = {
                FLOOR: partial(_floor, Path(name) / "tuned", statements, TUNED, is_new=is_new)
            }
            for each in headraces:
                attempts[each.who] = partial(_run, each, idle_seconds[each.who], is_new=is_new)
            rows += take_turns(work, count, options.repeat, attempts)
        return rows


def _floor(
    home: Path, statements: Iterable[tuple[str, str]], settings: Iterable[str], *, is_new: bool
) -> Cost:
    """What a bare script executes for (name, SQL) pairs."""
    if is_new:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
    connection = sqlite3.connect(home / "floor.db", isolation_level=None)
    for setting in settings:
        connection.execute(f"pragma {setting}")
    began, began_cpu = time.perf_counter(), time.process_time()
    for name, sql in statements:
        connection.execute("begin immediate")
        if not is_new:
            connection.execute(f'drop table if exists main."{name}"')
        connection.execute(f'create table main."{name}" as\n{sql}')
        connection.execute("commit")
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    connection.close()
    return Cost(cpu=cpu, executing=seconds, busy=cpu)


def _idle_seconds(headrace: Headrace) -> float:
    """What a run of nothing costs: the least of three."""
    arguments = ("-q", "run", "--target", "sqlite", "--select", NOTHING)
    run = partial(headrace.cost_of, *arguments, project=_project(headrace))
    return min(run().cpu or 0.0 for _ in range(3))


def _run(headrace: Headrace, idle_seconds: float, *, is_new: bool) -> Cost:
    project = _project(headrace)
    if is_new:
        for path in project.glob("load.db*"):
            path.unlink()
    cost = headrace.cost_of("-q", "run", "--target", "sqlite", project=project)
    return replace(executed(cost, project), busy=(cost.cpu or 0.0) - idle_seconds)


def _project(headrace: Headrace) -> Path:
    return headrace.home / "load"


def _compiled_statements(project: Path, count: int) -> list[tuple[str, str]]:
    """Each model's name and compiled SQL, parents first."""
    compiled = project / "target" / "compiled" / "load" / "models"
    return [
        (model.name, (compiled / f"layer_{model.layer}" / f"{model.name}.sql").read_text())
        for model in load_models(count)
    ]


def _print_more(rows: Sequence[Row]) -> None:
    """How much longer a node takes than in the tuned script."""
    floors = {row.work: row for row in rows if row.who == FLOOR}
    for row in rows:
        if row.who in (FLOOR, UNTUNED):
            continue
        for quantity in (Quantity.EXECUTING, Quantity.BUSY):
            more = more_a_node(row, floors[row.work], quantity)
            print(f"{row.work}, {row.who}: {more:.2f} ms a node more {quantity} than the floor")


def main() -> None:
    rows = measure(options_of(parser_of(__doc__, full=MODELS).parse_args()))
    print_rows(rows)
    _print_more(rows)


if __name__ == "__main__":
    main()
