-- Whether a view ($1) has options, such as security_barrier, which CREATE OR REPLACE VIEW takes
-- away; and its name.
SELECT c.reloptions IS NOT NULL AS is_tied, c.relname
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass($1::text)
