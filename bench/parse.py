"""Parsing: cold, warm, and against a naive loop that does nothing else.

    python bench/parse.py [--models 1000 10000] [--kind literal mixed templated] [--before PYTHON]

Floor: for each file, in a process of its own: read it, compile and render it with Jinja and stub
functions, load each YAML file with PyYAML's C loader. headrace: `parse`, which also resolves
configuration and dependencies and writes manifest.json. "cold" is after the target directory was
deleted, with the compiled templates of before in the user's cache directory or, "no code",
without them; "nothing changed" right after; "one model changed" after one was edited.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from figures import (
    FLOOR,
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
from project_load import Kind, write_load

FLOOR_SCRIPT = """
import sys
from pathlib import Path
from types import SimpleNamespace
import jinja2, yaml
environment = jinja2.Environment(extensions=["jinja2.ext.do"])
stubs = {
    "ref": lambda *a, **k: "ref", "source": lambda *a: "source", "config": lambda **k: "",
    "var": lambda *a: "var", "scaled": lambda *a: "scaled", "columns_of": lambda *a: "columns",
    "picked": lambda *a: "picked", "total": lambda *a: "total",
}
root = Path(sys.argv[1])
for path in sorted(root.glob("models/**/*.sql")):
    environment.from_string(path.read_text()).render(**stubs)
for path in sorted(root.glob("models/**/*.yml")):
    yaml.load(path.read_text(), yaml.CSafeLoader)
"""
SMALL, LARGE = 1000, 10_000


def work_of(count: int, kind: Kind, label: str) -> str:
    return f"parse, {kind}, {count:,} models, {label}"


COLD_NO_CODE, COLD, WARM = "cold, no code", "cold", "nothing changed"
ONE_CHANGED, LISTED = "one model changed", "ls --select"


def measure_small(options: Options) -> list[Row]:
    """A thousand models of each kind."""
    return [row for kind in Kind for row in measure(options, SMALL, kind)]


def measure_large(options: Options) -> list[Row]:
    """Ten thousand models without templates."""
    return measure(options, LARGE, Kind.LITERAL)


def measure(options: Options, full: int, kind: Kind) -> list[Row]:
    """What a parse costs, before and after this and that."""
    count = options.nodes(full)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        headraces = options.headraces(Path(name))
        for each in headraces:
            write_load(_project(each), count, kind=kind)
        project = _project(headraces[0])
        floor = {FLOOR: partial(cost_of, [options.python, "-c", FLOOR_SCRIPT, str(project)])}
        for label, attempt in _ATTEMPTS.items():
            attempts = floor if label == COLD else {}
            attempts = attempts | {each.who: partial(attempt, each) for each in headraces}
            rows += take_turns(work_of(full, kind, label), count, options.repeat, attempts)
    return rows


def _project(headrace: Headrace) -> Path:
    return headrace.home / "load"


def _parse(headrace: Headrace) -> Cost:
    return headrace.cost_of("parse", "--target", "sqlite", project=_project(headrace))


def _parse_cold(headrace: Headrace) -> Cost:
    shutil.rmtree(_project(headrace) / "target", ignore_errors=True)
    return _parse(headrace)


def _parse_without_code(headrace: Headrace) -> Cost:
    shutil.rmtree(headrace.cache, ignore_errors=True)
    return _parse_cold(headrace)


def _parse_changed(headrace: Headrace) -> Cost:
    changed = min((_project(headrace) / "models" / "layer_5").glob("*.sql"))
    changed.write_text(changed.read_text() + "-- changed\n")
    return _parse(headrace)


def _list(headrace: Headrace) -> Cost:
    project = _project(headrace)
    selection = ("--select", "+model_00500")
    return headrace.cost_of("-q", "ls", "--target", "sqlite", *selection, project=project)


_ATTEMPTS: dict[str, Callable[[Headrace], Cost]] = {
    COLD_NO_CODE: _parse_without_code,
    COLD: _parse_cold,
    WARM: _parse,
    ONE_CHANGED: _parse_changed,
    LISTED: _list,
}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[SMALL])
    kinds: Iterable[Kind] = list(Kind)
    parser.add_argument("--kind", type=Kind, nargs="+", choices=kinds, default=[Kind.LITERAL])
    given = parser.parse_args()
    options = options_of(given)
    for kind in given.kind:
        for count in given.models:
            print_rows(measure(options, count, kind))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
