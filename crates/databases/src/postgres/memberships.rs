//! Memberships: of the clone in its base and in other roles, and of others in the clone.

use rotation::{ADMINISTRATOR, Alternation, CallError, Username, run_as};

use super::connection::Connection;
use super::errors::refused;
use super::query::text;
use super::quoting::identifier;

/// The clone's membership of the base.
#[derive(Debug, Clone, Default)]
pub(super) struct BaseMembership {
    pub(super) is_member: bool,
    /// It inherits, and may act as the base.
    pub(super) is_whole: bool,
    /// Who granted it. Omits the bootstrap superuser, as which the server records every real superuser's grants (tried: 16, 18).
    pub(super) grantors: Vec<Username>,
    /// The role as which this session acts, and would grant.
    pub(super) acts_as: Option<Username>,
}

/// The role that initdb creates (PostgreSQL's source, `pg_authid.dat`).
const BOOTSTRAP_SUPERUSER: i32 = 10;

/// Reads the clone's membership of the base. Its options are columns of 16 and later; before, a member inherits by an attribute of
/// its own. A membership that the base itself granted, as any user could before 15, proves nothing: its grantor is not this
/// superuser.
pub(super) async fn membership(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<BaseMembership, CallError> {
    let query = "SELECT count(*) > 0 AS is_member, coalesce( \
             bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::pg_catalog.bool, c.rolinherit)) \
             AND bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::pg_catalog.bool, true)), \
             false) AS is_whole, \
         coalesce(pg_catalog.array_agg('=' || g.rolname::pg_catalog.text) FILTER (WHERE g.oid <> $3::pg_catalog.oid), '{}') AS grantors, \
         current_user::pg_catalog.text AS acts_as \
         FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON b.oid = m.roleid \
         JOIN pg_catalog.pg_roles c ON c.oid = m.member LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor \
         WHERE b.rolname = $1 AND c.rolname = $2";
    let values = [text(&alternation.base.0), text(&alternation.clone.0), BOOTSTRAP_SUPERUSER.to_string()];
    let row = connection.row(query, &values).await?;
    // In an array as text the driver takes an element that reads NULL for a missing one, so each name has a prefix.
    let grantors: Vec<String> = connection.get(&row, "grantors")?;
    let name = |grantor: &String| grantor.strip_prefix('=').map(|name| Username(name.to_owned()));
    Ok(BaseMembership {
        is_member: connection.get(&row, "is_member")?,
        is_whole: connection.get(&row, "is_whole")?,
        grantors: grantors.iter().filter_map(name).collect(),
        acts_as: Some(Username(connection.get(&row, "acts_as")?)),
    })
}

/// A role of which the clone is a member, and the base is not, or with fewer options.
#[derive(Debug, Clone)]
pub(super) struct ForeignRole {
    pub(super) name: String,
    /// Whether its grantor is trusted to decide what the application may do (`managers.sql`): any role can grant itself up to 15, and
    /// from 16 on a role that it has created.
    pub(super) grantor_is_trusted: bool,
    /// The statements that grant it to the base, and that revoke it from the clone.
    pub(super) give: String,
    pub(super) take: String,
}

/// Reads the roles that the clone has and the base lacks. From 16 on each membership has options for inheriting and for SET ROLE:
/// the base may be a member without these, and then lacks what the clone has.
pub(super) async fn foreign_roles(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<Vec<ForeignRole>, CallError> {
    let has_options = connection.has_membership_options();
    let query = concat!(
        include_str!("managers.sql"),
        "SELECT r.rolname::pg_catalog.text AS role, g.rolname::pg_catalog.text AS grantor, \
         g.oid IS NULL OR g.oid IN (SELECT oid FROM managers) AS grantor_is_trusted, \
         has.member AS is_member, clones.inherit, clones.set, has.usage AS has_usage, has.set AS has_set \
         FROM base, clone JOIN pg_catalog.pg_auth_members a ON a.member = clone.oid \
         JOIN pg_catalog.pg_roles r ON r.oid = a.roleid LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantor, \
         LATERAL (SELECT \
             coalesce((pg_catalog.to_jsonb(a) ->> 'inherit_option')::pg_catalog.bool, false) AS inherit, \
             coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::pg_catalog.bool, false) AS set) clones, \
         LATERAL (SELECT pg_catalog.pg_has_role(base.oid, r.oid, 'MEMBER') AS member, \
             pg_catalog.pg_has_role(base.oid, r.oid, 'USAGE') AS usage, pg_catalog.pg_has_role(base.oid, r.oid, $3) AS set) has \
         WHERE r.oid <> base.oid \
         AND (NOT has.member OR clones.inherit AND NOT has.usage OR clones.set AND NOT has.set) ORDER BY 1, 2",
    );
    let privilege = if has_options { "SET" } else { "MEMBER" };
    let values = [text(&alternation.base.0), text(&alternation.clone.0), text(privilege)];
    let mut roles = Vec::new();
    for row in connection.rows(query, &values).await? {
        let name: String = connection.get(&row, "role")?;
        let grantor: Option<String> = connection.get(&row, "grantor")?;
        let is_member: bool = connection.get(&row, "is_member")?;
        let (inherit, set): (bool, bool) = (connection.get(&row, "inherit")?, connection.get(&row, "set")?);
        let (has_usage, has_set): (bool, bool) =
            (connection.get(&row, "has_usage")?, connection.get(&row, "has_set")?);
        // For an existing membership, only the missing options: FALSE would remove one.
        let options = [("INHERIT", inherit, has_usage), ("SET", set, has_set)].into_iter();
        let options = options.filter(|(_, clones, bases)| !is_member || *clones && !bases);
        let options: Vec<_> = options
            .map(|(option, clones, _)| format!("{option} {}", if clones { "TRUE" } else { "FALSE" }))
            .collect();
        let options = if has_options { format!(" WITH {}", options.join(", ")) } else { String::new() };
        let by = grantor
            .filter(|_| has_options)
            .map(|grantor| format!(" GRANTED BY {}", identifier(&Username(grantor))));
        let role = identifier(&Username(name.clone()));
        roles.push(ForeignRole {
            name,
            grantor_is_trusted: connection.get(&row, "grantor_is_trusted")?,
            give: format!("GRANT {role} TO {}{options}", identifier(&alternation.base)),
            take: format!("REVOKE {role} FROM {}{}", identifier(&alternation.clone), by.unwrap_or_default()),
        });
    }
    Ok(roles)
}

/// Refuses if other roles can act as the clone and have the rights of its base only by that. (Up to 15 any role can make others
/// members of itself: anyone who once knew the clone's password may have done so.)
pub(super) async fn check_nobody_acts_as_clone(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let query = "WITH RECURSIVE of_base AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1 \
             UNION SELECT a.member FROM of_base JOIN pg_catalog.pg_auth_members a ON a.roleid = of_base.oid \
             JOIN pg_catalog.pg_roles m ON m.oid = a.member AND m.rolname <> $2) \
         SELECT m.rolname::pg_catalog.text AS member, g.rolname::pg_catalog.text AS grantor \
         FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member \
         JOIN pg_catalog.pg_roles c ON c.oid = a.roleid LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantor \
         WHERE c.rolname = $2 AND m.rolname <> current_user AND NOT m.rolsuper \
         AND m.oid NOT IN (SELECT oid FROM of_base) \
         AND (coalesce((pg_catalog.to_jsonb(a) ->> 'inherit_option')::pg_catalog.bool, true) \
              OR coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::pg_catalog.bool, true))";
    let mut revokes = Vec::new();
    for row in connection.rows(query, &[text(&alternation.base.0), text(&alternation.clone.0)]).await? {
        let (member, grantor): (String, Option<String>) =
            (connection.get(&row, "member")?, connection.get(&row, "grantor")?);
        let member = identifier(&Username(member));
        let by = grantor.filter(|_| connection.has_membership_options());
        let by =
            by.map(|grantor| format!(" GRANTED BY {}", identifier(&Username(grantor)))).unwrap_or_default();
        revokes.push(format!("REVOKE {} FROM {member}{by}", identifier(&alternation.clone)));
    }
    if revokes.is_empty() {
        return Ok(());
    }
    Err(refused(
        format!("others can act as {}, and would gain the rights of {}", alternation.clone, alternation.base),
        run_as(ADMINISTRATOR, &revokes),
    ))
}
