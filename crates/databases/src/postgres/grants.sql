-- Follows managers.sql. The grants and policies that the clone has in this database in its own name and the base has neither
-- itself, nor by a role, nor by PUBLIC, nor as the owner: each with the statement that grants it to the base, the one that
-- revokes it from the clone, and the grantor. What the clone itself owns is reassigned to the base with its grants.
-- Trusted are grants by managers and, if the database is the application's ($3, or a manager owns it), by roles that may
-- create in it where PUBLIC may not.
, held (target, columns, acl, owner, all_acl) AS (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::pg_catalog.regclass::pg_catalog.text,
           '', relacl, relowner, relacl
    FROM pg_catalog.pg_class
    UNION ALL
    SELECT 'TABLE ' || c.oid::pg_catalog.regclass::pg_catalog.text,
           pg_catalog.format(' (%I)', a.attname), a.attacl, c.relowner, a.attacl || c.relacl
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    UNION ALL
    SELECT pg_catalog.format('SCHEMA %I', nspname), '', nspacl, nspowner, nspacl FROM pg_catalog.pg_namespace
    UNION ALL
    SELECT 'ROUTINE ' || oid::pg_catalog.regprocedure::pg_catalog.text, '', proacl, proowner, proacl FROM pg_catalog.pg_proc
    UNION ALL
    SELECT 'TYPE ' || oid::pg_catalog.regtype::pg_catalog.text, '', typacl, typowner, typacl FROM pg_catalog.pg_type
    UNION ALL
    SELECT pg_catalog.format('DATABASE %I', datname), '', datacl, datdba, datacl FROM pg_catalog.pg_database
    UNION ALL
    SELECT pg_catalog.format('TABLESPACE %I', spcname), '', spcacl, spcowner, spcacl FROM pg_catalog.pg_tablespace
    UNION ALL
    SELECT pg_catalog.format('LANGUAGE %I', lanname), '', lanacl, lanowner, lanacl FROM pg_catalog.pg_language
    UNION ALL
    SELECT pg_catalog.format('FOREIGN DATA WRAPPER %I', fdwname), '', fdwacl, fdwowner, fdwacl
    FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL
    SELECT pg_catalog.format('FOREIGN SERVER %I', srvname), '', srvacl, srvowner, srvacl FROM pg_catalog.pg_foreign_server
    UNION ALL
    SELECT 'LARGE OBJECT ' || oid::pg_catalog.text, '', lomacl, lomowner, lomacl FROM pg_catalog.pg_largeobject_metadata
    -- From 15 on: UNION ALL SELECT 'PARAMETER ' || parname, '', paracl, 10, paracl FROM pg_catalog.pg_parameter_acl
), missing AS (
    SELECT pg_catalog.format('GRANT %s%s ON %s TO %I%s', a.privilege_type, held.columns, held.target, $1::pg_catalog.text,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS give,
           pg_catalog.format('REVOKE %s%s ON %s FROM %I', a.privilege_type, held.columns, held.target,
               $2::pg_catalog.text) AS take,
           a.grantor
    FROM held, clone, LATERAL pg_catalog.aclexplode(held.acl) a
    WHERE held.acl IS NOT NULL AND a.grantee = clone.oid AND held.owner <> clone.oid
      AND NOT pg_catalog.pg_has_role($1::pg_catalog.name, held.owner, 'USAGE')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.aclexplode(held.all_acl) b
          WHERE b.privilege_type = a.privilege_type AND (b.is_grantable OR NOT a.is_grantable)
            AND (b.grantee = 0 OR pg_catalog.pg_has_role($1::pg_catalog.name, b.grantee, 'USAGE')))
    UNION ALL
    -- Policies apply to a table's owner only with FORCE ROW LEVEL SECURITY.
    SELECT pg_catalog.format('ALTER POLICY %I ON %s TO %s, %I', p.polname, t.oid::pg_catalog.regclass, named.roles,
               $1::pg_catalog.text),
           CASE WHEN named.others IS NULL THEN pg_catalog.format('DROP POLICY %I ON %s', p.polname, t.oid::pg_catalog.regclass)
                ELSE pg_catalog.format('ALTER POLICY %I ON %s TO %s', p.polname, t.oid::pg_catalog.regclass, named.others) END,
           t.relowner
    FROM clone, pg_catalog.pg_policy p JOIN pg_catalog.pg_class t ON t.oid = p.polrelid, LATERAL (
        SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ') AS roles,
               pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ') FILTER (WHERE r.oid <> clone.oid) AS others
        FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)) named
    WHERE clone.oid = ANY (p.polroles) AND NOT EXISTS (
        SELECT FROM pg_catalog.unnest(p.polroles) r WHERE r = 0 OR pg_catalog.pg_has_role($1::pg_catalog.name, r, 'USAGE'))
      AND (t.relforcerowsecurity
           OR t.relowner <> clone.oid AND NOT pg_catalog.pg_has_role($1::pg_catalog.name, t.relowner, 'USAGE'))
), grantors AS MATERIALIZED (
    SELECT DISTINCT g.oid, g.rolname FROM missing JOIN pg_catalog.pg_roles g ON g.oid = missing.grantor
), here AS (
    SELECT d.oid, $3 OR d.datdba IN (SELECT oid FROM managers) AS is_ours
    FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
), makers AS (
    -- Who may create schemas here; `pg_database_owner`, from 14 on, is the owner.
    SELECT r.oid FROM pg_catalog.pg_roles r, here
    WHERE here.is_ours AND (r.rolname = 'pg_database_owner'
        OR pg_catalog.has_database_privilege(r.oid, here.oid, 'CREATE')
           AND NOT pg_catalog.has_database_privilege('public', here.oid, 'CREATE'))
), trusted AS MATERIALIZED (
    SELECT g.oid FROM grantors g, here
    WHERE g.oid IN (SELECT oid FROM managers) OR g.oid IN (SELECT oid FROM makers) OR here.is_ours AND EXISTS (
        SELECT FROM pg_catalog.pg_namespace n
        WHERE pg_catalog.has_schema_privilege(g.oid, n.oid, 'CREATE')
          AND NOT pg_catalog.has_schema_privilege('public', n.oid, 'CREATE')
          AND (n.nspowner IN (SELECT oid FROM managers) OR n.nspowner IN (SELECT oid FROM makers)))
)
SELECT missing.give, missing.take, g.rolname::pg_catalog.text AS grantor, trusted.oid IS NOT NULL AS grantor_is_trusted
FROM missing JOIN grantors g ON g.oid = missing.grantor LEFT JOIN trusted ON trusted.oid = g.oid
ORDER BY 3, 1
