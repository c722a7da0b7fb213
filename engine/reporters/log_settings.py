"""What the flags and the environment say of logs: how much is shown, and how much is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..events import WarningRaised
from ..options import Options
from ..settings import choose
from .line import Level
from .log_file import LogFile
from .plain_text import Scrub

_LEVELS = {level.name.lower(): level for level in Level}
_FORMATS = ("debug", "default", "text", "json")


def console_level(options: Options, environ: Mapping[str, str]) -> Level:
    """The lowest level that is shown.

    Raises:
        UsageError: what was given is no level.
    """
    return _LEVELS[choose("log_level", options.log_level, environ, _first("info", _LEVELS))]


def make_log_file(
    options: Options,
    environ: Mapping[str, str],
    *,
    tell: Callable[[WarningRaised], None],
    scrub: Scrub | None = None,
) -> LogFile | None:
    """The reporter that writes the log file, unless none is wanted.

    Without a word on the file itself, it is held to what was said of the console.

    Raises:
        UsageError: what was given is no level, or no format.
    """
    level = choose("log_level", options.log_level, environ, _first("debug", _LEVELS))
    level = choose("log_level_file", options.log_level_file, environ, _first(level, _LEVELS))
    form = choose("log_format", options.log_format, environ, _FORMATS)
    form = choose("log_format_file", options.log_format_file, environ, _first(form, _FORMATS))
    if _LEVELS[level] is Level.NONE:
        return None
    return LogFile(tell=tell, level=_LEVELS[level], is_json=form == "json", scrub=scrub)


def _first(default: str, choices: Mapping[str, object] | tuple[str, ...]) -> tuple[str, ...]:
    return (default, *(choice for choice in choices if choice != default))
