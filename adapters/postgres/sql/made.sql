-- Notes what a relation has of its own as this project's work, in a comment on its row type, where
-- it is out of everybody's way and goes with the relation. What the exchange has carried over
-- isn't its work: the exchange has left word of it in a setting of the transaction.
DO %(quote)s
DECLARE
  it pg_catalog.regclass := pg_catalog.to_regclass(%(name)s);
  carried pg_catalog.jsonb := coalesce(
    nullif(pg_catalog.current_setting('headrace.carried', true), ''), '[]');
  made text;
BEGIN
  SELECT pg_catalog.jsonb_agg(thing ORDER BY thing)::text INTO made FROM (
    SELECT 'constraint ' || k.conname AS thing FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = it AND k.contype IN ('c', 'p', 'u', 'x', 'f')
    UNION ALL
    SELECT 'index ' || i.relname
    FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indrelid = it AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS k
      WHERE k.conindid = i.oid AND k.conrelid = it AND k.contype IN ('p', 'u', 'x')
    )
    UNION ALL
    SELECT 'NOT NULL of column ' || a.attname FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = it AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
    UNION ALL
    SELECT 'default of column ' || a.attname FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = it AND a.attnum > 0 AND a.atthasdef AND NOT a.attisdropped
    UNION ALL
    SELECT 'trigger ' || t.tgname FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = it AND NOT t.tgisinternal
    UNION ALL
    SELECT 'rule ' || r.rulename FROM pg_catalog.pg_rewrite AS r
    WHERE r.ev_class = it AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy ' || p.polname FROM pg_catalog.pg_policy AS p WHERE p.polrelid = it
    UNION ALL
    SELECT 'statistics ' || e.stxname FROM pg_catalog.pg_statistic_ext AS e WHERE e.stxrelid = it
  ) AS things
  WHERE NOT carried ? thing;
  IF made IS NOT NULL OR EXISTS (
    SELECT
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_description AS d ON d.objoid = c.reltype
    WHERE c.oid = it AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass
      AND pg_catalog.starts_with(d.description, 'headrace: [')
  ) THEN
    EXECUTE pg_catalog.format('COMMENT ON TYPE %%s IS %%L', it, 'headrace: ' || made);
  END IF;
END %(quote)s
