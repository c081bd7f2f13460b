-- The grants and policies that $2 (a clone) has in this database in its own name and $1 (its base) has neither by
-- itself, nor by a role, nor by PUBLIC, nor as the owner: each as the statement that gives it to the base
-- and the one that takes it from the clone.
WITH clone AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2
), held (target, columns, acl, owner, all_acl) AS (
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
)
SELECT pg_catalog.format('GRANT %s%s ON %s TO %I%s', a.privilege_type, held.columns, held.target, $1::pg_catalog.text,
           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS give,
       pg_catalog.format('REVOKE %s%s ON %s FROM %I', a.privilege_type, held.columns, held.target,
           $2::pg_catalog.text) AS take
FROM held, clone, LATERAL pg_catalog.aclexplode(held.acl) a
WHERE held.acl IS NOT NULL AND a.grantee = clone.oid
  AND NOT pg_catalog.pg_has_role($1::pg_catalog.name, held.owner, 'USAGE')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.aclexplode(held.all_acl) b
      WHERE b.privilege_type = a.privilege_type AND (b.is_grantable OR NOT a.is_grantable)
        AND (b.grantee = 0 OR pg_catalog.pg_has_role($1::pg_catalog.name, b.grantee, 'USAGE')))
UNION ALL
SELECT pg_catalog.format('ALTER POLICY %I ON %s TO %s, %I', p.polname, p.polrelid::pg_catalog.regclass, named.roles,
           $1::pg_catalog.text),
       pg_catalog.format('DROP POLICY %I ON %s', p.polname, p.polrelid::pg_catalog.regclass)
FROM clone, pg_catalog.pg_policy p, LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ') AS roles
    FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)) named
WHERE clone.oid = ANY (p.polroles) AND NOT EXISTS (
    SELECT FROM pg_catalog.unnest(p.polroles) r WHERE r = 0 OR pg_catalog.pg_has_role($1::pg_catalog.name, r, 'USAGE'))
UNION ALL
-- Kinds that an older server does not know, such as parameters: named where the base has no grant on them.
SELECT pg_catalog.format('a grant on %s to %I', described.object, $1::pg_catalog.text),
       pg_catalog.format('a revoke on %s from %I', described.object, $2::pg_catalog.text)
FROM clone JOIN pg_catalog.pg_shdepend s ON s.refobjid = clone.oid, LATERAL (
    SELECT pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid) AS object) described
WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'a'
  AND s.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  AND s.classid::pg_catalog.regclass::pg_catalog.text NOT IN (
      'pg_class', 'pg_namespace', 'pg_proc', 'pg_type', 'pg_database', 'pg_tablespace', 'pg_language',
      'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_largeobject_metadata', 'pg_largeobject', 'pg_default_acl')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_shdepend b JOIN pg_catalog.pg_roles r ON r.oid = b.refobjid
      WHERE b.refclassid = s.refclassid AND b.deptype = 'a' AND r.rolname = $1
        AND (b.dbid, b.classid, b.objid) = (s.dbid, s.classid, s.objid))
ORDER BY 1
