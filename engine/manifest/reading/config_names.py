"""The names of configurations, and those that look like one of them misspelt.

A project may configure its nodes with names of its own, for macros that ask for them. So only a
name that is nearly one of these is worth a word: `materalized: table` builds a view.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ...core.errors import Location
from ...core.events import WarningRaised
from ...project.project import Project
from ...project.project_keys import locate_configuration
from ..jinja.line_numbers import line_with_word
from ..nodes.node import Node, NodeConfig
from .package_parse import Parse

_SIMILARITY = 0.85
"""How like its original a misspelt name is, of 1: `unique_keys` is, `event_type` isn't."""

_OF_DBT = frozenset(
    "access auto_refresh auto_liquid_cluster automatic_clustering backup batch_size begin bind "
    "buckets catalog_name check_cols cluster_by clustered_by column_types concurrent_batches "
    "contract copy_grants databricks_compute databricks_tags dbt_valid_to_current delimiter dist "
    "docs error_if event_time expiration_timestamp external_volume fail_calc file_format freshness "
    "full_refresh grant_access_to grants group hard_deletes hours_to_expiration "
    "include_full_name_in_path incremental_predicates incremental_strategy indexes inserts_only "
    "invalidate_hard_deletes job_execution_timeout_seconds kms_key_name labels "
    "limit liquid_clustered_by loaded_at_field loaded_at_query location_root lookback "
    "matched_condition maximum_bytes_billed merge_exclude_columns merge_update_columns meta "
    "on_configuration_change on_error on_schema_change options packages partition_by "
    "partition_expiration_days partitions persist_docs post-hook post_hook pre-hook pre_hook "
    "predicates python_version query_group query_tag quote_columns quoting "
    "refresh_interval_minutes "
    "require_partition_filter row_access_policy secure severity skip_matched_step "
    "skip_not_matched_step snapshot_meta_column_names snapshot_warehouse sort sort_type "
    "source_meta sql_header static_analysis store_failures store_failures_as strategy "
    "submission_method "
    "table_format table_tag target_database target_lag target_schema tblproperties temp_schema "
    "time_ingestion_partitioning tmp_relation_type transient unique_key unlogged updated_at "
    "use_anonymous_sproc warn_if where".split()
)
KNOWN_CONFIGS = _OF_DBT | (frozenset(NodeConfig.__struct_fields__) - {"values"})


def misspelt_configs(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each name that is nearly one that is known, with its first node."""
    found: dict[str, list[Node]] = {}
    for node in parse.found.nodes_and_sources():
        for name in node.config.values.keys() - KNOWN_CONFIGS:
            found.setdefault(str(name), []).append(node)
    for name, asking in sorted(found.items()):
        meant = get_close_matches(name, KNOWN_CONFIGS, n=1, cutoff=_SIMILARITY)
        if meant:
            more = f" and {len(asking) - 1} more" if asking[1:] else ""
            yield WarningRaised(
                "CustomKeyInConfigDeprecation",
                f"'{name}' of '{asking[0].name}'{more} is no configuration that has a meaning of "
                f"its own. Did you mean '{meant[0]}'? What is yours alone belongs under `meta`.",
                _place_of(name, asking[0], parse.inputs.root),
            )


def _place_of(name: str, node: Node, root: Project) -> Location:
    """Where a name stands: in the node's own code, the project's file, or its properties."""
    if line := line_with_word(node.raw_code, name):
        return Location(node.original_file_path, line)
    if place := locate_configuration(root.document, name):
        return place
    if node.patch_path:
        return Location(node.patch_path.rpartition("://")[2])
    return node.location
