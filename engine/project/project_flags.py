"""`flags:` of dbt_project.yml: the keys that it may have, and what each of them may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.errors import ProjectError, did_you_mean
from ..core.events import WarningRaised
from ..core.nouns import noun_of
from ..settings.behaviour import DEFAULTS
from ..settings.flag import Known
from ..settings.flags import FLAGS
from ..settings.precedence import wanted_of
from .yaml_file import YamlDocument

# Of dbt itself, and of its adapters. Many are so anyway here; none is a mistake of the project's.
_BEHAVIOUR_FLAGS = DEFAULTS.keys() | frozenset(
    "require_event_names_in_deprecations "
    "enable_iceberg_materializations enable_truthy_nulls_equals_macro "
    "redshift_skip_autocommit_transaction_statements require_certificate_validation "
    "restrict_direct_pg_catalog_access use_info_schema_for_columns use_managed_iceberg "
    "use_materialization_v2 use_user_folder_for_python".split()
)

_IN_PROJECT = {name: flag for name, flag in FLAGS.items() if Known.PROJECT in flag.known}

KNOWN_FLAGS = _IN_PROJECT.keys() | _BEHAVIOUR_FLAGS


def check_flags(flags: Mapping[str, object], document: YamlDocument) -> None:
    """See that each flag is something that it may be.

    Raises:
        ProjectError: one is something else.
    """
    for name, value in flags.items():
        place = document.locate("flags", name)
        wanted = wanted_instead(name, value)
        if wanted:
            shown, proposal = noun_of(value), ""
            if isinstance(value, str):
                shown, proposal = f"'{value}'", did_you_mean(value, _choices(name))
            raise ProjectError(
                f"'flags.{name}' must be {wanted}, but it is {shown}.{proposal}", location=place
            )


def wanted_instead(name: str, value: object) -> str | None:
    """What a flag must be, if it is something else. An empty one counts as absent."""
    if value is None:
        return None
    if name in _BEHAVIOUR_FLAGS:
        return None if isinstance(value, bool) else "true or false"
    return wanted_of(_IN_PROJECT[name], value) if name in _IN_PROJECT else None


def _choices(name: str) -> tuple[str, ...]:
    return _IN_PROJECT[name].choices if name in _IN_PROJECT else ()


def flag_warnings(document: YamlDocument) -> Iterator[WarningRaised]:
    """A warning for each key under `flags:` that means nothing."""
    data = document.data
    flags = data.get("flags") if isinstance(data, Mapping) else None
    if not isinstance(flags, Mapping):
        return
    for key in flags:
        if key not in KNOWN_FLAGS:
            yield WarningRaised(
                "UnknownFlag", _no_effect(str(key)), document.locate("flags", str(key))
            )


def _no_effect(key: str) -> str:
    """Why a key does nothing. As in dbt not every flag is read from the project."""
    flag = FLAGS.get(key)
    if flag is None or not flag.spellings:
        return f"'{key}' is no flag, so it has no effect.{did_you_mean(key, KNOWN_FLAGS)}"
    ways = [flag.positive, *flag.all_variables[-1:]]
    return f"'{key}' isn't read from here, so it has no effect: say it with {' or '.join(ways)}."
