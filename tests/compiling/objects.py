"""The names that the objects of dbt's templates have, and which of them headrace lacks.

They are taken from dbt's own classes (1.10): `Relation`, `Column`, what queries and statements
give, `adapter`, `config`, `exceptions`, `ref`, `var`, and the modules.
"""

from __future__ import annotations

_STORED = "from_dict from_msgpack to_msgpack json_schema validate"

OBJECTS: dict[str, str] = {
    "relation": "{% set it = relation %}",
    "information schema": "{% set it = relation.information_schema('tables') %}",
    "path": "{% set it = relation.path %}",
    "policy": "{% set it = relation.quote_policy %}",
    "api.Relation": "{% set it = api.Relation %}",
    "column": "{% set it = api.Column('a', 'text') %}",
    "api.Column": "{% set it = api.Column %}",
    "table": "{% set it = table %}",
    "table column": "{% set it = table.columns[0] %}",
    "row": "{% set it = table.rows[0] %}",
    "data type": "{% set it = table.columns[0].data_type %}",
    "response": "{% set it = adapter.execute('select 1', fetch=true)[0] %}",
    "result": "{% call statement('s', fetch_result=true) %}select 1{% endcall %}"
    "{% set it = load_result('s') %}",
    "adapter": "{% set it = adapter %}",
    "config": "{% set it = config %}",
    "var": "{% set it = var %}",
    "exceptions": "{% set it = exceptions %}",
    "ref": "{% set it = builtins.ref %}",
    "ref.config": "{% set it = builtins.ref.config %}",
    "adapter.config": "{% set it = adapter.config %}",
    "macro": "{% set it = probe %}",
    "context": "{% set it = context %}",
    "builtins": "{% set it = builtins %}",
    "re": "{% set it = modules.re %}",
    "pytz": "{% set it = modules.pytz %}",
    "datetime": "{% set it = modules.datetime %}",
    "itertools": "{% set it = modules.itertools %}",
}
"""How each is got hold of, as `it`."""

_TYPES = "CTE External Function MaterializedView PointerTable Table View"
_RELATION = (
    f"{_TYPES} add_ephemeral_prefix can_be_renamed can_be_replaced catalog create database "
    "dbt_created event_time_filter get get_default_include_policy get_default_quote_policy "
    "get_relation_type identifier include include_policy incorporate information_schema "
    "information_schema_only is_cte is_function is_materialized_view is_pointer is_table is_view "
    "limit matches name path quote quote_character quote_policy quoted relation_max_name_length "
    "renameable_relations render render_event_time_filtered render_limited replace replace_path "
    "replaceable_relations require_alias scd_args schema table to_dict type without_identifier"
)
_PARTS = (
    "database schema identifier get get_part incorporate items keys values replace replace_dict "
    "to_dict"
)
_CONFIG = (
    "project_name version profile_name target_name threads credentials "
    "dependencies args cli_vars vars to_target_dict model_paths quoting dispatch"
)
_VALUES = "count dict get index items keys values"

