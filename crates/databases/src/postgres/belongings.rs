//! What a clone holds in its own name, left by an earlier rotation function whose clone was not its base:
//! objects, which are closed to the base, and grants, which the base lacks.

use rotation::{Cause, EdgeError, Next, Refusal, Turn, run_as};

use super::clone_check::{refused, rights_differ};
use super::session::{Access, PostgresSession};

/// The databases in which the clone owns objects, or, when the base's turn comes, holds grants that this
/// session cannot judge. Any user may read `pg_shdepend`. And what stands in the way of the base's turn: grants in this
/// database that the base lacks.
pub(super) async fn of_clone(
    session: &mut PostgresSession,
    turn: &Turn,
) -> Result<(Vec<String>, Option<Refusal>), EdgeError> {
    // Default privileges and user mappings are owned too, but cannot be handed over.
    let query = sqlx::query(
        "SELECT DISTINCT coalesce(d.datname, pg_catalog.current_database())::pg_catalog.text AS database, \
         s.deptype::pg_catalog.text AS kind, \
         s.dbid = 0 OR d.datname = pg_catalog.current_database() AS is_here \
         FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid \
         WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND r.rolname = $1 \
         AND s.deptype IN ('o', 'a', 'r') AND s.classid NOT IN ( \
             'pg_catalog.pg_default_acl'::pg_catalog.regclass, 'pg_catalog.pg_user_mapping'::pg_catalog.regclass) \
         ORDER BY 1",
    );
    let (mut databases, mut grants_here) = (Vec::new(), false);
    for row in session.rows(query.bind(&turn.clone.0)).await? {
        let owns = session.get::<String>(&row, "kind")? == "o";
        let is_here: bool = session.get(&row, "is_here")?;
        grants_here |= !owns && is_here;
        if owns || (turn.next == Next::Base && !is_here) {
            databases.push(session.get(&row, "database")?);
        }
    }
    databases.dedup();
    let in_the_way = grants_here && turn.next == Next::Base;
    let objection = if in_the_way { grants_of_its_own(session, turn).await? } else { None };
    Ok((databases, objection))
}

/// Hands the clone's objects to its base, in sessions of the clone, one for each database: all are looked at
/// before any is changed. Each hand-over is atomic.
///
/// # Errors
/// A lock that somebody holds is a failure: readers would queue behind a longer wait, and a rotation that
/// left objects behind must not be promoted.
pub(super) async fn hand_back(mut sessions: Vec<PostgresSession>, turn: &Turn) -> Result<(), EdgeError> {
    for session in &mut sessions {
        session.begin(Access::Write).await?;
        // The clone's `role` setting would make it the base, which owns none of this yet.
        session.execute("SET LOCAL ROLE NONE").await?;
        session.lock(&turn.base).await?;
        if turn.next == Next::Base
            && let Some(refusal) = grants_of_its_own(session, turn).await?
        {
            return Err(refusal.into());
        }
        refuse_closed_schemas(session, turn).await?;
    }
    for session in &mut sessions {
        let reassigned = session.run("REASSIGN OWNED BY %I TO %I", &[&turn.clone.0, &turn.base.0]).await;
        reassigned.map_err(|error| explained(error, turn))?;
        session.commit().await?;
    }
    for session in sessions {
        rotation::edges::Session::close(Box::new(session)).await;
    }
    Ok(())
}

fn explained(error: EdgeError, turn: &Turn) -> EdgeError {
    match &error {
        EdgeError::Failed { cause: Cause::MissingPrivilege, answer } => refused(
            format!("objects of {} cannot be handed to {} ({answer})", turn.clone, turn.base),
            format!("as their owner or a superuser, run ALTER ... OWNER TO for {}, or drop them", turn.base),
        ),
        EdgeError::Failed { .. } | EdgeError::Refused(_) => error,
    }
}

/// A new owner of a function needs CREATE in its schema, and a schema changes hands only where the clone may
/// create schemas. Tables, views, sequences and types go anywhere.
async fn refuse_closed_schemas(session: &mut PostgresSession, turn: &Turn) -> Result<(), EdgeError> {
    let query = sqlx::query(
        "WITH clone AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2) \
         SELECT DISTINCT pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, $1) AS cure \
         FROM clone JOIN pg_catalog.pg_proc p ON p.proowner = clone.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE NOT pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'CREATE') \
         UNION ALL \
         SELECT pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I', pg_catalog.current_database(), $1) \
         WHERE EXISTS (SELECT FROM pg_catalog.pg_namespace, clone WHERE nspowner = clone.oid) \
         AND NOT pg_catalog.has_database_privilege($2::pg_catalog.name, pg_catalog.current_database(), 'CREATE') \
         ORDER BY 1",
    );
    let mut cures: Vec<String> = Vec::new();
    for row in session.rows(query.bind(&turn.base.0).bind(&turn.clone.0)).await? {
        cures.push(session.get(&row, "cure")?);
    }
    if cures.is_empty() {
        return Ok(());
    }
    Err(refused(
        format!(
            "{} owns objects where {} may not create any, so they cannot be handed over",
            turn.clone, turn.base
        ),
        run_as("the owner of the schema or database", &cures),
    ))
}

/// The refusal where the clone holds a grant in this database, or a policy names it, that the base lacks.
async fn grants_of_its_own(session: &mut PostgresSession, turn: &Turn) -> Result<Option<Refusal>, EdgeError> {
    let query = sqlx::query(include_str!("grants.sql"));
    let (mut give, mut take) = (Vec::new(), Vec::new());
    for row in session.rows(query.bind(&turn.base.0).bind(&turn.clone.0)).await? {
        give.push(session.get(&row, "give")?);
        take.push(session.get(&row, "take")?);
    }
    if give.is_empty() {
        return Ok(None);
    }
    let what = format!("{} grants or policies in its own name", give.len());
    Ok(Some(rights_differ(turn, what, &give, &take)))
}
