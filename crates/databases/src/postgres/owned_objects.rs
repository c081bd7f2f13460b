//! What a clone holds in its own name, left by an earlier rotation function whose clone was not its base:
//! objects, which are closed to the base, and grants, which the base lacks.

use std::collections::BTreeMap;

use rotation::ports::ObjectsIn;
use rotation::{Alternation, CallError, Cause, Refusal, Target, Username, run_as};
use tracing::warn;

use super::begin::Access;
use super::clone_check::{identifier, refused, rights_differ, text};
use super::query;
use super::session::PostgresSession;

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

/// Hands the clone's objects to its base, in sessions of the clone, one for each database, of which one may be the
/// application's own and some a stranger's: all are looked at before any is changed. Each hand-over is atomic.
///
/// # Errors
/// A lock that somebody holds is a failure: readers would queue behind a longer wait, and a rotation that
/// left objects behind must not be promoted.
pub(super) async fn reassign_owned(
    mut sessions: Vec<(PostgresSession, Place)>,
    alternation: &Alternation,
) -> Result<(), CallError> {
    for (session, place) in &mut sessions {
        // The clone's `role` setting would make it the base, which owns none of this yet.
        session.begin_change(Access::WriteAsItself, &alternation.base).await?;
        if alternation.target == Target::Base
            && let Some(refusal) =
                grants_of_its_own(session, alternation, *place == Place::Applications).await?
        {
            match place {
                Place::Applications | Place::Administrators => return Err(refusal.into()),
                Place::Strangers => warn!("{refusal}"),
            }
        }
        refuse_closed_schemas(session, alternation).await?;
    }
    for (session, _) in &mut sessions {
        schemas_first(session, alternation).await.map_err(|error| explained(error, alternation))?;
        let reassigned =
            session.run("REASSIGN OWNED BY %I TO %I", &[&alternation.clone.0, &alternation.base.0]).await;
        reassigned.map_err(|error| explained(error, alternation))?;
        session.commit().await?;
    }
    for (session, _) in sessions {
        rotation::ports::Session::close(Box::new(session)).await;
    }
    Ok(())
}

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Applications,
    Administrators,
    Strangers,
}

/// Says what stays with the clone in a stranger's database, who could else stop every turn.
///
/// # Errors
/// What passes by itself: the objects are the application's, and a later attempt hands them over.
pub(super) fn left_at_a_strangers(
    database: &str,
    alternation: &Alternation,
    error: CallError,
) -> Result<(), CallError> {
    let passes = matches!(
        error.cause(),
        Some(
            Cause::TooManyConnections
                | Cause::ServerUnavailable
                | Cause::NotAnswering
                | Cause::Unreachable
                | Cause::LockTimeout
                | Cause::ConcurrentChange
        )
    );
    if passes {
        return Err(error);
    }
    warn!(
        database,
        "{} keeps its objects in this database, which is somebody else's, and {} has no part in them: {error}",
        alternation.clone,
        alternation.base
    );
    Ok(())
}

fn explained(error: CallError, alternation: &Alternation) -> CallError {
    match &error {
        CallError::Failed { cause: Cause::MissingPrivilege, answer } => refused(
            format!("objects of {} cannot be handed to {} ({answer})", alternation.clone, alternation.base),
            format!(
                "as their owner or a superuser, run ALTER ... OWNER TO for {}, or drop them",
                alternation.base
            ),
        ),
        CallError::Failed { .. } | CallError::Refused(_) => error,
    }
}

/// REASSIGN OWNED takes objects in no order of its own, and what is in a schema that is the clone's as well may go only to who may
/// create there (`placed.sql`).
async fn schemas_first(session: &mut PostgresSession, alternation: &Alternation) -> Result<(), CallError> {
    let query = concat!(
        include_str!("placed.sql"),
        "SELECT n.nspname::pg_catalog.text AS schema FROM pg_catalog.pg_namespace n \
         JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE r.rolname = $2 \
         AND NOT pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'CREATE') \
         AND (n.oid, r.oid) IN (SELECT namespace, owner FROM placed)",
    );
    for row in
        session.rows(query, &[query::text(&alternation.base.0), query::text(&alternation.clone.0)]).await?
    {
        let schema: String = session.get(&row, "schema")?;
        session.run("ALTER SCHEMA %I OWNER TO %I", &[&schema, &alternation.base.0]).await?;
    }
    Ok(())
}

/// A new owner of a function and its like (`placed.sql`) needs CREATE in its schema, and a schema changes hands only where the
/// clone may create schemas. What is temporary nobody may create there for another session: it ends with its own.
async fn refuse_closed_schemas(
    session: &mut PostgresSession,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let query = concat!(
        include_str!("placed.sql"),
        ", clone AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2) \
         SELECT DISTINCT pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, $1) AS cure, \
         pg_catalog.pg_is_other_temp_schema(n.oid) AS is_temporary \
         FROM clone JOIN placed p ON p.owner = clone.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.namespace \
         WHERE n.nspowner <> clone.oid AND NOT pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'CREATE') \
         UNION ALL \
         SELECT pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I', pg_catalog.current_database(), $1), false \
         WHERE EXISTS (SELECT FROM pg_catalog.pg_namespace, clone WHERE nspowner = clone.oid) \
         AND NOT pg_catalog.has_database_privilege($2::pg_catalog.name, pg_catalog.current_database(), 'CREATE') \
         ORDER BY 1",
    );
    let mut cures: Vec<String> = Vec::new();
    for row in
        session.rows(query, &[query::text(&alternation.base.0), query::text(&alternation.clone.0)]).await?
    {
        if session.get(&row, "is_temporary")? {
            return Err(owns_what_is_temporary(alternation, &database_of(session).await?));
        }
        cures.push(session.get(&row, "cure")?);
    }
    if cures.is_empty() {
        return Ok(());
    }
    let database = database_of(session).await?;
    Err(refused(
        format!(
            "{} owns objects where {} may not create any, so they cannot be handed over (in the database {database})",
            alternation.clone, alternation.base
        ),
        run_as("the owner of the schema or database", &cures),
    ))
}

/// Sessions that begin later act as the base, which owns what they make.
fn owns_what_is_temporary(alternation: &Alternation, database: &str) -> CallError {
    let clone = identifier(&alternation.clone);
    let ends = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = {} \
         AND datname = {} AND pid <> pg_backend_pid()",
        text(&alternation.clone.0),
        text(database)
    );
    refused(
        format!(
            "sessions of {} hold temporary functions in its own name, which cannot be handed over and end with them",
            alternation.clone
        ),
        run_as(&format!("the role {clone}"), &["SET ROLE NONE", &ends]),
    )
}

/// The refusal where the clone holds a grant in this database, or a policy names it, that the base lacks and somebody gave who
/// is asked for what the application may do. What others gave is lost to the application, with a warning: anybody can give it.
async fn grants_of_its_own(
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
async fn database_of(session: &mut PostgresSession) -> Result<String, CallError> {
    let query = "SELECT pg_catalog.current_database()::pg_catalog.text AS database";
    let row = session.row(query, &[]).await?;
    session.get(&row, "database")
}
