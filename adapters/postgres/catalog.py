"""What is asked of PostgreSQL's catalog."""

from __future__ import annotations

from ..relation import RelationType

KINDS = {
    "r": RelationType.TABLE,
    "p": RelationType.TABLE,
    "f": RelationType.EXTERNAL,
    "v": RelationType.VIEW,
    "m": RelationType.MATERIALIZED_VIEW,
}
"""`pg_class.relkind` (https://www.postgresql.org/docs/current/catalog-pg-class.html)."""

SCHEMAS = "SELECT nspname FROM pg_catalog.pg_namespace"

RELATIONS = """
SELECT c.relname, c.relkind::text
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
"""

RELATION = f"{RELATIONS.rstrip()} AND c.relname = $2"

COLUMNS = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

SAME_QUERY = """
SELECT pg_catalog.pg_get_viewdef(pg_catalog.to_regclass($1::text)::pg_catalog.oid)
  = pg_catalog.pg_get_viewdef(pg_catalog.to_regclass($2::text)::pg_catalog.oid)
"""

MAY_CREATE = """
SELECT
  CASE WHEN n.oid IS NULL
    THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    ELSE pg_catalog.has_schema_privilege(n.oid, 'CREATE')
  END,
  n.oid IS NOT NULL,
  current_user::text
FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = $1
"""

DESCRIPTION = """
select
    c.relname::text, c.relkind::text, pg_catalog.pg_get_userbyid(c.relowner)::text,
    pg_catalog.obj_description(c.oid, 'pg_class'), current_database()::text, n.nspname::text,
    array_agg(a.attname::text order by a.attnum),
    array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by a.attnum),
    array_agg(a.attnum::int order by a.attnum),
    array_agg(pg_catalog.col_description(c.oid, a.attnum) order by a.attnum)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = $1 and c.relkind in ('r', 'v', 'm', 'f', 'p')
group by c.oid, n.nspname
"""
"""Each relation of a schema with its columns: names, types, positions and comments in turn."""

STANDARD_TYPES = {"v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE"}
"""What a relation is called in the SQL standard's way, by `relkind`; all else is a base table."""
