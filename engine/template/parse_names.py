"""Which names a template may use while parsing."""

from __future__ import annotations

PARSE_NAMES = frozenset(
    "ref source config var env_var this target execute run_started_at invocation_id log print "
    "return fromjson tojson fromyaml toyaml set set_strict zip zip_strict local_md5 modules api "
    "adapter flags dbt_version project_name schema database model thread_id load_result "
    "store_result store_raw_result selected_resources invocation_args_dict dbt_metadata_envs "
    "diff_of_two_dicts write validation column range dict lipsum cycler joiner namespace loop "
    "caller varargs kwargs super self".split()
)
"""Context names that a template may use while parsing without needing a render."""
