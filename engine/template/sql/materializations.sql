{#- headrace's own materializations, for those of a project's own that do more around them. -#}
{% macro materialization_table_default() -%} {{ return(built_in_materialization('table')) }} {%- endmacro %}
{% macro materialization_view_default() -%} {{ return(built_in_materialization('view')) }} {%- endmacro %}
{% macro materialization_incremental_default() -%} {{ return(built_in_materialization('incremental')) }} {%- endmacro %}
{% macro materialization_materialized_view_default() -%} {{ return(built_in_materialization('materialized_view')) }} {%- endmacro %}
{% macro materialization_seed_default() -%} {{ return(built_in_materialization('seed')) }} {%- endmacro %}
{% macro materialization_snapshot_default() -%} {{ return(built_in_materialization('snapshot')) }} {%- endmacro %}
{% macro materialization_test_default() -%} {{ return(built_in_materialization('test')) }} {%- endmacro %}
{% macro materialization_unit_default() -%} {{ return(built_in_materialization('unit')) }} {%- endmacro %}
