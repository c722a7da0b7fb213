"""Parsing macros over macros: cold, warm, after one change each, and beside dbt where it is given.

    python bench/connector_parse.py [--nodes 2000] [--repeat 3] [--dbt PATH] [--before PYTHON]

"cold" is after the target directory was deleted, with the compiled templates of before in the
user's cache directory or, "no code", without them. "one model", "one macro" and "a variable" are
after one of them was changed; `rendered` says how many templates were rendered, the others were as
they had been. Those that ask for what was changed: the model itself; the staging models that use
the macro; the staging models that read the variable. dbt has a profile of PostgreSQL, and doesn't
connect.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from connector_load import write_connector_load
from figures import (
    DBT,
    Cost,
    Headrace,
    Options,
    Row,
    cost_of,
    options_of,
    parser_of,
    print_rows,
    take_turns,
)

NODES = 2000
COLD_NO_CODE, COLD, WARM = "cold, no code", "cold", "nothing changed"
ONE_MODEL, ONE_MACRO, A_VARIABLE = (
    "one model changed",
    "one macro changed",
    "a variable changed",
)
# Of a headrace that has it otherwise, nothing is counted.
COUNTING = """
import ast, os, sys
from pathlib import Path
from headrace.engine.settings.options import Options
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import open_workspace
options = Options(vars=ast.literal_eval(sys.argv[1]))
workspace = open_workspace(Start(options, dict(os.environ), Path.cwd()), print)
print(parse_project(workspace, lambda warning: None).renderings.rendered)
"""
CHANGED: Mapping[str, object] = {"connector_using_labels": False}


def work_of(label: str) -> str:
    return f"parse, macros over macros, {NODES:,} nodes, {label}"


@dataclass(frozen=True)
class Load:
    """The load, and who parses it."""

    headrace: Headrace

    @property
    def project(self) -> Path:
        return self.headrace.home / "load"

    def forget(self) -> None:
        """Be without what was parsed."""
        shutil.rmtree(self.project / "target", ignore_errors=True)

    def forget_all(self) -> None:
        """Be without compiled templates, too."""
        self.forget()
        shutil.rmtree(self.headrace.cache, ignore_errors=True)

    def keep(self) -> None:
        """Change nothing."""

    def edit_model(self) -> None:
        model = self.project / "dbt_packages/connector/models/staging/stg_account_0000.sql"
        model.write_text(model.read_text() + "-- changed\n")

    def edit_macro(self) -> None:
        """Give the macro that many use another text each time."""
        macro = self.project / "dbt_packages/common/macros/common.sql"
        macro.write_text(macro.read_text().replace("upper(", "upper( ", 1))

    def go_back(self) -> None:
        """Parse with the variable as it was."""
        self.headrace.cost_of("parse", project=self.project)

    def parse(self, variables: Mapping[str, object]) -> Cost:
        arguments = ("--vars", str(variables)) if variables else ()
        return self.headrace.cost_of("parse", *arguments, project=self.project)

    def count(self, variables: Mapping[str, object]) -> float | None:
        """How many templates a parse would render now. It keeps nothing."""
        done = subprocess.run(
            [self.headrace.python, "-c", COUNTING, repr(dict(variables))],
            cwd=self.project,
            env={**os.environ, **self.headrace.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def measure(options: Options) -> list[Row]:
    """What a parse costs, before and after this and that, and what dbt's costs."""
    nodes = options.nodes(NODES)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        loads = [Load(each) for each in options.headraces(Path(name))]
        for load in loads:
            _write(load, nodes)
        dbt_parse: dict[str, Callable[[], Cost]] = {}
        if options.dbt:
            load = Load(Headrace(DBT, options.python, Path(name) / DBT))
            _write(load, nodes)
            dbt_parse[DBT] = partial(
                cost_of, [options.dbt, "parse", "--target", "postgres"], load.project
            )
            # Once: it takes a minute.
            rows += take_turns(work_of(COLD), nodes, 1, dbt_parse)
        for label, prepare in _PREPARATIONS.items():
            variables = CHANGED if label == A_VARIABLE else {}
            attempts: dict[str, Callable[[], Cost]] = {
                load.headrace.who: _Attempt(load, prepare, variables) for load in loads
            }
            if label == WARM:
                attempts |= dbt_parse
            rows += take_turns(work_of(label), nodes, options.repeat, attempts)
    return rows


def _write(load: Load, nodes: int) -> None:
    write_connector_load(load.project, nodes)
    load.headrace.cost_of("deps", project=load.project)


class _Attempt:
    """A parse after what prepares it. The first of them says what it renders."""

    def __init__(
        self, load: Load, prepare: Callable[[Load], None], variables: Mapping[str, object]
    ) -> None:
        self._load = load
        self._prepare = prepare
        self._variables = variables
        self._is_counted = False

    def __call__(self) -> Cost:
        self._prepare(self._load)
        rendered = None if self._is_counted else self._load.count(self._variables)
        self._is_counted = True
        return replace(self._load.parse(self._variables), rendered=rendered)


_PREPARATIONS: dict[str, Callable[[Load], None]] = {
    COLD_NO_CODE: Load.forget_all,
    COLD: Load.forget,
    WARM: Load.keep,
    ONE_MODEL: Load.edit_model,
    ONE_MACRO: Load.edit_macro,
    A_VARIABLE: Load.go_back,
}


def main() -> None:
    parser = parser_of(__doc__, full=NODES, counted="--nodes", dbt=True)
    print_rows(measure(options_of(parser.parse_args())))


if __name__ == "__main__":
    main()
