//! Makes the base the owner of what its clone owns.

use async_trait::async_trait;
use rotation::ports::{OwnedObjects, UserSession};
use rotation::{Alternation, CallError, Cause, Password, Server, Target, run_as};
use tracing::warn;

use super::begin::Access;
use super::clone_check::{identifier, refused, text};
use super::owned_objects::{ObjectsIn, database_of, grants_of_its_own};
use super::session::PostgresSession;
use super::{query, sign_in};
use crate::connect::{Limits, within};
use crate::tls::TrustAnchors;

/// The objects that a clone owns, and how to sign in to the databases that hold them.
pub(super) struct OwnedByClone {
    databases: Vec<ObjectsIn>,
    alternation: Alternation,
    trusted: TrustAnchors,
    limits: Limits,
}

impl OwnedByClone {
    /// `None` if the clone owns no objects.
    pub(super) fn if_any(
        databases: Vec<ObjectsIn>,
        alternation: &Alternation,
        trusted: TrustAnchors,
        limits: Limits,
    ) -> Option<Box<dyn OwnedObjects>> {
        let owned = Self { databases, alternation: alternation.clone(), trusted, limits };
        if owned.databases.is_empty() { None } else { Some(Box::new(owned)) }
    }

    async fn reassign_in(
        &self,
        server: &Server,
        password: &Password,
        places: &[(&str, Place)],
    ) -> Result<(), CallError> {
        let mut sessions = Vec::new();
        for (database, place) in places {
            let server = Server { database: Some((*database).to_owned()), ..server.clone() };
            let options = sign_in::options(&server, &self.alternation.clone, password);
            let session = sign_in::session(options, &server, &self.trusted, self.limits).await?;
            sessions.push((session, *place));
        }
        within(self.limits.transaction, &server.endpoint, reassign_owned(sessions, &self.alternation)).await
    }
}

#[async_trait]
impl OwnedObjects for OwnedByClone {
    fn databases(&self) -> Vec<&str> {
        self.databases.iter().map(|objects| objects.database.as_str()).collect()
    }

    async fn reassign(&self, server: &Server, password: &Password) -> Result<(), CallError> {
        let own = server.database.as_deref().unwrap_or(sign_in::DEFAULT_DATABASE);
        let ours = self.databases.iter().filter(|objects| !objects.is_strangers).map(|objects| {
            let place = if objects.database == own { Place::Applications } else { Place::Administrators };
            (objects.database.as_str(), place)
        });
        self.reassign_in(server, password, &ours.collect::<Vec<_>>()).await?;
        for ObjectsIn { database, .. } in self.databases.iter().filter(|objects| objects.is_strangers) {
            let place = [(database.as_str(), Place::Strangers)];
            if let Err(error) = self.reassign_in(server, password, &place).await {
                left_at_a_strangers(database, &self.alternation, error)?;
            }
        }
        Ok(())
    }
}

/// Hands the clone's objects to its base, in sessions of the clone, one for each database, of which one may be the
/// application's own and some a stranger's: all are looked at before any is changed. Each hand-over is atomic.
///
/// # Errors
/// A lock that somebody holds is a failure: readers would queue behind a longer wait, and a rotation that
/// left objects behind must not be promoted.
async fn reassign_owned(
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
        UserSession::close(Box::new(session)).await;
    }
    Ok(())
}

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Applications,
    Administrators,
    Strangers,
}

/// Says what stays with the clone in a stranger's database, who could else stop every turn.
///
/// # Errors
/// What passes by itself: the objects are the application's, and a later attempt hands them over.
fn left_at_a_strangers(database: &str, alternation: &Alternation, error: CallError) -> Result<(), CallError> {
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
