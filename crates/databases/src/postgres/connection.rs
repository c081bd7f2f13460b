//! A signed-in connection: transactions, statements, locks, and what the server is.

use std::time::Duration;

use rotation::{CallError, Username};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Postgres, Row as _};
use zeroize::Zeroizing;

use super::begin::{Access, begin};
use super::errors;
use super::handshake::Challenge;
use super::query::{self, text};
use super::scram_users::ScramUsers;
use super::verifier::{Method, Storage};
use crate::dial::{Connector, RelayedConnection};
use crate::limits::within;
use crate::network_errors::not_understood;

/// A signed-in user's connection.
///
/// It changes nothing outside a transaction, not even a setting: behind a pooler the next client would inherit it.
pub(super) struct Connection {
    relayed: RelayedConnection<PgConnection>,
    /// How to open another connection to the same server.
    pub(super) connector: Connector,
    challenge: Challenge,
    /// Waiting for the lock of the user that this session changes has timed out before.
    lock_timed_out: bool,
    scram_users: ScramUsers,
}

/// How long another transaction about the same user is waited for, in all 2 s.
const LOCK_TRIES: usize = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

impl Connection {
    pub(super) fn new(
        relayed: RelayedConnection<PgConnection>,
        connector: Connector,
        challenge: Challenge,
    ) -> Self {
        Self { relayed, connector, challenge, lock_timed_out: false, scram_users: ScramUsers::default() }
    }

    /// Begins a transaction that looks names up in `pg_catalog` only. It gives up by itself on locks (2 s), on statements (15 s),
    /// and on this client (10 s): if the network fails, it would keep its locks for hours. In one message, so that no settings
    /// of the role take effect in between.
    pub(super) async fn begin(&mut self, access: Access) -> Result<(), CallError> {
        self.begin_with(access, "", &[]).await.map(|_| ())
    }

    /// The same, with a query in the same message; returns its rows, after those of [`begin`].
    pub(super) async fn begin_with(
        &mut self,
        access: Access,
        query: &str,
        values: &[String],
    ) -> Result<Vec<PgRow>, CallError> {
        let begin = format!("{}; {}", begin(access, self.version()), query::with(query, values));
        let begun = sqlx::raw_sql(AssertSqlSafe(begin)).fetch_all(&mut self.relayed.driver).await;
        begun.map_err(|error| errors::not_begun(&self.connector.server.endpoint, &error))
    }

    /// Begins a transaction that changes roles; returns how the server stores passwords in it.
    ///
    /// Its lock keeps two transactions about one user apart, but is no guarantee: anyone who may connect can take this lock too,
    /// and each database has its own. So it is waited for 2 s, and the change goes on without it: see [`super::role_change`].
    pub(super) async fn begin_change(
        &mut self,
        access: Access,
        base: &Username,
    ) -> Result<Storage, CallError> {
        // The second setting is of version 16 and later; 4096 is what older ones use.
        let lock = "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)) AS is_ours, \
            pg_catalog.current_setting('password_encryption') AS method, \
            coalesce(pg_catalog.current_setting('scram_iterations', true), '4096')::pg_catalog.int4 AS iterations";
        let key = [text(&format!("rotate:{base}"))];
        let mut tries = if self.lock_timed_out { 1 } else { LOCK_TRIES };
        let mut rows = self.begin_with(access, lock, &key).await?;
        loop {
            let row = rows.last().ok_or_else(|| self.no_rows())?;
            let is_ours: bool = self.get(row, "is_ours")?;
            tries -= 1;
            if is_ours || tries == 0 {
                self.lock_timed_out = !is_ours;
                let iterations: i32 = self.get(row, "iterations")?;
                return Ok(Storage {
                    method: self.get(row, "method")?,
                    iterations: iterations.unsigned_abs(),
                });
            }
            tokio::time::sleep(LOCK_PAUSE).await;
            rows = self.rows(lock, &key).await?;
        }
    }

    pub(super) async fn rollback(&mut self) -> Result<(), CallError> {
        self.execute("ROLLBACK").await
    }

    pub(super) async fn commit(&mut self) -> Result<(), CallError> {
        self.execute("COMMIT").await
    }

    pub(super) async fn execute(&mut self, statement: &'static str) -> Result<(), CallError> {
        let done = sqlx::raw_sql(statement).execute(&mut self.relayed.driver).await;
        done.map(|_| ()).map_err(|error| self.failure(&error))
    }

