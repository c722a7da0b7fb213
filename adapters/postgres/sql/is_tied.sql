-- Whether anything hangs on a relation ($1) that a mere exchange with another one ($2) would lose,
-- and its name: a cheap question before those of dependents.sql and belongings.sql. Each lookup in
-- it counts, since it is asked for each table that is built anew.
--
-- Whatever belongs to a table depends on it in pg_depend. What the project makes anew with it is
-- none of that: indexes whose names end in a digest, and what is noted as made (see made.sql). For
-- tables to which it gives nothing of the kind, what stands between the two marks is left out.
SELECT
  o.relowner <> n.relowner
  OR o.relacl IS DISTINCT FROM n.relacl
  OR o.relkind = 'p' OR o.relispartition OR o.relhassubclass OR o.reloftype <> 0
  OR o.relrowsecurity OR o.relforcerowsecurity
  OR o.relreplident <> 'd' AND o.relkind = 'r'
  OR o.reloptions IS NOT NULL OR o.reltablespace <> n.reltablespace
  OR o.relam <> n.relam AND o.relam <> 0 AND n.relam <> 0
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = o.oid
      AND CASE WHEN d.deptype NOT IN ('a', 'n') THEN false
        /*made*/
        WHEN d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN d.deptype = 'n'
        WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN NOT EXISTS (
          SELECT
          FROM pg_catalog.pg_class AS i JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
          WHERE i.oid = d.objid AND x.indrelid = o.oid AND NOT x.indisclustered
            AND i.reltablespace = o.reltablespace
            AND (i.relname ~ '_[0-9a-f]{20}$|^[0-9a-f]{32}$' OR made.it ? ('index ' || i.relname))
        )
        WHEN d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN NOT EXISTS (
          SELECT
          FROM pg_catalog.pg_constraint AS k
          LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid = k.conindid AND x.indrelid = o.oid
          WHERE k.oid = d.objid AND k.conrelid = o.oid AND x.indisclustered IS NOT TRUE
            AND (k.contype = 'n' OR made.it ? ('constraint ' || k.conname))
        )
        WHEN d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN NOT EXISTS (
          SELECT FROM pg_catalog.pg_trigger AS t
          WHERE t.oid = d.objid AND t.tgrelid = o.oid
            AND (t.tgisinternal OR made.it ? ('trigger ' || t.tgname))
        )
        /*:made*/
        ELSE true END
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = o.reltype
      AND d.deptype = 'n'
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_description AS s
    WHERE s.objoid = o.oid AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_seclabel AS l
    WHERE l.objoid = o.oid AND l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_class AS t
    WHERE t.oid = o.reltoastrelid AND t.reloptions IS NOT NULL
  )
  OR EXISTS (
    SELECT
    FROM (SELECT ''::"char" AS attcompression) AS older
    CROSS JOIN LATERAL (
      -- A server that has no such column takes that of the select around it.
      SELECT a.*, attcompression AS method FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR a.attstattarget >= 0
      OR a.method <> '' OR a.attinhcount > 0 OR a.attidentity <> ''
      OR a.attstorage <> t.typstorage AND o.relkind <> 'v'
      OR a.attnotnull /*made*/
        AND (made.it ? ('NOT NULL of column ' || a.attname)) IS NOT TRUE /*:made*/
      OR a.atthasdef /*made*/
        AND (made.it ? ('default of column ' || a.attname)) IS NOT TRUE /*:made*/
  )
  AS is_tied,
  o.relname
FROM pg_catalog.pg_class AS o
JOIN pg_catalog.pg_class AS n ON n.oid = pg_catalog.to_regclass($2::text)
/*made*/ LEFT JOIN LATERAL (
  SELECT pg_catalog.substr(s.description, 11)::pg_catalog.jsonb AS it
  FROM pg_catalog.pg_description AS s
  WHERE s.objoid = o.reltype AND s.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass
    AND pg_catalog.starts_with(s.description, 'headrace: [')
) AS made ON true /*:made*/
WHERE o.oid = pg_catalog.to_regclass($1::text)
