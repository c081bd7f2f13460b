//! Makes the base the owner of what its clone owns.

use async_trait::async_trait;
use rotation::ports::OwnedObjects;
use rotation::{Alternation, CallError, Cause, Password, Server, Target, run_as};
use tracing::warn;

use super::begin::Access;
use super::connection::Connection;
use super::errors::refused;
use super::owned_objects::{ObjectsIn, check_own_grants, database_of};
use super::query;
use super::quoting::{identifier, literal};
use super::sign_in::{DEFAULT_DATABASE, sign_in_again};
use crate::dial::Connector;
use crate::limits::within;

/// The objects that a clone owns, and how to sign in to the databases that hold them.
pub(super) struct OwnedByClone {
    databases: Vec<ObjectsIn>,
    alternation: Alternation,
    connector: Connector,
}

impl OwnedByClone {
    /// `None` if the clone owns no objects.
    pub(super) fn if_any(
        databases: Vec<ObjectsIn>,
        alternation: &Alternation,
        connector: Connector,
    ) -> Option<Box<dyn OwnedObjects>> {
        let owned = Self { databases, alternation: alternation.clone(), connector };
        if owned.databases.is_empty() { None } else { Some(Box::new(owned)) }
    }

    async fn reassign_in(
        &self,
        server: &Server,
        password: &Password,
        databases: &[(&str, DatabaseOwner)],
    ) -> Result<(), CallError> {
        let mut connections = Vec::new();
        for (database, owner) in databases {
            let server = Server { database: Some((*database).to_owned()), ..server.clone() };
            let connector = Connector { server, ..self.connector.clone() };
            let connection = sign_in_again(&connector, &self.alternation.clone, password).await?;
            connections.push((connection, *owner));
        }
        let reassigned = reassign_owned(connections, &self.alternation);
        within(self.connector.limits.transaction, &server.endpoint, reassigned).await
    }
}

#[async_trait]
impl OwnedObjects for OwnedByClone {
    fn databases(&self) -> Vec<&str> {
        self.databases.iter().map(|objects| objects.database.as_str()).collect()
    }

    async fn reassign(&self, server: &Server, password: &Password) -> Result<(), CallError> {
        let own = server.database.as_deref().unwrap_or(DEFAULT_DATABASE);
        let ours = self.databases.iter().filter(|objects| !objects.is_strangers).map(|objects| {
            let is_own = objects.database == own;
            let owner = if is_own { DatabaseOwner::Application } else { DatabaseOwner::Administrator };
            (objects.database.as_str(), owner)
        });
        self.reassign_in(server, password, &ours.collect::<Vec<_>>()).await?;
        for objects in self.databases.iter().filter(|objects| objects.is_strangers) {
            let strangers = [(objects.database.as_str(), DatabaseOwner::Stranger)];
            if let Err(error) = self.reassign_in(server, password, &strangers).await {
                tolerate_failure(objects, &self.alternation, error)?;
            }
        }
        Ok(())
    }
}

/// Reassigns the clone's objects to its base, in sessions of the clone, one for each database. All databases are checked before
/// any is changed. Each REASSIGN is atomic.
///
/// # Errors
/// Also if a lock is held: readers would queue behind a longer wait, and a rotation that leaves objects to the clone must not be
/// promoted.
async fn reassign_owned(
    mut connections: Vec<(Connection, DatabaseOwner)>,
    alternation: &Alternation,
) -> Result<(), CallError> {
    for (connection, owner) in &mut connections {
        // As the clone itself: by its `role` setting it would act as the base, which owns none of this yet.
        connection.begin_change(Access::WriteAsItself, &alternation.base).await?;
        if alternation.target == Target::Base
            && let Some(refusal) =
                check_own_grants(connection, alternation, *owner == DatabaseOwner::Application).await?
        {
            match owner {
                DatabaseOwner::Application | DatabaseOwner::Administrator => return Err(refusal.into()),
                DatabaseOwner::Stranger => warn!("{refusal}"),
            }
        }
        check_schemas(connection, alternation).await?;
    }
    for (connection, _) in &mut connections {
        reassign_schemas(connection, alternation).await.map_err(|error| explain(error, alternation))?;
        let reassigned =
            connection.run("REASSIGN OWNED BY %I TO %I", &[&alternation.clone.0, &alternation.base.0]).await;
        reassigned.map_err(|error| explain(error, alternation))?;
        connection.commit().await?;
    }
    for (connection, _) in connections {
        connection.close().await;
    }
    Ok(())
}

