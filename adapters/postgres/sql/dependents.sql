-- What hangs on a relation, as the statements that keep it. PostgreSQL writes them itself, since
-- its own format() quotes best what it is going to read.
--
-- $1: the relation that is replaced; $2: the one that takes its place; $3: TABLE or VIEW, which
-- is what takes the place. Columns: kind of tie, schema, name, what locks it or describes it, and
-- the statement that keeps it or, of what can't be pointed elsewhere, its relkind.
WITH RECURSIVE
old AS (
  SELECT c.oid, c.relowner, c.relacl, c.reltype, c.relkind, c.relname, n.nspname
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = pg_catalog.to_regclass($1::text)
),
new AS (SELECT pg_catalog.to_regclass($2::text)::pg_catalog.oid AS oid),
reader AS (
  SELECT r.ev_class AS oid, 1 AS depth
  FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
  WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refobjid = (SELECT oid FROM old) AND r.ev_class <> d.refobjid
  UNION
  SELECT r.ev_class, reader.depth + 1
  FROM reader
  JOIN pg_catalog.pg_depend AS d ON d.refobjid = reader.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
  WHERE r.ev_class <> reader.oid
),
dependent AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.reloptions,
    max(reader.depth) AS depth, min(reader.depth) = 1 AS is_direct,
    c.relkind = 'v' AND pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_changeable
  FROM reader
  JOIN pg_catalog.pg_class AS c ON c.oid = reader.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  GROUP BY 1, 2, 3, 4, 5, 6
),
tie AS (
  SELECT 'view' AS kind, depth AS rank, nspname::text AS schema, relname::text AS name,
    pg_catalog.format('ALTER VIEW %I.%I OWNER TO %I', nspname, relname,
      pg_catalog.pg_get_userbyid(relowner)) AS lock,
    CASE WHEN is_direct THEN pg_catalog.format('CREATE OR REPLACE VIEW %I.%I%s AS %s',
      nspname, relname,
      ' WITH (' || pg_catalog.array_to_string(reloptions, ', ') || ')',
      pg_catalog.rtrim(pg_catalog.pg_get_viewdef(oid), ';')) END AS sql
  FROM dependent WHERE is_changeable
  UNION ALL
  SELECT 'fixed', 0, nspname, relname, pg_catalog.format('%s %I.%I',
      CASE relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, nspname, relname),
    relkind::text
  FROM dependent WHERE is_direct AND NOT is_changeable
  UNION ALL
  SELECT CASE WHEN f.contype = 'f' THEN 'reference' ELSE 'fixed' END, 0, '', '',
    pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), ''
  FROM old
  JOIN pg_catalog.pg_depend AS d ON d.deptype = 'n' AND (
    (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = old.oid)
    OR (d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = old.reltype)
  )
  LEFT JOIN pg_catalog.pg_constraint AS f
    ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND f.oid = d.objid
  WHERE d.classid <> 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND f.conrelid IS DISTINCT FROM old.oid
  UNION ALL
  SELECT 'property', 1, '', '', '', pg_catalog.format('GRANT %s ON %I.%I TO %s%s',
      a.privilege_type, old.nspname, old.relname,
      CASE a.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM old, pg_catalog.aclexplode(old.relacl) AS a
  WHERE a.grantee <> old.relowner
  UNION ALL
  SELECT 'property', 1, '', '', '', pg_catalog.format('GRANT %s (%I) ON %I.%I TO %s%s',
      a.privilege_type, o.attname, old.nspname, old.relname,
      CASE a.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM old JOIN pg_catalog.pg_attribute AS o ON o.attrelid = old.oid AND o.attacl IS NOT NULL
  JOIN pg_catalog.pg_attribute AS n ON n.attrelid = (SELECT oid FROM new)
    AND n.attname = o.attname AND NOT n.attisdropped
  CROSS JOIN LATERAL pg_catalog.aclexplode(o.attacl) AS a
  UNION ALL
  SELECT 'property', 2, '', '', '', pg_catalog.format('COMMENT ON %s %I.%I IS %L',
    $3::text, old.nspname, old.relname, s.description)
  FROM old JOIN pg_catalog.pg_description AS s ON s.objoid = old.oid AND s.objsubid = 0
    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  UNION ALL
  SELECT 'property', 2, '', '', '', pg_catalog.format('COMMENT ON COLUMN %I.%I.%I IS %L',
    old.nspname, old.relname, o.attname, s.description)
  FROM old JOIN pg_catalog.pg_description AS s ON s.objoid = old.oid AND s.objsubid > 0
    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_attribute AS o ON o.attrelid = old.oid AND o.attnum = s.objsubid
  JOIN pg_catalog.pg_attribute AS n ON n.attrelid = (SELECT oid FROM new)
    AND n.attname = o.attname AND NOT n.attisdropped
  UNION ALL
  SELECT 'property', 3, '', '', '', pg_catalog.format('ALTER %s %I.%I OWNER TO %I',
    $3::text, old.nspname, old.relname, pg_catalog.pg_get_userbyid(old.relowner))
  FROM old JOIN pg_catalog.pg_class AS c ON c.oid = (SELECT oid FROM new)
  WHERE c.relowner <> old.relowner
)
SELECT kind, schema, name, lock, sql FROM tie
ORDER BY kind, CASE kind WHEN 'view' THEN -rank ELSE rank END, schema, name, sql
