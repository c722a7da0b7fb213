"""Every command, by its name."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import UsageError, did_you_mean
from . import (
    build,
    clean,
    clone,
    compile,
    debug,
    deps,
    docs_generate,
    ls,
    parse,
    retry,
    run,
    run_operation,
    seed,
    show,
    snapshot,
    source_freshness,
    test,
)
from .command import Command

COMMANDS: Mapping[str, Command] = {
    module.COMMAND.name: module.COMMAND
    for module in (
        run,
        build,
        seed,
        snapshot,
        show,
        compile,
        clone,
        test,
        retry,
        ls,
        parse,
        run_operation,
        debug,
        clean,
        deps,
        docs_generate,
        source_freshness,
    )
}
"""In the order in which help has them."""


def find_command(name: str) -> Command:
    """The command of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in COMMANDS:
        raise UsageError(f"there is no command '{name}'.{did_you_mean(name, COMMANDS)}")
    return COMMANDS[name]
