"""Parsing macros over macros: cold, warm, after one change each, and beside dbt where it is given.

    python bench/connector_parse.py [--nodes 2000] [--repeat 3] [--dbt PATH]

"cold" is after the target directory was deleted, with the compiled templates of before in the
user's cache directory or, "no code", without them. "one model", "one macro" and "a variable" are
after one of them was changed; `rendered` says how many templates were rendered, the others were as
they had been. Times are CPU seconds, medians. dbt has a profile of PostgreSQL, and doesn't connect.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType

from connector_load import write_connector_load
from figures import Cost, cost_of, headrace, print_table

COUNTING = """
import sys
from pathlib import Path
from headrace.engine.settings.options import Options
from headrace.engine.workspace.loaded_project import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import open_workspace
import ast, os
options = Options(vars=ast.literal_eval(sys.argv[1]))
workspace = open_workspace(Start(options, dict(os.environ), Path.cwd()), print)
counts = parse_project(workspace, lambda warning: None).renderings
print(counts.rendered, counts.recalled)
"""
CHANGED = {"connector_using_labels": False}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dbt", help="dbt's command, to compare with")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        project = Path(name) / "load"
        write_connector_load(project, arguments.nodes)
        subprocess.run(headrace("deps"), cwd=project, check=True, stdout=subprocess.DEVNULL)
        rows = _headrace_rows(project, arguments.repeat)
        if arguments.dbt:
            rows += _dbt_rows(project, [arguments.dbt, "parse", "--target", "postgres"])
    print_table(("parse", "CPU", "wall", "peak", "rendered"), rows)


def _headrace_rows(project: Path, repeat: int) -> list[tuple[str, ...]]:
    parse = headrace("parse")
    target, cache = project / "target", Path(os.environ["XDG_CACHE_HOME"])
    model = project / "dbt_packages/connector/models/staging/stg_account_0000.sql"
    macro = project / "dbt_packages/common/macros/common.sql"

    def forget() -> None:
        shutil.rmtree(target, ignore_errors=True)

    def forget_all() -> None:
        forget()
        shutil.rmtree(cache, ignore_errors=True)

    def nothing() -> None:
        pass

    def edit_model() -> None:
        model.write_text(model.read_text() + "-- changed\n")

    def edit_macro() -> None:
        macro.write_text(macro.read_text().replace("upper(cast(", "upper( cast("))

    variable = ["--vars", str(CHANGED)]
    return [
        _row("cold, no code", parse, project, repeat, forget_all),
        _row("cold", parse, project, repeat, forget),
        _row("nothing changed", parse, project, repeat, nothing),
        _row("one model changed", parse, project, repeat, edit_model),
        _row("one macro changed", parse, project, repeat, edit_macro),
        _row("a variable changed", [*parse, *variable], project, 1, nothing, variables=CHANGED),
    ]


def _row(
    label: str,
    command: Sequence[str],
    project: Path,
    repeat: int,
    prepare: Callable[[], None],
    variables: Mapping[str, object] = MappingProxyType({}),
) -> tuple[str, ...]:
    """The median cost of a command, each time after what prepares it, and what it renders."""
    costs = []
    counts = ""
    for number in range(repeat):
        prepare()
        if number == 0:
            counts = _counts(project, variables)
        costs.append(cost_of(command, cwd=project))
    return _cells(label, costs, counts)


def _counts(project: Path, variables: Mapping[str, object]) -> str:
    """How many templates a parse would render now. It keeps nothing."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, repr(dict(variables))],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    )
    rendered, recalled = map(int, done.stdout.split()[-2:])
    return f"{rendered:,} of {rendered + recalled:,}"


def _dbt_rows(project: Path, command: Sequence[str]) -> list[tuple[str, ...]]:
    shutil.rmtree(project / "target", ignore_errors=True)
    cold = cost_of(command, cwd=project)
    warm = [cost_of(command, cwd=project) for _ in range(3)]
    return [_cells("dbt, cold", [cold], ""), _cells("dbt, nothing changed", warm, "")]


def _cells(label: str, costs: Sequence[Cost], counts: str) -> tuple[str, ...]:
    return (
        label,
        f"{median(cost.cpu for cost in costs):.2f} s",
        f"{median(cost.wall for cost in costs):.2f} s",
        f"{max(cost.megabytes for cost in costs):.0f} MB",
        counts,
    )


if __name__ == "__main__":
    main()
