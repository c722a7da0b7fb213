"""Start-up: how long `--version` and `--help` take, against a Python that does nothing.

python bench/startup.py [--repeat 7] [--before PYTHON] [--dbt PATH]
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from figures import (
    DBT,
    FLOOR,
    Options,
    Row,
    cost_of,
    options_of,
    parser_of,
    print_rows,
    take_turns,
)

VERSION, HELP, BUILD_HELP = "--version", "--help", "build --help"


def measure(options: Options) -> list[Row]:
    """What it costs to be told about a command."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for work in (VERSION, HELP, BUILD_HELP):
            arguments = work.split()
            attempts = {FLOOR: partial(cost_of, [options.python, "-c", "pass"])}
            for each in options.headraces(root):
                attempts[each.who] = partial(each.cost_of, *arguments, project=each.home)
            if options.dbt:
                attempts[DBT] = partial(cost_of, [options.dbt, *arguments], root)
            rows += take_turns(work, 1, options.repeat, attempts)
    return rows


def main() -> None:
    parser = parser_of(__doc__, repeat=7, dbt=True)
    print_rows(measure(options_of(parser.parse_args())))


if __name__ == "__main__":
    main()
