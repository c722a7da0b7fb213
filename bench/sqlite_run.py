"""1,000 tables on SQLite: what the engine adds to the database's own work.

    python bench/sqlite_run.py [--models 1000]

Floor: a bare sqlite3 script that issues the same statements for the same compiled SQL, in
dependency order, over one connection, and does nothing else: begin, drop the table if it
exists, create it, commit. "Bare floor" leaves the settings as sqlite3 has them, "tuned floor"
has headrace's own (WAL, which waits for the disk less often). headrace: `run` on one thread;
"executing" is `elapsed_time` of its run_results.json, "process" the whole command. Each is run
into a new database, and then again over the tables that are there. The goal is executing ≤ 4 ×
the floor.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from figures import cost_of, headrace, print_table
from project_load import load_models, write_load

TUNED = ("journal_mode=wal", "synchronous=normal")


def floor_seconds(
    database: Path, statements: Sequence[tuple[str, str]], settings: Sequence[str] = ()
) -> float:
    """Seconds that a bare script takes for (name, SQL) pairs."""
    connection = sqlite3.connect(database, isolation_level=None)
    for setting in settings:
        connection.execute(f"pragma {setting}")
    began = time.perf_counter()
    for name, sql in statements:
        connection.execute("begin immediate")
        connection.execute(f'drop table if exists main."{name}"')
        connection.execute(f'create table main."{name}" as\n{sql}')
        connection.execute("commit")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def compiled_statements(project: Path, count: int) -> list[tuple[str, str]]:
    """Each model's name and compiled SQL, parents first."""
    compiled = project / "target" / "compiled" / "load" / "models"
    return [
        (model.name, (compiled / f"layer_{model.layer}" / f"{model.name}.sql").read_text())
        for model in load_models(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=1000)
    count = parser.parse_args().models
    rows = []
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "load"
        write_load(project, count)
        for label in ("new database", "over old tables"):
            cost = cost_of(headrace("run", "--target", "sqlite"), cwd=project)
            results = json.loads((project / "target" / "run_results.json").read_text())
            statements = compiled_statements(project, count)
            bare = floor_seconds(Path(name) / "bare.db", statements)
            tuned = floor_seconds(Path(name) / "tuned.db", statements, TUNED)
            executing = results["elapsed_time"]
            rows.append(
                (
                    label,
                    f"{bare:.3f} s",
                    f"{tuned:.3f} s",
                    f"{executing:.3f} s",
                    f"{executing / bare:.1f} x",
                    f"{executing / tuned:.1f} x",
                    f"{cost.wall:.2f} s",
                    f"{cost.cpu:.2f} s",
                    f"{cost.megabytes:.0f} MB",
                )
            )
    print_table(
        (
            f"{count} tables",
            "bare floor",
            "tuned floor",
            "executing",
            "of bare",
            "of tuned",
            "process",
            "CPU",
            "peak",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
