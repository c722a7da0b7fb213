"""The project's `flags:`, looked at ahead of all else, for what is told of an invocation.

What is wrong with the project is not said yet: that is for whoever reads it in earnest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from ..core.errors import HeadraceError
from ..settings.options import Options
from .discovery import PROJECT_FILE, find_project_directory
from .fields import Fields
from .invocation_settings import sources_of
from .profiles_file import find_profiles, load_profile_flags
from .render import Renderer
from .yaml_file import read_yaml

_TOLD_BY = (
    *("write_json", "quiet", "printer_width", "debug", "log_format", "log_format_file"),
    *("log_level", "log_level_file", "log_file_max_bytes", "use_colors"),
)


def settle_reporting(options: Options, environ: Mapping[str, str], cwd: Path) -> Options:
    """The options with everything decided that reporters go by. Settled ones are left alone.

    Raises:
        UsageError: a flag or a variable is something that it can't be.
    """
    if all(getattr(options, name) is not None for name in _TOLD_BY if name != "use_colors"):
        return options
    sources = sources_of(options, environ, peek_flags(options, environ, cwd))
    return replace(options, **{name: sources.find(name).value for name in _TOLD_BY})


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
