"""`deps`: installs the packages that the project asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.outcome import ExitCode
from .command import Command

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _install(context: CommandContext) -> ExitCode:
    from .installing import install_packages

    await install_packages(context.start, context.emit, context.read_project)
    return ExitCode.DONE


COMMAND = Command(
    name="deps", help="Install the packages that packages.yml asks for.", perform=_install
)
