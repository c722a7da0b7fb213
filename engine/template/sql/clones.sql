{#- Whether a clone is a table of its own. Where it isn't, it is a view of the other relation. -#}
{% macro can_clone_table() -%} {{ return(adapter.dispatch('can_clone_table', 'dbt')()) }} {%- endmacro %}
{% macro default__can_clone_table() -%} {{ return(false) }} {%- endmacro %}

{#- How a database that clones tables does so. -#}
{% macro create_or_replace_clone(this_relation, defer_relation) -%}
    {{ return(adapter.dispatch('create_or_replace_clone', 'dbt')(this_relation, defer_relation)) }}
{%- endmacro %}
{% macro default__create_or_replace_clone(this_relation, defer_relation) -%}
    create or replace table {{ this_relation.render() }} clone {{ defer_relation.render() }}
{%- endmacro %}
