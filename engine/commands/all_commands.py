"""Every command, by its name: each `COMMAND` that is imported here is one."""
# ruff: noqa: F401 # they are looked up in this module's namespace, so that each takes one line

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import UsageError, did_you_mean
from .build import COMMAND as BUILD
from .clean import COMMAND as CLEAN
from .clone import COMMAND as CLONE
from .command import Command
from .compile import COMMAND as COMPILE
from .debug import COMMAND as DEBUG
from .deps import COMMAND as DEPS
from .docs_generate import COMMAND as DOCS_GENERATE
from .ls import COMMAND as LS
from .parse import COMMAND as PARSE
from .retry import COMMAND as RETRY
from .run import COMMAND as RUN
from .run_operation import COMMAND as RUN_OPERATION
from .seed import COMMAND as SEED
from .show import COMMAND as SHOW
from .snapshot import COMMAND as SNAPSHOT
from .source_freshness import COMMAND as SOURCE_FRESHNESS
from .test import COMMAND as TEST

COMMANDS: Mapping[str, Command] = {
    each.name: each for each in [*globals().values()] if isinstance(each, Command)
}
"""By their names, in the order of the alphabet, as dbt's help has them."""


def find_command(name: str) -> Command:
    """The command of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in COMMANDS:
        raise UsageError(f"there is no command '{name}'.{did_you_mean(name, COMMANDS)}")
    return COMMANDS[name]