    /// Runs a statement that the server itself has quoted, see [`Self::quoted`].
    pub(super) async fn run(&mut self, template: &str, arguments: &[&str]) -> Result<(), CallError> {
        let statement = self.quoted(template, arguments).await?;
        let statement = AssertSqlSafe(statement.as_str().to_owned());
        let done = sqlx::raw_sql(statement).execute(&mut self.relayed.driver).await;
        done.map(|_| ()).map_err(|error| self.failure(&error))
    }

    /// Lets the server quote names and values in a statement: utility statements take no parameters, and only the server knows
    /// how it quotes. `template` holds `%I` for names and `%L` for values.
    async fn quoted(&mut self, template: &str, arguments: &[&str]) -> Result<Zeroizing<String>, CallError> {
        let values = [text(template), query::texts(arguments.iter().copied())];
        let row = self.row("SELECT pg_catalog.format($1, VARIADIC $2) AS statement", &values).await?;
        self.get(&row, "statement").map(Zeroizing::new)
    }

    /// Runs ALTER ROLE ... PASSWORD, which a password hook of the server may refuse.
    pub(super) async fn run_password_change(&mut self, statement: String) -> Result<(), CallError> {
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.relayed.driver).await;
        let failed = |error| errors::password_not_accepted(&self.connector.server.endpoint, &error);
        done.map(|_| ()).map_err(failed)
    }

    /// The first row; `values` as in [`query::with`].
    pub(super) async fn row(&mut self, query: &str, values: &[String]) -> Result<PgRow, CallError> {
        let first = self.rows(query, values).await?.into_iter().next();
        first.ok_or_else(|| self.no_rows())
    }

    pub(super) async fn rows(&mut self, query: &str, values: &[String]) -> Result<Vec<PgRow>, CallError> {
        let query = AssertSqlSafe(query::with(query, values));
        let rows = sqlx::raw_sql(query).fetch_all(&mut self.relayed.driver).await;
        rows.map_err(|error| self.failure(&error))
    }

    /// The error if a query lacks the row that it always returns.
    pub(super) fn no_rows(&self) -> CallError {
        not_understood(&self.connector.server.endpoint)
    }

    /// Reads a column of a row that a query of this crate returned.
    pub(super) fn get<'r, T>(&self, row: &'r PgRow, column: &str) -> Result<T, CallError>
    where
        T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
    {
        row.try_get(column).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &sqlx::Error) -> CallError {
        errors::statement_failed(&self.connector.server.endpoint, error)
    }

    /// The server's version as a number, 160004 for 16.4; 0 if it has not reported one.
    pub(super) fn version(&self) -> u32 {
        self.relayed.driver.server_version_num().unwrap_or_default()
    }

    /// Whether this is version 16 or later, where memberships have options.
    pub(super) fn has_membership_options(&self) -> bool {
        self.version() >= 160_000
    }

    /// Whether the server asked for the password by SCRAM-SHA-256.
    pub(super) fn used_scram(&self) -> bool {
        self.challenge == Challenge::ScramSha256
    }

    /// Makes passwords of these users be stored for SCRAM-SHA-256: by `pg_hba.conf` a superuser may be let in by md5, and the
    /// users whose passwords it sets by SCRAM-SHA-256 only.
    pub(super) fn set_scram_users(&mut self, users: &ScramUsers) {
        self.scram_users = users.clone();
    }

    /// The form of verifier by which the server lets `user` in: SCRAM-SHA-256 if this session or the last one of `user` was
    /// signed in by it, else what `password_encryption` names, which a role and a database may set for themselves.
    pub(super) fn verifier_method(&self, user: &Username, storage: &Storage) -> Result<Method, CallError> {
        let scram = Method::ScramSha256 { iterations: storage.iterations };
        match self.challenge {
            Challenge::ScramSha256 => Ok(scram),
            Challenge::Md5 if self.scram_users.contains(user) => Ok(scram),
            Challenge::Md5 => Method::of(&storage.method, scram),
        }
    }

    /// Whether the server is a replica.
    pub(super) async fn is_replica(&mut self) -> Result<bool, CallError> {
        self.begin(Access::Read).await?;
        let row = self.row("SELECT pg_catalog.pg_is_in_recovery() AS in_recovery", &[]).await?;
        let in_recovery = self.get(&row, "in_recovery")?;
        self.commit().await?;
        Ok(in_recovery)
    }

    /// Runs `work` within the time limit of a transaction.
    pub(super) async fn within_limit<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (limit, endpoint) = (self.connector.limits.transaction, self.connector.server.endpoint.clone());
        within(limit, &endpoint, work(self)).await
    }

    /// Closes the session.
    pub(super) async fn close(self) {
        self.relayed.close().await;
    }
}
