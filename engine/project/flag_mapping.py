"""What a flag was given that takes a mapping."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import UsageError, YamlError
from ..core.nouns import noun_of
from .yaml_file import load_yaml_text


def parse_mapping(text: str, flag: str, example: str) -> dict[str, object]:
    """A mapping in YAML, of which JSON is a part. Blank means none.

    `flag` and `example` are for the message: what was given it, and what it could be given.

    Raises:
        UsageError: it is something else.
    """
    try:
        data = load_yaml_text(text, display=flag)
    except YamlError as problem:
        raise UsageError(f"{flag} isn't YAML: {problem.problem}") from problem
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise UsageError(
            f"{flag} takes a mapping in YAML or JSON, such as {example}, but this is "
            f"{noun_of(data)}. Put a space after each colon."
        )
    return {str(key): value for key, value in data.items()}
