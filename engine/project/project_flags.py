"""`flags:` of dbt_project.yml: the keys that it may have, and what each of them may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.errors import ProjectError, did_you_mean
from ..core.events import WarningRaised
from .discovery import checked_path
from .fields import noun_of
from .numbers import is_within
from .yaml_file import YamlDocument

LOG_FORMATS = ("default", "text", "debug", "json")
LOG_LEVELS = ("info", "debug", "warn", "error", "none")
INDIRECT_SELECTIONS = ("eager", "cautious", "buildable", "empty")

_BOOLEANS = frozenset(
    "debug empty fail_fast full_refresh lock partial_parse print quiet single_threaded "
    "store_failures use_colors version_check warn_error write_json".split()
)
_PATHS = frozenset("log_path target_path".split())
_NUMBERS = frozenset({"printer_width"})

MAX_PRINTER_WIDTH = 10_000
"""How many columns a log line with dots may take."""
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "log_format": LOG_FORMATS,
    "log_format_file": LOG_FORMATS,
    "log_level": LOG_LEVELS,
    "log_level_file": LOG_LEVELS,
    "indirect_selection": INDIRECT_SELECTIONS,
}
_HEEDED = _BOOLEANS | _PATHS | _CHOICES.keys() | _NUMBERS | {"warn_error_options"}

# What they would turn on or off is so already, or makes no difference to what is built.
_WITHOUT_EFFECT = frozenset(
    "cache_selected_only log_cache_events populate_cache send_anonymous_usage_stats static_parser "
    "use_colors_file use_experimental_parser".split()
)

# Of dbt itself, and of its adapters. Many are so anyway here; none is a mistake of the project's.
_BEHAVIOUR_FLAGS = frozenset(
    "require_all_warnings_handled_by_warn_error "
    "require_batched_execution_for_custom_microbatch_strategy "
    "require_event_names_in_deprecations "
    "require_explicit_package_overrides_for_builtin_materializations "
    "require_generic_test_arguments_property require_nested_cumulative_type_params "
    "require_resource_names_without_spaces require_yaml_configuration_for_mf_time_spines "
    "skip_nodes_if_on_run_start_fails source_freshness_run_project_hooks "
    "state_modified_compare_more_unrendered_values state_modified_compare_vars "
    "validate_macro_args "
    "enable_iceberg_materializations enable_truthy_nulls_equals_macro "
    "redshift_skip_autocommit_transaction_statements require_certificate_validation "
    "restrict_direct_pg_catalog_access use_info_schema_for_columns use_managed_iceberg "
    "use_materialization_v2 use_user_folder_for_python".split()
)

KNOWN_FLAGS = _HEEDED | _WITHOUT_EFFECT | _BEHAVIOUR_FLAGS


def check_flags(flags: Mapping[str, object], document: YamlDocument) -> None:
    """See that each flag is something that it may be.

    Raises:
        ProjectError: one is something else, or a path that leads out of the project.
    """
    for name, value in flags.items():
        place = document.locate("flags", name)
        wanted = wanted_instead(name, value)
        if wanted:
            shown, proposal = noun_of(value), ""
            if isinstance(value, str):
                shown, proposal = f"'{value}'", did_you_mean(value, _CHOICES.get(name, ()))
            raise ProjectError(
                f"'flags.{name}' must be {wanted}, but it is {shown}.{proposal}", location=place
            )
        if name in _PATHS and value:
            checked_path(str(value), key=name, location=place)


def wanted_instead(name: str, value: object) -> str | None:
    """What a flag must be, if it is something else. An empty one counts as absent."""
    if value is None:
        return None
    if name in _BOOLEANS | _BEHAVIOUR_FLAGS:
        return None if isinstance(value, bool) else "true or false"
    if name in _PATHS:
        return None if isinstance(value, str) else "a path"
    if name in _NUMBERS:
        if is_within(value, 1, MAX_PRINTER_WIDTH):
            return None
        return f"a whole number from 1 to {MAX_PRINTER_WIDTH:,}"
    choices = _CHOICES.get(name)
    return f"one of {', '.join(choices)}" if choices and value not in choices else None


def flag_warnings(document: YamlDocument) -> Iterator[WarningRaised]:
    """A warning for each key under `flags:` that means nothing."""
    data = document.data
    flags = data.get("flags") if isinstance(data, Mapping) else None
    if not isinstance(flags, Mapping):
        return
    for key in flags:
        if key not in KNOWN_FLAGS:
            yield WarningRaised(
                "UnknownFlag",
                f"'{key}' is no flag, so it has no effect.{did_you_mean(str(key), KNOWN_FLAGS)}",
                document.locate("flags", str(key)),
            )
