//! Whether two users are a base and its clone: a name alone proves nothing.

use rotation::{EdgeError, Next, Refusal, Turn, Username};

use super::session::PostgresSession;

/// What `pg_roles` says of a user that a turn depends on.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) can_login: bool,
    pub(super) connection_limit: i32,
    /// As text; `infinity` where the password never expires.
    pub(super) valid_until: String,
    replication: bool,
    /// What acts through membership, or not at all: SUPERUSER, CREATEDB, CREATEROLE, BYPASSRLS.
    attributes: Vec<String>,
}

/// A base and, where it exists, its clone.
#[derive(Debug, Clone)]
pub(super) struct Kin {
    pub(super) base: Role,
    pub(super) clone: Option<Role>,
    /// Whether the clone is a member of the base as it should be: inheriting, and free to act as it.
    pub(super) membership_is_whole: bool,
}

/// Reads both users and refuses unless the turn is safe to take: the base exists, an existing clone is a
/// member of it, and it holds no membership and no attribute that the base lacks.
///
/// # Errors
/// The refusal says which statements give or take what stands in the way.
pub(super) async fn check(session: &mut PostgresSession, turn: &Turn) -> Result<Kin, EdgeError> {
    let Some(base) = role(session, &turn.base).await? else {
        return Err(refused(
            format!("there is no user {}, of which {} would be the clone", turn.base, turn.clone),
            "under alternating users a name that ends in _clone is the clone's; rename the user, or create its base",
        ));
    };
    let Some(clone) = role(session, &turn.clone).await? else {
        if turn.next == Next::Clone && base.replication {
            return Err(no_replication(turn));
        }
        return Ok(Kin { base, clone: None, membership_is_whole: false });
    };
    let (is_member, membership_is_whole) = membership(session, turn).await?;
    let foreign = foreign_memberships(session, turn).await?;
    let extra: Vec<String> =
        clone.attributes.iter().filter(|attribute| !base.attributes.contains(attribute)).cloned().collect();
    if !is_member {
        return Err(not_a_clone(session, turn, &foreign, &clone.attributes).await?);
    }
    if turn.next == Next::Base && session.has_membership_options() && !membership_is_whole {
        return Err(not_whole(session, turn).await?);
    }
    if !foreign.is_empty() || !extra.is_empty() {
        return Err(more_than_base(session, turn, &foreign, &extra).await?);
    }
    if turn.next == Next::Clone && base.replication && !clone.replication {
        return Err(no_replication(turn));
    }
    Ok(Kin { base, clone: Some(clone), membership_is_whole })
}

/// Refuses where this superuser may not change `user`: from 16 on, CREATEROLE alone is not enough.
///
/// # Errors
/// The refusal holds the exact GRANT.
pub(super) async fn check_admin(session: &mut PostgresSession, user: &Username) -> Result<(), EdgeError> {
    if !session.has_membership_options() {
        return Ok(());
    }
    let query = sqlx::query(
        "SELECT current_user::pg_catalog.text AS superuser, \
         (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR EXISTS ( \
             SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid \
             WHERE r.rolname = $1 AND m.admin_option AND pg_catalog.pg_has_role(current_user, m.member, 'USAGE') \
         ) AS has_admin_option",
    );
    let row = session.row(query.bind(&user.0)).await?;
    if session.get(&row, "has_admin_option")? {
        return Ok(());
    }
    let superuser: String = session.get(&row, "superuser")?;
    let grant = session.quoted("GRANT %I TO %I WITH ADMIN OPTION", &[&user.0, &superuser]).await?;
    Err(refused(
        format!("the superuser {superuser} has no admin option on {user}"),
        format!("as a role that has it, run: {}", *grant),
    ))
}

async fn role(session: &mut PostgresSession, user: &Username) -> Result<Option<Role>, EdgeError> {
    let query = sqlx::query(
        "SELECT rolcanlogin, rolconnlimit, rolreplication, \
         coalesce(rolvaliduntil, 'infinity')::pg_catalog.text AS valid_until, \
         pg_catalog.array_remove(ARRAY[ \
             CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, \
             CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, \
             CASE WHEN rolreplication THEN 'REPLICATION' END], NULL) AS attributes \
         FROM pg_catalog.pg_roles WHERE rolname = $1",
    );
    let rows = session.rows(query.bind(&user.0)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Role {
        can_login: session.get(row, "rolcanlogin")?,
        connection_limit: session.get(row, "rolconnlimit")?,
        valid_until: session.get(row, "valid_until")?,
        replication: session.get(row, "rolreplication")?,
        attributes: session.get(row, "attributes")?,
    }))
}

