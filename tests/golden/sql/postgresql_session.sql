SET TIME ZONE 'UTC'
SET standard_conforming_strings = on
SET client_encoding = 'UTF8'
SET statement_timeout = 600000
SET idle_in_transaction_session_timeout = 0
SET cursor_tuple_fraction = 1.0
SET application_name = 'cdi sync=syncs/a it''s \ run'
SET ROLE "R""x"
SET default_transaction_read_only = on

SELECT clock_timestamp() AT TIME ZONE 'UTC', 'aü€😀'::text

SELECT current_setting('server_version'), session_user, current_user, NULL::text, current_database(), 'aü€😀'::text

SELECT has_schema_privilege(oid, 'USAGE')::int AS usage, current_user AS role FROM pg_catalog.pg_namespace WHERE nspname = 'it''s \'

SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, (NOT a.attnotnull)::int AS nullable, has_table_privilege(c.oid, 'SELECT')::int AS readable, has_schema_privilege(n.oid, 'USAGE')::int AS usage, current_user AS role
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = 'My "Schema"; --' AND c.relname = 'users'
ORDER BY a.attnum

SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'it''s \' AND c.relkind IN ('r', 'p', 'f')

SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'it''s \' AND c.relkind IN ('v', 'm')
