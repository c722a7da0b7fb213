"""How much is told of an invocation, and in which form, decided before anything is told.

The project's `flags:` have a say in it, so they are looked at here, ahead of all else. What is
wrong with the project is not said yet: that is for whoever reads it in earnest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from ..core.errors import HeadraceError, UsageError
from ..project.discovery import PROJECT_FILE, find_project_directory
from ..project.environment_variables import find_number, find_setting
from ..project.fields import Fields
from ..project.profiles_file import find_profiles, load_profile_flags
from ..project.project_flags import (
    LOG_FORMATS,
    LOG_LEVELS,
    MAX_PRINTER_WIDTH,
    wanted_instead,
)
from ..project.render import Renderer
from ..project.yaml_file import read_yaml
from .options import Options
from .precedence import choose, decide


def settle_reporting(options: Options, environ: Mapping[str, str], cwd: Path) -> Options:
    """The options with everything decided that reporters go by. Settled ones are left alone.

    Without a word on the log file itself, it is held to what was said of the console.

    Raises:
        UsageError: a flag or a variable is something that it can't be.
    """
    settled = (
        options.write_json,
        options.quiet,
        options.debug,
        options.log_format,
        options.log_format_file,
        options.log_level,
        options.log_level_file,
    )
    if None not in settled:
        return options
    flags = peek_flags(options, environ, cwd)

    def is_so(name: str, given: bool | None, *, default: bool = False) -> bool:
        return decide(name, given, environ, flags, default=default)

    def one_of(name: str, given: str | None, choices: tuple[str, ...], default: str) -> str:
        ordered = (default, *(choice for choice in choices if choice != default))
        return choose(name, given, environ, ordered, flags)

    level = one_of("log_level", options.log_level, LOG_LEVELS, "info")
    level_of_file = one_of("log_level", options.log_level, LOG_LEVELS, "debug")
    form = one_of("log_format", options.log_format, LOG_FORMATS, "default")
    return replace(
        options,
        write_json=is_so("write_json", options.write_json, default=True),
        quiet=is_so("quiet", options.quiet),
        printer_width=_printer_width(options, environ, flags),
        debug=is_so("debug", options.debug),
        use_colors=_use_colors(options, environ, flags),
        log_format=form,
        log_format_file=one_of("log_format_file", options.log_format_file, LOG_FORMATS, form),
        log_level=level,
        log_level_file=one_of("log_level_file", options.log_level_file, LOG_LEVELS, level_of_file),
    )


def peek_flags(options: Options, environ: Mapping[str, str], cwd: Path) -> Mapping[str, object]:
    """The project's `flags:`, and the old ones of profiles.yml, as far as they can be read."""
    try:
        root = find_project_directory(options.project_dir, environ=environ, cwd=cwd)
    except HeadraceError:
        return {}
    flags: dict[str, object] = {}
    try:
        profiles = find_profiles(root, profiles_dir=options.profiles_dir, environ=environ, cwd=cwd)
        flags |= load_profile_flags(profiles)
    except HeadraceError:
        pass
    try:
        document = read_yaml(root / PROJECT_FILE, PROJECT_FILE)
        fields = Fields(document, Renderer(environ=environ, cli_vars=options.vars))
        flags |= fields.mapping("flags")
    except HeadraceError:
        pass
    return flags


def _printer_width(
    options: Options, environ: Mapping[str, str], flags: Mapping[str, object]
) -> int | None:
    """None where nobody says: it is as usual then."""
    given = options.printer_width
    if given is not None and (wanted := wanted_instead("printer_width", given)):
        raise UsageError(f"--printer-width must be {wanted}.")
    given = given or find_number(environ, "PRINTER_WIDTH", MAX_PRINTER_WIDTH)
    configured = flags.get("printer_width")
    if given is None and isinstance(configured, int):
        return configured if wanted_instead("printer_width", configured) is None else None
    return given


def _use_colors(
    options: Options, environ: Mapping[str, str], flags: Mapping[str, object]
) -> bool | None:
    """None where nobody says: it is the terminal that decides then."""
    if find_setting(environ, "USE_COLORS") or "use_colors" in flags:
        return decide("use_colors", options.use_colors, environ, flags)
    return options.use_colors
