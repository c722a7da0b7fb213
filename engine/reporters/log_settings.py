"""What settled options say of logs: how much is shown, and how much is kept."""

from __future__ import annotations

from collections.abc import Callable

from ..core.events import WarningRaised
from ..core.plain_text import Scrub
from ..settings.flags import LOG_FILE_BYTES
from ..settings.options import Options
from .log_file import LogFile
from .style import Style
from .text.line import Level

_LEVELS = {level.name.lower(): level for level in Level}


def console_style(options: Options, *, use_colors: bool, scrub: Scrub) -> Style:
    """How what is shown on standard output or error looks. `--debug` shows all of the log."""
    level = Level.DEBUG if options.debug else _LEVELS[options.log_level or "info"]
    quiet, width = bool(options.quiet), options.printer_width
    return Style(level, quiet=quiet, use_colors=use_colors, width=width, scrub=scrub)


def make_log_file(
    options: Options, *, tell: Callable[[WarningRaised], None], scrub: Scrub | None = None
) -> LogFile | None:
    """The reporter that writes the log file, unless none is wanted."""
    level = _LEVELS[options.log_level_file or "debug"]
    if level is Level.NONE:
        return None
    longest = options.log_file_max_bytes
    return LogFile(
        Style(level, scrub=scrub),
        tell=tell,
        is_json=options.log_format_file == "json",
        longest=LOG_FILE_BYTES if longest is None else longest,
    )
