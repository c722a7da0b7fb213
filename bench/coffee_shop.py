"""The coffee shop (fixtures/coffee_shop, 84 nodes on SQLite): the whole process of `build`.

    python bench/coffee_shop.py [--repeat 7] [--before PYTHON]

A project of a size that people run by hand all day, where starting, parsing and ending count as
much as building. "new" has neither parsed before nor a database, "warm" has both. Floor: a Python
that imports what everybody needs for this, the drivers, Jinja and PyYAML, and does nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from figures import (
    FLOOR,
    Cost,
    Headrace,
    Options,
    Row,
    cost_of,
    executed,
    options_of,
    parser_of,
    print_rows,
    take_turns,
)

FIXTURE = Path(__file__).parents[1] / "fixtures" / "coffee_shop"
NODES = 84
NEW = "build of the coffee shop, SQLite, new"
WARM = "build of the coffee shop, SQLite, warm"
WARM_PARSE = "parse of the coffee shop, warm"
IMPORTS = "import asyncio, sqlite3, aiosqlite, jinja2, msgspec, yaml"


def measure(options: Options) -> list[Row]:
    """What a build costs, and the same again; and a parse."""
    with tempfile.TemporaryDirectory() as name:
        headraces = options.headraces(Path(name))
        floor = {FLOOR: partial(cost_of, [options.python, "-c", IMPORTS])}
        new = {each.who: partial(_build_anew, each) for each in headraces}
        warm = {each.who: partial(_build, each) for each in headraces}
        parse = {each.who: partial(_parse, each) for each in headraces}
        return [
            *take_turns(NEW, NODES, options.repeat, floor | new),
            *take_turns(WARM, NODES, options.repeat, floor | warm),
            *take_turns(WARM_PARSE, NODES, options.repeat, floor | parse),
        ]


def _build_anew(headrace: Headrace) -> Cost:
    """Build what nobody has parsed, into a database that isn't there."""
    shutil.rmtree(headrace.home)
    shutil.copytree(FIXTURE, _project(headrace), ignore=_BUILT)
    return _build(headrace)


def _build(headrace: Headrace) -> Cost:
    project = _project(headrace)
    return executed(headrace.cost_of("build", project=project), project)


def _parse(headrace: Headrace) -> Cost:
    return headrace.cost_of("parse", project=_project(headrace))


def _project(headrace: Headrace) -> Path:
    return headrace.home / "coffee_shop"


_BUILT = shutil.ignore_patterns("target", "logs", "*.db*")
"""What somebody may have built in the fixture."""


def main() -> None:
    parser = parser_of(__doc__, repeat=7)
    print_rows(measure(options_of(parser.parse_args())))


if __name__ == "__main__":
    main()
