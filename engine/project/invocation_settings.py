"""The settings of one invocation, from its flags, the environment and a project's `flags:`."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings.options import Options
from ..settings.precedence import Sources
from ..settings.settings import Settings, settings_from
from ..settings.warning_policy import Warn
from .flag_mapping import parse_mapping


def sources_of(
    options: Options,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
) -> Sources:
    """All that may set a flag."""
    return Sources(options, environ, flags or {}, parse_policy_text)


def settings_of(
    options: Options,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    warn: Warn | None = None,
) -> Settings:
    """Every flag, decided. `warn` hears of old spellings.

    Raises:
        UsageError: a flag or a variable is what it can't be, or two exclude each other.
    """
    return settings_from(sources_of(options, environ, flags), warn)


def parse_policy_text(text: str, place: str = "--warn-error-options") -> Mapping[str, object]:
    """What `--warn-error-options` was given.

    Raises:
        UsageError: it is no mapping.
    """
    return parse_mapping(text, place, """'{"error": "all", "warn": ["JinjaLogWarning"]}'""")
