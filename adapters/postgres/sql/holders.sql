-- Who holds a lock on a relation ($1), but for ourselves: a line of text each. Those whose lock
-- lets writers through count only where $2 says so.
SELECT DISTINCT pg_catalog.format(
  'the session %s of %s%s, since %s',
  a.pid,
  coalesce(a.usename, 'somebody'),
  CASE WHEN a.application_name <> '' THEN ' (' || a.application_name || ')' ELSE '' END,
  pg_catalog.to_char(a.xact_start, 'HH24:MI:SS')
)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.relation = pg_catalog.to_regclass($1::text)
  AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
  AND ($2::boolean OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
LIMIT 3