/// Whether the clone is a member of its base, and whether wholly so.
///
/// Before 15 any user could make others members of itself; a membership that the base granted proves nothing
/// of the clone, which may be anybody's. The options are columns of 16 and later; before, a member inherits
/// by an attribute of its own.
async fn membership(session: &mut PostgresSession, turn: &Turn) -> Result<(bool, bool), EdgeError> {
    let query = sqlx::query(
        "SELECT count(*) > 0 AS is_member, coalesce( \
             bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::pg_catalog.bool, c.rolinherit)) \
             AND bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::pg_catalog.bool, true)), \
             false) AS is_whole \
         FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON b.oid = m.roleid \
         JOIN pg_catalog.pg_roles c ON c.oid = m.member \
         WHERE b.rolname = $1 AND c.rolname = $2 AND m.grantor <> m.roleid",
    );
    let row = session.row(query.bind(&turn.base.0).bind(&turn.clone.0)).await?;
    Ok((session.get(&row, "is_member")?, session.get(&row, "is_whole")?))
}

/// The roles that the clone is a member of and the base is not.
async fn foreign_memberships(session: &mut PostgresSession, turn: &Turn) -> Result<Vec<String>, EdgeError> {
    let query = sqlx::query(
        "SELECT coalesce(pg_catalog.array_agg(DISTINCT r.rolname::pg_catalog.text), '{}') AS roles \
         FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid \
         JOIN pg_catalog.pg_roles c ON c.oid = m.member \
         WHERE c.rolname = $2 AND r.rolname <> $1 AND NOT pg_catalog.pg_has_role($1::pg_catalog.name, m.roleid, 'MEMBER')",
    );
    let row = session.row(query.bind(&turn.base.0).bind(&turn.clone.0)).await?;
    session.get(&row, "roles")
}

async fn not_a_clone(
    session: &mut PostgresSession,
    turn: &Turn,
    memberships: &[String],
    attributes: &[String],
) -> Result<EdgeError, EdgeError> {
    let held = [memberships, attributes].concat();
    let held = if held.is_empty() { "no role and no attribute".into() } else { held.join(", ") };
    let (clone, base) = (&turn.clone, &turn.base);
    let template = "REVOKE %I FROM %I; GRANT %I TO %I";
    let grant = session.quoted(template, &[&base.0, &clone.0, &base.0, &clone.0]).await?;
    Ok(refused(
        format!(
            "{clone} exists and is no member of {base}, or by {base}'s own grant only, so it may be somebody else's \
             account (it holds {held})"
        ),
        format!(
            "if it is the clone of {base}, run as the superuser: {}; else give the application another user name",
            *grant
        ),
    ))
}

/// A member that may not act as the base is not trusted with its password.
async fn not_whole(session: &mut PostgresSession, turn: &Turn) -> Result<EdgeError, EdgeError> {
    let (clone, base) = (&turn.clone, &turn.base);
    let grant = session.quoted("GRANT %I TO %I WITH INHERIT TRUE, SET TRUE", &[&base.0, &clone.0]).await?;
    Ok(refused(
        format!("{clone} is a member of {base} without INHERIT or SET, so it may be somebody else's account"),
        format!("if it is the clone of {base}, run as the superuser: {}", *grant),
    ))
}

async fn more_than_base(
    session: &mut PostgresSession,
    turn: &Turn,
    memberships: &[String],
    attributes: &[String],
) -> Result<EdgeError, EdgeError> {
    let (clone, base) = (&turn.clone, &turn.base);
    let (mut give, mut take) = (Vec::new(), Vec::new());
    for role in memberships {
        give.push(session.quoted("GRANT %I TO %I", &[role, &base.0]).await?.to_string());
        take.push(session.quoted("REVOKE %I FROM %I", &[role, &clone.0]).await?.to_string());
    }
    for attribute in attributes {
        give.push(session.quoted("ALTER ROLE %I %s", &[&base.0, attribute]).await?.to_string());
        take.push(session.quoted("ALTER ROLE %I NO%s", &[&clone.0, attribute]).await?.to_string());
    }
    Ok(rights_differ(turn, [memberships, attributes].concat().join(", "), &give, &take))
}

/// The refusal where a turn would cost the application a right, or give it one by a clone's name.
pub(super) fn rights_differ(
    turn: &Turn,
    what: impl std::fmt::Display,
    give: &[String],
    take: &[String],
) -> EdgeError {
    let (clone, base) = (&turn.clone, &turn.base);
    refused(
        format!("{clone} holds what {base} lacks: {what}"),
        format!("give it to {base} by: {}; or take it from {clone} by: {}", give.join("; "), take.join("; ")),
    )
}

fn no_replication(turn: &Turn) -> EdgeError {
    refused(
        format!("{} has REPLICATION, which no such superuser may give to {}", turn.base, turn.clone),
        format!(
            "as a role that may, create {} with REPLICATION and make it a member of {}",
            turn.clone, turn.base
        ),
    )
}

pub(super) fn refused(what: impl Into<String>, remedy: impl Into<String>) -> EdgeError {
    Refusal::Database { what: what.into(), remedy: remedy.into() }.into()
}
