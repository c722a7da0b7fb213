"""The names that dbt's contexts have, by the place that a template stands in.

They are taken from dbt's own context classes (1.10) and from what templates found in a run of it.
"""

from __future__ import annotations

PLAIN = frozenset(
    "dbt_version diff_of_two_dicts env_var flags fromjson fromyaml invocation_id local_md5 log "
    "modules print run_started_at set set_strict thread_id tojson toyaml var zip zip_strict".split()
)
"""What every template has, those in YAML too."""

PROVIDED = PLAIN | frozenset(
    "adapter adapter_macro api builtins column compiled_code config context database "
    "dbt_metadata_envs defer_relation env exceptions execute graph invocation_args_dict "
    "load_agate_table load_result metric model post_hooks pre_hooks project_name ref render "
    "return schema selected_resources source sql sql_now store_raw_result store_result "
    "submit_python_job target try_or_compiler_error validation write dbt".split()
)
"""What templates have that belong to a node."""

MODEL = PROVIDED | {"this"}

CONTEXTS: dict[str, frozenset[str]] = {
    "on-run-start": MODEL,
    "on-run-end": MODEL | {"results", "schemas", "database_schemas"},
    "pre-hook": MODEL,
    "post-hook": MODEL,
    "operation": PROVIDED,
    "model": MODEL,
    "unit test": MODEL,
    "seed": MODEL,
    "snapshot": MODEL,
    "singular test": MODEL,
    "generic test": MODEL,
    "test argument": MODEL,
    "analysis": MODEL,
    "materialization": MODEL,
    "generate_schema_name": PROVIDED,
    "query comment": PLAIN | {"target", "project_name", "node", "connection_name"},
}
"""What there is in templates that are rendered with macros."""

IN_YAML: dict[str, frozenset[str]] = {
    "profiles.yml": PLAIN,
    "packages.yml": PLAIN,
    "dbt_project.yml": PLAIN | {"target"},
    "selectors.yml": PLAIN | {"target"},
    "properties": PLAIN | {"target", "project_name"},
    "description": PLAIN | {"target", "project_name", "doc"},
}
"""What there is in YAML. `flags` are known once profiles.yml and packages.yml have been read."""

NONE: dict[str, frozenset[str]] = {
    "on-run-start": frozenset({"this", "sql", "compiled_code", "defer_relation"}),
    "on-run-end": frozenset({"this", "sql", "compiled_code", "defer_relation"}),
    "pre-hook": frozenset({"defer_relation"}),
    "model": frozenset({"sql", "compiled_code", "defer_relation"}),
    "singular test": frozenset({"sql", "compiled_code", "defer_relation"}),
    "generic test": frozenset({"sql", "compiled_code", "defer_relation"}),
    "materialization": frozenset({"defer_relation"}),
}
"""Which of them are None there."""
