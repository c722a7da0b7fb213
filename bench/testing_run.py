"""10,000 models on the testing adapter, 16 threads: what is left where the database is free.

    python bench/testing_run.py [--models 1000] [--repeat 1] [--before PYTHON]

headrace: `run` as a process, whole: "new" has nothing to go by, "again" is the same once more,
with the parse and the written files of the first. The figures that count are CPU seconds and the
peak of memory. The load is the one in which one model in ten has a template.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from figures import (
    Cost,
    Headrace,
    Options,
    Row,
    executed,
    options_of,
    parser_of,
    print_rows,
    take_turns,
)
from project_load import write_load

MODELS = 10_000
NEW = "10,000 models on the testing adapter, 16 threads, new"
AGAIN = "10,000 models on the testing adapter, 16 threads, again"


def measure(options: Options) -> list[Row]:
    """What a run costs, and the same run again."""
    count = options.nodes(MODELS)
    with tempfile.TemporaryDirectory() as name:
        headraces = options.headraces(Path(name))
        for each in headraces:
            write_load(each.home / "load", count)
        new = {each.who: partial(_run, each, forget=True) for each in headraces}
        again = {each.who: partial(_run, each, forget=False) for each in headraces}
        return [
            *take_turns(NEW, count, options.repeat, new),
            *take_turns(AGAIN, count, options.repeat, again),
        ]


def _run(headrace: Headrace, *, forget: bool) -> Cost:
    project = headrace.home / "load"
    if forget:
        shutil.rmtree(project / "target", ignore_errors=True)
        shutil.rmtree(headrace.cache, ignore_errors=True)
    return executed(headrace.cost_of("-q", "run", "--target", "testing", project=project), project)


def main() -> None:
    parser = parser_of(__doc__, repeat=1, full=MODELS)
    print_rows(measure(options_of(parser.parse_args())))


if __name__ == "__main__":
    main()
