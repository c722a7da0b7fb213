"""What settled options say of logs: how much is shown, and how much is kept."""

from __future__ import annotations

from collections.abc import Callable

from ..core.events import WarningRaised
from ..settings.flags import LOG_FILE_BYTES
from ..settings.options import Options
from .log_file import LogFile
from .plain_text import Scrub
from .text.line import Level

_LEVELS = {level.name.lower(): level for level in Level}


def console_level(options: Options) -> Level:
    """The lowest level that is shown."""
    return _LEVELS[options.log_level or "info"]


def make_log_file(
    options: Options, *, tell: Callable[[WarningRaised], None], scrub: Scrub | None = None
) -> LogFile | None:
    """The reporter that writes the log file, unless none is wanted."""
    level = _LEVELS[options.log_level_file or "debug"]
    if level is Level.NONE:
        return None
    longest = options.log_file_max_bytes
    return LogFile(
        tell=tell,
        level=level,
        is_json=options.log_format_file == "json",
        longest=LOG_FILE_BYTES if longest is None else longest,
        scrub=scrub,
    )
