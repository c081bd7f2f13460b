//! What a clone holds in its own name, left by an earlier rotation function whose clone did not act as its base: objects, to
//! which the base has no access, and grants, which the base lacks.

use std::collections::BTreeMap;

use rotation::{Alternation, CallError, Refusal, Target, Username};
use tracing::warn;

use super::clone_check::rights_differ;
use super::connection::Connection;
use super::query;
use super::quoting::identifier;

/// A database in which the clone owns objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectsIn {
    pub(super) database: String,
    /// Whether it is neither the application's nor owned by a manager of the two users: its owner may deny connections.
    pub(super) is_strangers: bool,
    /// Whether it has a limit of connections of its own.
    pub(super) has_limit: bool,
}

/// The databases in which the clone owns objects or, if the base is next, holds grants that only a session in that database can
/// check (any user may read `pg_shdepend`). And the refusal if the base is next and lacks grants in this database.
///
/// Databases to which the clone cannot connect are left out with a warning, and so are grants in databases that no manager of the
/// two users owns: their owners could grant the clone anything, and then deny connections. Objects that the clone owns in these
/// are still reassigned if the owner allows it.
pub(super) async fn of_clone(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<(Vec<ObjectsIn>, Option<Refusal>), CallError> {
    // Default privileges and user mappings are owned too, but cannot be reassigned.
    let query = concat!(
        include_str!("managers.sql"),
        "SELECT coalesce(d.datname, pg_catalog.current_database())::pg_catalog.text AS database, \
         bool_or(s.deptype = 'o') AS owns, bool_or(s.deptype <> 'o') AS is_granted, \
         bool_or(s.dbid = 0 OR d.datname = pg_catalog.current_database()) AS is_here, \
         bool_or(s.dbid = 0 OR d.datname = pg_catalog.current_database() OR d.datallowconn AND d.datconnlimit NOT IN (0, -2) \
             AND pg_catalog.has_database_privilege(clone.oid, d.oid, 'CONNECT')) AS is_open, \
         bool_or(d.datdba IN (SELECT oid FROM managers)) IS TRUE AS is_managed, \
         bool_or(d.datconnlimit > 0) IS TRUE AS has_limit \
         FROM clone JOIN pg_catalog.pg_shdepend s ON s.refobjid = clone.oid \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid \
         WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
         AND s.deptype IN ('o', 'a', 'r') AND s.classid NOT IN ( \
             'pg_catalog.pg_default_acl'::pg_catalog.regclass, 'pg_catalog.pg_user_mapping'::pg_catalog.regclass) \
         GROUP BY 1 ORDER BY 1",
    );
    let (mut databases, mut grants_here, mut left_out) = (Vec::new(), false, Vec::new());
    for row in
        connection.rows(query, &[query::text(&alternation.base.0), query::text(&alternation.clone.0)]).await?
    {
        let database: String = connection.get(&row, "database")?;
        let owns: bool = connection.get(&row, "owns")?;
        let is_granted: bool = connection.get(&row, "is_granted")?;
        let is_here: bool = connection.get(&row, "is_here")?;
        let is_open: bool = connection.get(&row, "is_open")?;
        let is_managed: bool = connection.get(&row, "is_managed")?;
        let has_limit = connection.get(&row, "has_limit")?;
        grants_here |= is_granted && is_here;
        let may_be_lost = is_granted && !is_here && alternation.target == Target::Base;
        if is_open && (owns || may_be_lost && is_managed) {
            databases.push(ObjectsIn { database, is_strangers: !is_here && !is_managed, has_limit });
        } else if owns || may_be_lost {
            left_out.push(database);
        }
    }
    if !left_out.is_empty() {
        warn!(
            databases = ?left_out,
            "{} has objects or grants of its own in databases to which it cannot connect or that are somebody else's; they stay \
             as they are, and {} has no access to them",
            alternation.clone,
            alternation.base
        );
    }
    let could_be_lost = grants_here && alternation.target == Target::Base;
    let objection = if could_be_lost { check_own_grants(connection, alternation, true).await? } else { None };
    Ok((databases, objection))
}

/// The refusal if the clone holds a grant in this database, or a policy names it, that the base lacks and a trusted grantor made.
/// The application loses what others granted, with a warning: any role can grant that.
pub(super) async fn check_own_grants(
    connection: &mut Connection,
    alternation: &Alternation,
    is_applications: bool,
) -> Result<Option<Refusal>, CallError> {
    let known = concat!(include_str!("managers.sql"), include_str!("grants.sql"));
    let all = known.replace("-- From 15 on: ", "");
    let query = if connection.version() >= 150_000 { &all } else { known };
    let values =
        [query::text(&alternation.base.0), query::text(&alternation.clone.0), is_applications.to_string()];
    let (mut by_grantor, mut lost) = (BTreeMap::<String, (Vec<String>, Vec<String>)>::new(), Vec::new());
    for row in connection.rows(query, &values).await? {
        let (give, take) = (connection.get::<String>(&row, "give")?, connection.get(&row, "take")?);
        if connection.get(&row, "grantor_is_trusted")? {
            let (gives, takes) = by_grantor.entry(connection.get(&row, "grantor")?).or_default();
            gives.push(give);
            takes.push(take);
        } else {
            lost.push(give);
        }
    }
    if !lost.is_empty() {
        warn!(
            grants = ?lost,
            "{} holds what others than the administrators of {} granted to it; while {} is the current user, the application lacks \
             it, unless they run these",
            alternation.clone,
            alternation.base,
            alternation.base
        );
    }
    let count: usize = by_grantor.values().map(|(gives, _)| gives.len()).sum();
    // Only the grantor of a grant can revoke it, and can surely grant it again.
    let Some((grantor, (give, take))) = by_grantor.pop_first() else { return Ok(None) };
    let grantor = format!("the role {}", identifier(&Username(grantor)));
    let database = database_of(connection).await?;
    let what = format!("{count} grants or policies in its own name, in the database {database}");
    Ok(Some(rights_differ(alternation, what, &grantor, &give, &take)))
}

/// The database in which a person has to run the statements.
pub(super) async fn database_of(connection: &mut Connection) -> Result<String, CallError> {
    let query = "SELECT pg_catalog.current_database()::pg_catalog.text AS database";
    let row = connection.row(query, &[]).await?;
    connection.get(&row, "database")
}
