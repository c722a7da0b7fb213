-- The foreign keys that lead to a relation ($1) from others, and those of a relation ($2) that
-- haven't been validated: as the statements that take them away, put them back, validate them, and
-- find the keys that are in the way of that.
SELECT
  n.nspname::text, c.relname::text, k.conname::text, columns.names,
  c.relkind = 'r' AND k.conparentid = 0 AND pg_catalog.pg_has_role(c.relowner, 'USAGE'),
  pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname),
  pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s%s', n.nspname, c.relname, k.conname,
    pg_catalog.pg_get_constraintdef(k.oid),
    CASE WHEN k.convalidated THEN ' NOT VALID' ELSE '' END),
  pg_catalog.format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', n.nspname, c.relname, k.conname),
  pg_catalog.format('SELECT %s, pg_catalog.count(*), pg_catalog.count(*) OVER () '
    'FROM ONLY %I.%I AS c WHERE (%s) IS NOT NULL '
    'AND NOT EXISTS (SELECT FROM %s%I.%I AS p WHERE %s) GROUP BY %s '
    'ORDER BY pg_catalog.count(*) DESC, %s LIMIT 3',
    columns.listed, n.nspname, c.relname, columns.listed,
    CASE p.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END, s.nspname, p.relname, columns.equal,
    columns.listed, columns.listed),
  pg_catalog.format('%s.%s', s.nspname, p.relname)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS s ON s.oid = p.relnamespace
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.array_agg(a.attname::text ORDER BY u.place) AS names,
    pg_catalog.string_agg(pg_catalog.format('c.%I', a.attname), ', ' ORDER BY u.place) AS listed,
    pg_catalog.string_agg(
      pg_catalog.format('c.%I = p.%I', a.attname, b.attname), ' AND ' ORDER BY u.place) AS equal
  FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey))
    WITH ORDINALITY AS u (own, other, place)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.own
  JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = u.other
) AS columns
WHERE k.contype = 'f' AND k.conrelid <> k.confrelid AND (
  k.confrelid = pg_catalog.to_regclass($1::text)
  OR k.conrelid = pg_catalog.to_regclass($2::text) AND NOT k.convalidated
)
ORDER BY 1, 2, 3
