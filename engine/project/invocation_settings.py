"""The settings of one invocation, from its flags, the environment and a project's `flags:`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..core.errors import UsageError, YamlError
from ..core.nouns import noun_of
from ..settings.options import Options
from ..settings.precedence import Sources
from ..settings.settings import Settings, settings_from
from ..settings.warning_policy import Warn
from .yaml_file import load_yaml_text

_EXAMPLE = """'{"error": "all", "warn": ["JinjaLogWarning"]}'"""


def sources_of(
    options: Options,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    root: Path | None = None,
) -> Sources:
    """All that may set a flag. `root` is the directory of the project that has the `flags`."""
    return Sources(options, environ, flags or {}, root, parse_policy_text)


def settings_of(
    options: Options,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    root: Path | None = None,
    warn: Warn | None = None,
) -> Settings:
    """Every flag, decided. `warn` hears of old spellings.

    Raises:
        UsageError: a flag or a variable is what it can't be, or two exclude each other.
    """
    return settings_from(sources_of(options, environ, flags, root), warn)


def parse_policy_text(text: str, place: str = "--warn-error-options") -> Mapping[str, object]:
    """What `--warn-error-options` was given: a mapping in YAML, of which JSON is a part.

    Raises:
        UsageError: it is something else.
    """
    try:
        data = load_yaml_text(text, display=place)
    except YamlError as problem:
        raise UsageError(f"{place} isn't YAML: {problem.problem}") from problem
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise UsageError(
            f"{place} takes a mapping in YAML or JSON, such as {_EXAMPLE}, but this is "
            f"{noun_of(data)}."
        )
    return {str(key): value for key, value in data.items()}
