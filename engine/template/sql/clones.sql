{#- Whether a clone is a table of its own. Where it isn't, it is a view of the other relation. -#}
{% macro can_clone_table() -%} {{ return(adapter.dispatch('can_clone_table', 'dbt')()) }} {%- endmacro %}
{% macro default__can_clone_table() -%} {{ return(false) }} {%- endmacro %}