/// Who owns a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DatabaseOwner {
    /// It is the application's own database.
    Application,
    /// A manager of the two users owns it.
    Administrator,
    /// Somebody else owns it.
    Stranger,
}

/// Warns that objects stay with the clone in somebody else's database, whose owner could otherwise stop every rotation.
///
/// # Errors
/// If the failure is temporary: the objects are the application's, and a later attempt can reassign them.
fn tolerate_failure(
    objects: &ObjectsIn,
    alternation: &Alternation,
    error: CallError,
) -> Result<(), CallError> {
    let is_temporary = match error.cause() {
        // By a limit of the database, its owner can keep everybody out with a single session.
        Some(Cause::TooManyConnections) => !objects.has_limit,
        cause => matches!(
            cause,
            Some(
                Cause::ServerUnavailable
                    | Cause::NotAnswering
                    | Cause::Unreachable
                    | Cause::LockTimeout
                    | Cause::ConcurrentChange
            )
        ),
    };
    if is_temporary {
        return Err(error);
    }
    warn!(
        database = objects.database,
        "{} keeps its objects in this database, which is somebody else's, and {} has no access to them: {error}",
        alternation.clone,
        alternation.base
    );
    Ok(())
}

fn explain(error: CallError, alternation: &Alternation) -> CallError {
    match &error {
        CallError::Failed { cause: Cause::MissingPrivilege, response } => refused(
            format!(
                "objects of {} cannot be reassigned to {} ({response})",
                alternation.clone, alternation.base
            ),
            format!(
                "as their owner or a superuser, run ALTER ... OWNER TO for {}, or drop them",
                alternation.base
            ),
        ),
        CallError::Failed { .. } | CallError::Refused(_) => error,
    }
}

/// Reassigns the clone's schemas first: REASSIGN OWNED has no fixed order, and the new owner of some objects must be allowed to
/// create in their schema (`placed.sql`).
async fn reassign_schemas(connection: &mut Connection, alternation: &Alternation) -> Result<(), CallError> {
    let query = concat!(
        include_str!("placed.sql"),
        "SELECT n.nspname::pg_catalog.text AS schema FROM pg_catalog.pg_namespace n \
         JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE r.rolname = $2 \
         AND NOT pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'CREATE') \
         AND (n.oid, r.oid) IN (SELECT namespace, owner FROM placed)",
    );
    for row in
        connection.rows(query, &[query::text(&alternation.base.0), query::text(&alternation.clone.0)]).await?
    {
        let schema: String = connection.get(&row, "schema")?;
        connection.run("ALTER SCHEMA %I OWNER TO %I", &[&schema, &alternation.base.0]).await?;
    }
    Ok(())
}

/// Refuses if the base lacks CREATE in a schema where the new owner needs it (`placed.sql`), or if the clone, which has to create
/// schemas to reassign its own, may not. Temporary functions cannot be reassigned: they are dropped with their session.
async fn check_schemas(connection: &mut Connection, alternation: &Alternation) -> Result<(), CallError> {
    let query = concat!(
        include_str!("placed.sql"),
        ", clone AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2) \
         SELECT DISTINCT pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, $1) AS statement, \
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
    let mut grants: Vec<String> = Vec::new();
    for row in
        connection.rows(query, &[query::text(&alternation.base.0), query::text(&alternation.clone.0)]).await?
    {
        if connection.get(&row, "is_temporary")? {
            return Err(owns_temporary_functions(alternation, &database_of(connection).await?));
        }
        grants.push(connection.get(&row, "statement")?);
    }
    if grants.is_empty() {
        return Ok(());
    }
    let database = database_of(connection).await?;
    Err(refused(
        format!(
            "{} owns objects in schemas where {} may not create any, so they cannot be reassigned (in the database {database})",
            alternation.clone, alternation.base
        ),
        run_as("the owner of the schema or database", &grants),
    ))
}

/// Sessions that begin later act as the base, which owns what they create.
fn owns_temporary_functions(alternation: &Alternation, database: &str) -> CallError {
    let clone = identifier(&alternation.clone);
    let terminate = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = {} \
         AND datname = {} AND pid <> pg_backend_pid()",
        literal(&alternation.clone.0),
        literal(database)
    );
    refused(
        format!(
            "sessions of {} hold temporary functions in its own name, which cannot be reassigned and are dropped with these sessions",
            alternation.clone
        ),
        run_as(&format!("the role {clone}"), &["SET ROLE NONE", &terminate]),
    )
}
