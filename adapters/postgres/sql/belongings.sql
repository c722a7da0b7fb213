-- What two relations have of their own: the one that is replaced ($1), and the one that takes its
-- place ($2). A row each: side, kind, name, definition, the statement that gives it to whatever
-- is called as the old one, and whether it is this project's.
--
-- Definitions are there to be compared. That of an index or a constraint is also the statement
-- that makes it. chr(1) stands for its name, chr(2) for the relation; of what is said of an index,
-- the definition is the index's name. What the project has made is noted in a comment on the
-- relation's row type (see made.sql); an index that it has named, or dbt, ends in a digest.
--
-- Columns that older servers lack are NULL there: a name that pg_publication_rel doesn't know is
-- that of the select around it.
WITH
rel AS (
  SELECT s.side, c.*, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.relname) AS own,
    pg_catalog.format('%I.%I', o.nspname, o.relname) AS final,
    CASE WHEN pg_catalog.starts_with(d.description, 'headrace: [')
      THEN pg_catalog.substr(d.description, 11)::pg_catalog.jsonb END AS made
  FROM (VALUES ('old', $1::text), ('new', $2::text)) AS s (side, name)
  JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(s.name)
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN (
    SELECT c.relname, n.nspname
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass($1::text)
  ) AS o ON true
  LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.reltype
    AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objsubid = 0
),
col AS (
  SELECT rel.side, rel.oid AS relid, rel.final, rel.relkind, rel.made, a.*,
    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I', pg_catalog.chr(2), a.attname) AS altering
  FROM rel JOIN pg_catalog.pg_attribute AS a ON a.attrelid = rel.oid
  WHERE a.attnum > 0 AND NOT a.attisdropped
),
-- What has a name, and may have a comment: $target is what COMMENT ON calls it.
object AS (
  SELECT rel.side, 'index' AS kind, i.relname::text AS name, pg_catalog.format(
      'CREATE %sINDEX %s ON %s %s', unq.word, pg_catalog.chr(1), pg_catalog.chr(2),
      pg_catalog.substr(def.text, pg_catalog.length(pg_catalog.format(
        'CREATE %sINDEX %I ON %s ', unq.word, i.relname, rel.own)) + 1)) AS definition,
    NULL AS sql, i.relname ~ '_[0-9a-f]{20}$|^[0-9a-f]{32}$' AS is_named_by_us,
    'pg_catalog.pg_class'::pg_catalog.regclass AS classoid, i.oid AS objoid,
    pg_catalog.format('INDEX %I.%I', rel.nspname, i.relname) AS target, rel.made
  FROM rel JOIN pg_catalog.pg_index AS x ON x.indrelid = rel.oid AND x.indisvalid
  JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  CROSS JOIN LATERAL (SELECT CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END AS word) AS unq
  CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(i.oid) AS text) AS def
  WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conindid = i.oid AND k.conrelid = rel.oid AND k.contype IN ('p', 'u', 'x')
  )
  UNION ALL
  SELECT rel.side, 'constraint', k.conname, pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %s %s',
      pg_catalog.chr(2), pg_catalog.chr(1), pg_catalog.pg_get_constraintdef(k.oid)),
    NULL, false, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid,
    pg_catalog.format('CONSTRAINT %I ON %s', k.conname, rel.final), rel.made
  FROM rel JOIN pg_catalog.pg_constraint AS k ON k.conrelid = rel.oid
  WHERE k.contype IN ('c', 'p', 'u', 'x', 'f')
  UNION ALL
  SELECT rel.side, 'trigger', t.tgname, '', pg_catalog.pg_get_triggerdef(t.oid)
    || CASE t.tgenabled WHEN 'O' THEN '' ELSE pg_catalog.format('; ALTER TABLE %s %s TRIGGER %I',
      rel.final, state.verb, t.tgname) END,
    false, 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid,
    pg_catalog.format('TRIGGER %I ON %s', t.tgname, rel.final), rel.made
  FROM rel JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = rel.oid AND NOT t.tgisinternal
  CROSS JOIN LATERAL (SELECT CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R'
    THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END AS verb) AS state
  UNION ALL
  SELECT rel.side, 'rule', r.rulename, '', pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';')
    || CASE r.ev_enabled WHEN 'O' THEN '' ELSE pg_catalog.format('; ALTER TABLE %s %s RULE %I',
      rel.final, state.verb, r.rulename) END,
    false, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid,
    pg_catalog.format('RULE %I ON %s', r.rulename, rel.final), rel.made
  FROM rel JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = rel.oid AND r.rulename <> '_RETURN'
  CROSS JOIN LATERAL (SELECT CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R'
    THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END AS verb) AS state
  UNION ALL
  SELECT rel.side, 'policy', p.polname, '', pg_catalog.format(
      'CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, rel.final,
      CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
        WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      (SELECT pg_catalog.string_agg(CASE role WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role)) END, ', ')
        FROM pg_catalog.unnest(p.polroles) AS role),
      ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
      ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
    false, 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid,
    pg_catalog.format('POLICY %I ON %s', p.polname, rel.final), rel.made
  FROM rel JOIN pg_catalog.pg_policy AS p ON p.polrelid = rel.oid
  UNION ALL
  SELECT rel.side, 'statistics', e.stxname, pg_catalog.format('%I.%I', n.nspname, e.stxname),
    pg_catalog.pg_get_statisticsobjdef(e.oid)
    || coalesce(pg_catalog.format('; ALTER STATISTICS %I.%I SET STATISTICS ', n.nspname, e.stxname)
      || nullif(e.target, -1), ''),
    false, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, e.oid,
    pg_catalog.format('STATISTICS %I.%I', n.nspname, e.stxname), rel.made
  FROM rel CROSS JOIN (SELECT NULL::int AS stxstattarget) AS older
  CROSS JOIN LATERAL (
    SELECT s.oid, s.stxname, s.stxnamespace, stxstattarget::int AS target
    FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = rel.oid
  ) AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.stxnamespace
),
toast AS (
  SELECT rel.side, rel.final, t.reloptions
  FROM rel JOIN pg_catalog.pg_class AS t ON t.oid = rel.reltoastrelid
),
belonging AS (
  SELECT side, kind, name, definition, sql, classoid, objoid, target,
    is_named_by_us OR coalesce(pg_catalog.jsonb_exists(made, kind || ' ' || name), false) AS is_ours
  FROM object
  UNION ALL
  SELECT side, 'column', attname, pg_catalog.format_type(atttypid, atttypmod), '', NULL, NULL, NULL,
    true
  FROM col
  UNION ALL
  SELECT side, 'NOT NULL of column', attname, '', altering || ' SET NOT NULL', NULL, NULL, NULL,
    coalesce(pg_catalog.jsonb_exists(made, 'NOT NULL of column ' || attname), false)
  FROM col WHERE attnotnull
  UNION ALL
  SELECT side, CASE attgenerated WHEN '' THEN 'default of column' ELSE 'generated column' END,
    attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.format('%s SET DEFAULT %s',
      altering, pg_catalog.pg_get_expr(d.adbin, d.adrelid)), NULL, NULL, NULL,
    coalesce(pg_catalog.jsonb_exists(made, 'default of column ' || attname), false)
  FROM col JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = relid AND d.adnum = attnum
  UNION ALL
  SELECT rel.side, 'constraint NOT NULL', k.conname, '', '', NULL, NULL, NULL, true
  FROM rel JOIN pg_catalog.pg_constraint AS k ON k.conrelid = rel.oid AND k.contype = 'n'
  UNION ALL
  SELECT side, 'identity of column', attname, attidentity::text, '', NULL, NULL, NULL, false
  FROM col WHERE attidentity <> ''
  UNION ALL
  SELECT side, 'statistics target of column', attname, attstattarget::text,
    pg_catalog.format('%s SET STATISTICS %s', altering, attstattarget), NULL, NULL, NULL, false
  FROM col WHERE attstattarget >= 0
  UNION ALL
  SELECT side, 'storage of column', attname, attstorage::text, pg_catalog.format(
      '%s SET STORAGE %s', altering, CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
      ELSE 'EXTENDED' END), NULL, NULL, NULL, false
  FROM col JOIN pg_catalog.pg_type AS t ON t.oid = atttypid
  WHERE attstorage <> t.typstorage AND relkind <> 'v'
  UNION ALL
  SELECT c.side, 'compression of column', c.attname, c.method::text, pg_catalog.format(
      '%s SET COMPRESSION %s', c.altering, CASE c.method WHEN 'l' THEN 'lz4' ELSE 'pglz' END),
    NULL, NULL, NULL, false
  FROM (SELECT ''::"char" AS attcompression) AS older
  CROSS JOIN LATERAL (SELECT side, attname, altering, attcompression AS method FROM col) AS c
  WHERE c.method <> ''
  UNION ALL
  SELECT side, 'options of column', attname, pg_catalog.array_to_string(attoptions, ', '),
    pg_catalog.format('%s SET (%s)', altering, pg_catalog.array_to_string(attoptions, ', ')),
    NULL, NULL, NULL, false
  FROM col WHERE attoptions IS NOT NULL
  UNION ALL
  SELECT side, 'option', prefix || o.option_name, o.option_value, pg_catalog.format(
      'ALTER TABLE %s SET (%s%I = %L)', pg_catalog.chr(2), prefix, o.option_name, o.option_value),
    NULL, NULL, NULL, false
  FROM (
    SELECT side, final, '' AS prefix, reloptions FROM rel
    UNION ALL SELECT side, final, 'toast.', reloptions FROM toast
  ) AS r CROSS JOIN LATERAL pg_catalog.pg_options_to_table(r.reloptions) AS o
  UNION ALL
  SELECT side, 'tablespace', '', t.spcname, pg_catalog.format('ALTER TABLE %s SET TABLESPACE %I',
      pg_catalog.chr(2), t.spcname), NULL, NULL, NULL, false
  FROM rel JOIN pg_catalog.pg_tablespace AS t ON t.oid = rel.reltablespace
  UNION ALL
  SELECT side, 'access method', '', m.amname, pg_catalog.format(
      'ALTER TABLE %s SET ACCESS METHOD %I', pg_catalog.chr(2), m.amname), NULL, NULL, NULL, false
  FROM rel JOIN pg_catalog.pg_am AS m ON m.oid = rel.relam
  WHERE m.amname <> pg_catalog.current_setting('default_table_access_method')
  UNION ALL
  SELECT side, 'row level security', verb, '', pg_catalog.format(
      'ALTER TABLE %s %s ROW LEVEL SECURITY', pg_catalog.chr(2), verb), NULL, NULL, NULL, false
  FROM rel CROSS JOIN (VALUES ('ENABLE'), ('FORCE')) AS v (verb)
  WHERE CASE verb WHEN 'ENABLE' THEN relrowsecurity ELSE relforcerowsecurity END
  UNION ALL
  SELECT side, 'replica identity', '', i.relname, pg_catalog.format(
      'ALTER TABLE %s REPLICA IDENTITY %s', pg_catalog.chr(2), said.what), NULL, NULL, NULL, false
  FROM rel
  LEFT JOIN pg_catalog.pg_index AS x ON x.indrelid = rel.oid AND x.indisreplident
  LEFT JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  CROSS JOIN LATERAL (SELECT CASE rel.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
    ELSE 'USING INDEX ' || pg_catalog.chr(1) END AS what) AS said
  WHERE rel.relkind = 'r' AND rel.relreplident <> 'd'
  UNION ALL
  SELECT side, 'CLUSTER', '', i.relname, pg_catalog.format('ALTER TABLE %s CLUSTER ON %s',
      pg_catalog.chr(2), pg_catalog.chr(1)), NULL, NULL, NULL, false
  FROM rel JOIN pg_catalog.pg_index AS x ON x.indrelid = rel.oid AND x.indisclustered
  JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  UNION ALL
  SELECT side, 'options of index', i.relname, i.relname, pg_catalog.format(
      'ALTER INDEX %I.%s SET (%s)', nspname, pg_catalog.chr(1),
      pg_catalog.array_to_string(i.reloptions, ', ')), NULL, NULL, NULL, false
  FROM rel
  JOIN pg_catalog.pg_constraint AS k ON k.conrelid = rel.oid AND k.contype IN ('p', 'u', 'x')
  JOIN pg_catalog.pg_class AS i ON i.oid = k.conindid AND i.reloptions IS NOT NULL
  UNION ALL
  SELECT side, 'tablespace of index', i.relname, i.relname, pg_catalog.format(
      'ALTER INDEX %I.%s SET TABLESPACE %I', nspname, pg_catalog.chr(1), t.spcname),
    NULL, NULL, NULL, false
  FROM rel JOIN pg_catalog.pg_index AS x ON x.indrelid = rel.oid
  JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_tablespace AS t ON t.oid = i.reltablespace
  UNION ALL
  SELECT side, 'statistics target of index', i.relname, i.relname, pg_catalog.format(
      'ALTER INDEX %I.%s ALTER COLUMN %s SET STATISTICS %s', nspname, pg_catalog.chr(1), a.attnum,
      a.attstattarget), NULL, NULL, NULL, false
  FROM rel JOIN pg_catalog.pg_index AS x ON x.indrelid = rel.oid
  JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.oid AND a.attstattarget >= 0
  UNION ALL
  SELECT p.side, 'publication', p.pubname, '', pg_catalog.format(
      'ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s', p.pubname, p.final,
      CASE WHEN p.numbers IS NOT NULL THEN (
        SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ') || ')'
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = p.relid AND a.attnum = ANY (p.numbers::pg_catalog.int2[])) END,
      ' WHERE (' || pg_catalog.pg_get_expr(p.condition, p.relid) || ')'),
    NULL, NULL, NULL, false
  FROM (
    SELECT NULL::pg_catalog.int2vector AS prattrs, NULL::pg_catalog.pg_node_tree AS prqual
  ) AS older
  CROSS JOIN LATERAL (
    SELECT rel.side, rel.final, rel.oid AS relid, b.pubname, prattrs AS numbers, prqual AS condition
    FROM rel JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = rel.oid
    JOIN pg_catalog.pg_publication AS b ON b.oid = r.prpubid
  ) AS p
  UNION ALL
  SELECT rel.side, 'sequence of column', a.attname, pg_catalog.format(
      'ALTER SEQUENCE %I.%I OWNED BY NONE', n.nspname, s.relname), pg_catalog.format(
      'ALTER SEQUENCE %I.%I OWNED BY %s.%I', n.nspname, s.relname, rel.final, a.attname),
    NULL, NULL, NULL, false
  FROM rel
  JOIN pg_catalog.pg_depend AS d ON d.refobjid = rel.oid AND d.deptype = 'a'
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0
  JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = rel.oid AND a.attnum = d.refobjsubid
  UNION ALL
  SELECT side, 'security label', l.provider || coalesce(' ' || a.attname, ''), '',
    pg_catalog.format('SECURITY LABEL FOR %I ON %s%s IS %L', l.provider,
       CASE WHEN a.attname IS NULL THEN CASE relkind WHEN 'v' THEN 'VIEW ' WHEN 'm'
        THEN 'MATERIALIZED VIEW ' ELSE 'TABLE ' END || final
      ELSE 'COLUMN ' || final END, '.' || pg_catalog.quote_ident(a.attname), l.label),
    NULL, NULL, NULL, false
  FROM rel JOIN pg_catalog.pg_seclabel AS l ON l.objoid = rel.oid
    AND l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = rel.oid AND a.attnum = l.objsubid
    AND l.objsubid > 0
)
SELECT side, kind, name, definition, sql, is_ours FROM belonging
UNION ALL
SELECT b.side, 'comment', b.kind || ' ' || b.name, '', pg_catalog.format('COMMENT ON %s IS %L',
  b.target, d.description), b.is_ours
FROM belonging AS b JOIN pg_catalog.pg_description AS d
  ON d.classoid = b.classoid AND d.objoid = b.objoid AND d.objsubid = 0
ORDER BY 1, 2, 3