HAS: dict[str, str] = {
    "relation": _RELATION,
    "information schema": f"{_RELATION} information_schema_view",
    "path": f"{_PARTS} get_lowered_part",
    "policy": _PARTS,
    "api.Relation": f"{_TYPES} create add_ephemeral_prefix scd_args get_relation_type "
    "get_default_quote_policy get_default_include_policy",
    "column": "TYPE_LABELS can_expand_to char_size column create data_type dtype name literal "
    "expanded_data_type from_description is_float is_integer is_number is_numeric is_string "
    "numeric_precision numeric_scale numeric_type quoted string_size string_type translate_type",
    "api.Column": "TYPE_LABELS create from_description numeric_type string_type translate_type",
    "table": "column_names column_types columns distinct exclude find group_by join limit merge "
    "order_by print_csv print_json print_structure print_table rename row_names rows select where",
    "table column": f"{_VALUES} data_type name values_distinct values_sorted values_without_nulls "
    "values_without_nulls_sorted",
    "row": _VALUES,
    "data type": "cast csvify jsonify test",
    "response": "code query_id rows_affected to_dict",
    "result": "response data table",
    "adapter": "add_query already_exists assert_valid_snapshot_target_given_strategy behavior "
    "build_catalog_relation cache_added cache_dropped cache_renamed check_schema_exists commit "
    "config convert_type create_schema dispatch drop_relation drop_schema execute Relation type "
    "expand_target_column_types get_column_schema_from_query get_columns_in_relation "
    "get_columns_in_table get_hard_deletes_behavior get_incremental_strategy_macro "
    "get_missing_columns get_relation parse_index quote quote_as_configured quote_seed_column "
    "rename_relation render_raw_columns_constraints render_raw_model_constraints "
    "standardize_grants_dict truncate_relation valid_snapshot_target verify_database",
    "config": "get meta_get meta_require persist_column_docs persist_relation_docs require set",
    "var": "get_missing_var get_rendered_var has_var node_name",
    "exceptions": "column_type_missing missing_config missing_materialization missing_relation "
    "raise_ambiguous_alias raise_ambiguous_catalog_match raise_cache_inconsistent "
    "raise_compiler_error raise_contract_error raise_database_error raise_dataclass_not_dict "
    "raise_dep_not_found raise_dependency_error raise_duplicate_patch_name "
    "raise_duplicate_resource_name raise_fail_fast_error raise_invalid_property_yml_version "
    "raise_not_implemented relation_wrong_type warn warn_snapshot_timestamp_data_types",
    "ref": "config model current_project Relation",
    "ref.config": _CONFIG,
    "adapter.config": _CONFIG,
    "macro": "macro call_macro",
    "context": "get items keys setdefault update values",
    "builtins": "get items keys values adapter adapter_macro api column compiled_code config "
    "database dbt_metadata_envs dbt_version diff_of_two_dicts env env_var exceptions execute "
    "flags fromjson fromyaml graph invocation_args_dict invocation_id load_agate_table "
    "load_result local_md5 log metric model modules post_hooks pre_hooks print project_name ref "
    "render return run_started_at schema selected_resources set set_strict source sql sql_now "
    "store_raw_result store_result submit_python_job target this thread_id tojson toyaml "
    "try_or_compiler_error validation var write zip zip_strict defer_relation",
    "re": "A ASCII DOTALL I IGNORECASE L LOCALE M MULTILINE NOFLAG S U UNICODE VERBOSE X compile "
    "escape findall finditer fullmatch match search split sub subn",
    "pytz": "FixedOffset all_timezones all_timezones_set common_timezones common_timezones_set "
    "country_names country_timezones timezone utc",
    "datetime": "date datetime time timedelta tzinfo",
    "itertools": "accumulate chain combinations combinations_with_replacement compress count cycle "
    "islice permutations product repeat starmap tee zip_longest",
}
"""What each has here, of what dbt's has."""

LACKS: dict[str, str] = {
    "relation": f"{_STORED} create_from create_ephemeral_from get_function_config "
    "get_function_macro_name get_materialized_view_config_change_collection",
    "path": _STORED,
    "policy": _STORED,
    "api.Relation": "create_from create_ephemeral_from from_dict json_schema",
    "table": "aggregate bar_chart bins column_chart compute denormalize from_csv from_fixed "
    "from_json from_object homogenize line_chart normalize pivot print_bars print_html "
    "scatterplot to_csv to_json",
    "response": _STORED,
    "adapter": "get_catalog_integration get_partitions_metadata run_sql_for_tests",
    "config": "model context_config",
    "var": "packages_for_node",
    "ref": "manifest db_wrapper resolve",
    "adapter.config": "project_root models on_run_start load_dependencies",
    "ref.config": "project_root models on_run_start load_dependencies",
    "context": "exported_vars vars environment",
    "builtins": "context_macro_stack",
    "re": "Match Pattern RegexFlag error purge template",
    "pytz": "AmbiguousTimeError BaseTzInfo InvalidTimeError NonExistentTimeError "
    "UnknownTimeZoneError",
}
"""What it hasn't, and says so."""
