//! What a clone holds in its own name, left by an earlier rotation function whose clone was not its base:
//! objects, which are closed to the base, and grants, which the base lacks.

use std::collections::BTreeMap;

use rotation::{Alternation, CallError, Refusal, Target, Username};
use tracing::warn;

use super::clone_check::{identifier, rights_differ};
use super::query;
use super::session::PostgresSession;

/// A database in which the clone owns objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectsIn {
    pub(super) database: String,
    /// Whether it is neither the application's nor of an administrator of the two users: its owner may close it.
    pub(super) is_strangers: bool,
}

/// The databases in which the clone owns objects, or, when the base's turn comes, holds grants that this
/// session cannot judge. Any user may read `pg_shdepend`. And what stands in the way of the base's turn: grants in this
/// database that the base lacks.
///
/// Left out, with a warning, is a database that is closed to the clone, and one that nobody owns who manages the two users: its
/// owner could give the clone anything, and then close it. What the clone owns in such a one is still handed over where the owner
/// lets it.
pub(super) async fn of_clone(
    session: &mut PostgresSession,
    alternation: &Alternation,
) -> Result<(Vec<ObjectsIn>, Option<Refusal>), CallError> {
    // Default privileges and user mappings are owned too, but cannot be handed over.
    let query = concat!(
        include_str!("managers.sql"),
        "SELECT coalesce(d.datname, pg_catalog.current_database())::pg_catalog.text AS database, \
         bool_or(s.deptype = 'o') AS owns, bool_or(s.deptype <> 'o') AS is_granted, \
         bool_or(s.dbid = 0 OR d.datname = pg_catalog.current_database()) AS is_here, \
         bool_or(s.dbid = 0 OR d.datname = pg_catalog.current_database() OR d.datallowconn AND d.datconnlimit NOT IN (0, -2) \
             AND pg_catalog.has_database_privilege(clone.oid, d.oid, 'CONNECT')) AS is_open, \
         bool_or(d.datdba IN (SELECT oid FROM managers)) IS TRUE AS is_managed \
         FROM clone JOIN pg_catalog.pg_shdepend s ON s.refobjid = clone.oid \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid \
         WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
         AND s.deptype IN ('o', 'a', 'r') AND s.classid NOT IN ( \
             'pg_catalog.pg_default_acl'::pg_catalog.regclass, 'pg_catalog.pg_user_mapping'::pg_catalog.regclass) \
         GROUP BY 1 ORDER BY 1",
    );
    let (mut databases, mut grants_here, mut left_out) = (Vec::new(), false, Vec::new());
    for row in
        session.rows(query, &[query::text(&alternation.base.0), query::text(&alternation.clone.0)]).await?
    {
        let database: String = session.get(&row, "database")?;
        let owns: bool = session.get(&row, "owns")?;
        let is_granted: bool = session.get(&row, "is_granted")?;
        let is_here: bool = session.get(&row, "is_here")?;
        let is_open: bool = session.get(&row, "is_open")?;
        let is_managed: bool = session.get(&row, "is_managed")?;
        grants_here |= is_granted && is_here;
        let may_cost = is_granted && !is_here && alternation.target == Target::Base;
        if is_open && (owns || may_cost && is_managed) {
            databases.push(ObjectsIn { database, is_strangers: !is_here && !is_managed });
        } else if owns || may_cost {
            left_out.push(database);
        }
    }
    if !left_out.is_empty() {
        warn!(
            databases = ?left_out,
            "{} has objects or grants of its own in databases that are closed to it or somebody else's; they stay as they are, \
             and {} has no part in them",
            alternation.clone,
            alternation.base
        );
    }
    let in_the_way = grants_here && alternation.target == Target::Base;
    let objection = if in_the_way { grants_of_its_own(session, alternation, true).await? } else { None };
    Ok((databases, objection))
}

/// The refusal where the clone holds a grant in this database, or a policy names it, that the base lacks and somebody gave who
/// is asked for what the application may do. What others gave is lost to the application, with a warning: anybody can give it.
pub(super) async fn grants_of_its_own(
    session: &mut PostgresSession,
    alternation: &Alternation,
    is_applications: bool,
) -> Result<Option<Refusal>, CallError> {
    let known = concat!(include_str!("managers.sql"), include_str!("grants.sql"));
    let all = known.replace("-- From 15 on: ", "");
    let query = if session.version() >= 150_000 { &all } else { known };
    let values =
        [query::text(&alternation.base.0), query::text(&alternation.clone.0), is_applications.to_string()];
    let (mut by_grantor, mut lost) = (BTreeMap::<String, (Vec<String>, Vec<String>)>::new(), Vec::new());
    for row in session.rows(query, &values).await? {
        let (give, take) = (session.get::<String>(&row, "give")?, session.get(&row, "take")?);
        if session.get(&row, "is_asked_for")? {
            let (gives, takes) = by_grantor.entry(session.get(&row, "grantor")?).or_default();
            gives.push(give);
            takes.push(take);
        } else {
            lost.push(give);
        }
    }
    if !lost.is_empty() {
        warn!(
            grants = ?lost,
            "{} holds what others than the administrators of {} gave it; in the turn of {} the application is without, unless \
             they run these",
            alternation.clone,
            alternation.base,
            alternation.base
        );
    }
    let count: usize = by_grantor.values().map(|(gives, _)| gives.len()).sum();
    // Only who made a grant takes it back, and at least that role may make it again.
    let Some((grantor, (give, take))) = by_grantor.pop_first() else { return Ok(None) };
    let grantor = format!("the role {}", identifier(&Username(grantor)));
    let database = database_of(session).await?;
    let what = format!("{count} grants or policies in its own name, in the database {database}");
    Ok(Some(rights_differ(alternation, what, &grantor, &give, &take)))
}

/// Where a person runs what is printed.
pub(super) async fn database_of(session: &mut PostgresSession) -> Result<String, CallError> {
    let query = "SELECT pg_catalog.current_database()::pg_catalog.text AS database";
    let row = session.row(query, &[]).await?;
    session.get(&row, "database")
}
