-- What may keep rows of a relation ($1) from going, from coming or from changing: kind, and its
-- name in PostgreSQL's words. $2 says what is done: letters of DELETE, INSERT, UPDATE. A relation
-- from which others inherit is told, since statements reach into them without ONLY; so is one
-- that is partitioned, whose rows are its partitions'.
SELECT 'obstacle', pg_catalog.pg_describe_object(
  'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0)
FROM pg_catalog.pg_trigger AS t
WHERE t.tgrelid IN (
    SELECT pg_catalog.to_regclass($1::text)::pg_catalog.oid
    UNION ALL SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1::text))
  )
  AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3
  AND (
    t.tgtype & 4 <> 0 AND $2::text LIKE '%I%'
    OR t.tgtype & 8 <> 0 AND $2::text LIKE '%D%'
    OR t.tgtype & 16 <> 0 AND $2::text LIKE '%U%'
  )
UNION
SELECT 'obstacle', pg_catalog.pg_describe_object(
  'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0)
FROM pg_catalog.pg_rewrite AS r
WHERE r.ev_class = pg_catalog.to_regclass($1::text) AND r.ev_enabled <> 'D'
  AND (
    r.ev_type = '3' AND $2::text LIKE '%I%'
    OR r.ev_type = '4' AND $2::text LIKE '%D%'
    OR r.ev_type = '2' AND $2::text LIKE '%U%'
  )
UNION
SELECT 'obstacle', pg_catalog.format('row level security of table %s', c.oid::pg_catalog.regclass)
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass($1::text) AND pg_catalog.row_security_active(c.oid)
UNION
SELECT CASE c.relkind WHEN 'p' THEN 'partitions' ELSE 'children' END, ''
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass($1::text) AND (c.relkind = 'p' OR c.relhassubclass)
ORDER BY 1, 2
