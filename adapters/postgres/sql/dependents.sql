-- What hangs on a relation, as the statements that keep it. PostgreSQL writes them itself, since
-- its own format() quotes best what it is going to read. What the relation has of its own is the
-- affair of belongings.sql, but for its owner, grants and comments.
--
-- $1: the relation that is replaced; $2: the one that takes its place; $3: TABLE or VIEW, which
-- is what takes the place. Columns: kind of tie, schema, name, what locks it or describes it, and
-- the statement that keeps it or, of what can't be pointed elsewhere, its relkind.
WITH RECURSIVE
old AS (
  SELECT c.*, n.nspname
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = pg_catalog.to_regclass($1::text)
),
new AS (
  SELECT c.oid, c.relowner, c.relacl FROM pg_catalog.pg_class AS c
  WHERE c.oid = pg_catalog.to_regclass($2::text)
),
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
-- What both may do with them, as it is once the new one has the old one's owner.
held AS (
  SELECT a.side, a.privilege_type, pg_catalog.bool_or(a.is_grantable) AS is_grantable,
    CASE WHEN a.grantee = a.owner THEN old.relowner ELSE a.grantee END AS grantee
  FROM old, (
    SELECT 'old' AS side, a.*, o.relowner AS owner FROM old AS o, pg_catalog.aclexplode(
      coalesce(o.relacl, pg_catalog.acldefault('r', o.relowner))) AS a
    UNION ALL
    SELECT 'new', a.*, n.relowner FROM new AS n, pg_catalog.aclexplode(
      coalesce(n.relacl, pg_catalog.acldefault('r', n.relowner))) AS a
  ) AS a
  GROUP BY 1, 2, 4
),
change AS (
  SELECT grantee, privilege_type, o.is_grantable AS was, n.is_grantable AS is_now
  FROM (SELECT * FROM held WHERE side = 'old') AS o
  FULL JOIN (SELECT * FROM held WHERE side = 'new') AS n USING (grantee, privilege_type)
  WHERE o.is_grantable IS DISTINCT FROM n.is_grantable
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
  SELECT 'lock', 0, '', '', pg_catalog.format(
      CASE relkind WHEN 'm' THEN 'ALTER MATERIALIZED VIEW %s OWNER TO %I'
        WHEN 'v' THEN 'ALTER VIEW %s OWNER TO %I' ELSE 'LOCK TABLE %s' END,
      named.sql, pg_catalog.pg_get_userbyid(relowner)), named.sql
  FROM old CROSS JOIN LATERAL (SELECT CASE relkind WHEN 'r' THEN 'ONLY ' ELSE '' END
    || pg_catalog.format('%I.%I', nspname, relname) AS sql) AS named
  UNION ALL
  SELECT 'fixed', 0, nspname, relname, pg_catalog.format('%s %I.%I',
      CASE relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, nspname, relname),
    relkind::text
  FROM dependent WHERE is_direct AND NOT is_changeable
  UNION ALL
  SELECT CASE WHEN f.contype = 'f' THEN 'reference' ELSE 'fixed' END, 0, '', '',
    pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), ''
  FROM old
  JOIN pg_catalog.pg_type AS row_type ON row_type.oid = old.reltype
  JOIN pg_catalog.pg_depend AS d ON d.deptype = 'n' AND (
    (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = old.oid)
    OR (d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
      AND d.refobjid IN (row_type.oid, row_type.typarray))
  )
  LEFT JOIN pg_catalog.pg_constraint AS f
    ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND f.oid = d.objid
  -- The relation whose own it is: its trigger and its policy depend on its columns.
  CROSS JOIN LATERAL (SELECT CASE d.classid
    WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN f.conrelid
    WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass
      THEN (SELECT polrelid FROM pg_catalog.pg_policy AS p WHERE p.oid = d.objid)
    WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass
      THEN (SELECT tgrelid FROM pg_catalog.pg_trigger AS t WHERE t.oid = d.objid)
    WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass
      THEN (SELECT adrelid FROM pg_catalog.pg_attrdef AS a WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
      THEN (SELECT stxrelid FROM pg_catalog.pg_statistic_ext AS s WHERE s.oid = d.objid)
    WHEN 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
      THEN (SELECT prrelid FROM pg_catalog.pg_publication_rel AS p WHERE p.oid = d.objid)
    END AS oid) AS its
  WHERE d.classid <> 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND its.oid IS DISTINCT FROM old.oid
  UNION ALL
  SELECT 'fixed', 0, '', '', pg_catalog.format('its place as a %s of %s',
    CASE WHEN old.relispartition THEN 'partition' ELSE 'child' END,
    i.inhparent::pg_catalog.regclass), ''
  FROM old JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = old.oid
  UNION ALL
  SELECT 'fixed', 0, '', '', pg_catalog.format('its partition by %s',
    pg_catalog.pg_get_partkeydef(oid)), ''
  FROM old WHERE relkind = 'p'
  UNION ALL
  SELECT 'fixed', 0, '', '', pg_catalog.format('its type %s', reloftype::pg_catalog.regtype), ''
  FROM old WHERE reloftype <> 0
  UNION ALL
  SELECT 'fixed', 0, '', '', pg_catalog.format('publication %I', p.pubname), ''
  FROM old
  JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = old.oid
  JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
  WHERE NOT pg_catalog.pg_has_role(p.pubowner, 'USAGE')
  UNION ALL
  SELECT 'fixed', 0, '', '', 'the subscription that fills it', ''
  FROM old JOIN pg_catalog.pg_subscription_rel AS s ON s.srrelid = old.oid
  UNION ALL
  SELECT 'property', 1, '', '', '', pg_catalog.format('COMMENT ON %s %I.%I IS %L',
    $3::text, old.nspname, old.relname, s.description)
  FROM old JOIN pg_catalog.pg_description AS s ON s.objoid = old.oid AND s.objsubid = 0
    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  UNION ALL
  SELECT 'property', 1, '', '', '', pg_catalog.format('COMMENT ON COLUMN %I.%I.%I IS %L',
    old.nspname, old.relname, o.attname, s.description)
  FROM old JOIN pg_catalog.pg_description AS s ON s.objoid = old.oid AND s.objsubid > 0
    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_attribute AS o ON o.attrelid = old.oid AND o.attnum = s.objsubid
  JOIN pg_catalog.pg_attribute AS n ON n.attrelid = (SELECT oid FROM new)
    AND n.attname = o.attname AND NOT n.attisdropped
  UNION ALL
  SELECT 'property', 2, '', '', '', pg_catalog.format('ALTER %s %I.%I OWNER TO %I',
    $3::text, old.nspname, old.relname, pg_catalog.pg_get_userbyid(old.relowner))
  FROM old, new WHERE new.relowner <> old.relowner
  UNION ALL
  -- A right that is taken from a table is taken from its columns as well: those come after it.
  SELECT 'property', CASE WHEN was IS NULL OR is_now THEN 3 ELSE 4 END, '', '', '',
    pg_catalog.format(CASE WHEN was IS NULL THEN 'REVOKE %s ON %s FROM %s'
        WHEN is_now THEN 'REVOKE GRANT OPTION FOR %s ON %s FROM %s'
        WHEN was THEN 'GRANT %s ON %s TO %s WITH GRANT OPTION'
        ELSE 'GRANT %s ON %s TO %s' END,
      privilege_type, pg_catalog.format('%I.%I', old.nspname, old.relname),
      CASE grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END)
  FROM old, change
  UNION ALL
  SELECT 'property', 4, '', '', '', pg_catalog.format('GRANT %s (%I) ON %I.%I TO %s%s',
      a.privilege_type, o.attname, old.nspname, old.relname,
      CASE a.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM old JOIN pg_catalog.pg_attribute AS o ON o.attrelid = old.oid AND o.attacl IS NOT NULL
  JOIN pg_catalog.pg_attribute AS n ON n.attrelid = (SELECT oid FROM new)
    AND n.attname = o.attname AND NOT n.attisdropped
  CROSS JOIN LATERAL pg_catalog.aclexplode(o.attacl) AS a
)
SELECT kind, schema, name, lock, sql FROM tie
ORDER BY kind, CASE kind WHEN 'view' THEN -rank ELSE rank END, schema, name, sql
