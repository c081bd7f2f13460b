-- The base ($1), its clone ($2), and their managers: real superusers, roles that may grant the base, and before 16 every role
-- with CREATEROLE. Only these, and the two themselves, are trusted to decide what the application may do: any role can grant
-- the clone something that it owns.
WITH base AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1
), clone AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2
), managers AS (
    SELECT m.oid FROM pg_catalog.pg_roles m, base, clone
    WHERE m.rolsuper OR m.oid IN (base.oid, clone.oid)
      OR m.rolcreaterole AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 160000
      OR EXISTS (
          SELECT FROM pg_catalog.pg_auth_members a
          WHERE a.roleid = base.oid AND a.admin_option AND pg_catalog.pg_has_role(m.oid, a.member, 'MEMBER'))
)
