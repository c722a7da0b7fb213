"""`flags:` of dbt_project.yml: the keys that it may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import did_you_mean
from ..events import WarningRaised
from .yaml_file import YamlDocument

_FLAGS = frozenset(
    "cache_selected_only debug empty fail_fast full_refresh indirect_selection lock log_format "
    "log_format_file log_level log_level_file log_path partial_parse populate_cache "
    "printer_width quiet send_anonymous_usage_stats static_parser target_path use_colors "
    "use_colors_file use_experimental_parser version_check warn_error warn_error_options "
    "write_json".split()
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

KNOWN_FLAGS = _FLAGS | _BEHAVIOUR_FLAGS


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
