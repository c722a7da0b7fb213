"""The flags of dbt that a project alone decides: how much of an older behaviour it keeps."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, bool] = {
    "require_all_warnings_handled_by_warn_error": False,
    "require_batched_execution_for_custom_microbatch_strategy": False,
    "require_explicit_package_overrides_for_builtin_materializations": True,
    "require_generic_test_arguments_property": True,
    "require_nested_cumulative_type_params": False,
    "require_resource_names_without_spaces": True,
    "require_yaml_configuration_for_mf_time_spines": False,
    "state_modified_compare_more_unrendered_values": False,
    "state_modified_compare_vars": False,
    "validate_macro_args": False,
}
"""Those that dbt tells templates and results of, and their values where a project says nothing."""


def behaviour_of(flags: Mapping[str, object]) -> dict[str, bool]:
    """What a project's `flags:` come to."""
    said = {name: flags.get(name) for name in DEFAULTS}
    return {name: DEFAULTS[name] if value is None else bool(value) for name, value in said.items()}
