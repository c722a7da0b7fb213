-- Whether anything hangs on a relation ($1) that a mere exchange would lose, and its name: a
-- cheap question before the one of dependents.sql.
SELECT
  c.relacl IS NOT NULL
  OR c.relowner <> current_user::pg_catalog.regrole
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'n' AND d.refobjid = c.oid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'n' AND d.refobjid = c.reltype
      AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_description AS s
    WHERE s.objoid = c.oid AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attacl IS NOT NULL
  )
  AS is_tied,
  c.relname
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass($1::text)
