//! Ending a role's sessions: a role may end its own (PostgreSQL documentation, "Server Signaling Functions").

use std::time::Duration;

use async_trait::async_trait;
use rotation::ports::SignIn;
use rotation::{CallError, Password, Server, Username};
use sqlx::Row as _;

use super::Postgres;
use super::begin::Access;
use super::connection::Connection;
use super::query::text;
use super::sign_in::{self, sign_in};
use crate::revocation::{AccountOfUser, EndsSessions, Revokes};

/// The sessions of the role that signed in, which is not what it acts as. Those that began in the same microsecond count as older.
const OLDER: &str = "SELECT a.pid::pg_catalog.int8 AS pid, pg_catalog.pg_terminate_backend(a.pid) AS signalled \
    FROM pg_catalog.pg_stat_activity a WHERE a.usename = session_user AND a.pid <> pg_catalog.pg_backend_pid() \
    AND a.backend_start <= (SELECT own.backend_start FROM pg_catalog.pg_stat_activity own \
        WHERE own.pid = pg_catalog.pg_backend_pid())";

#[async_trait]
impl Revokes for Postgres {
    async fn sign_in_to_end_sessions(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn EndsSessions>, CallError> {
        let options = sign_in::options(server, user, password);
        let outcome = sign_in(&self.connector(server), options).await?;
        Ok(SignIn::from(outcome).map::<dyn EndsSessions>(|connection| connection))
    }

    /// A role is one account, whatever the host.
    fn has_accounts_by_host(&self) -> bool {
        false
    }

    async fn accounts_of(
        &self,
        _server: &Server,
        _administrator: (&Username, &Password),
        _users: &[&Username],
        _password: &Password,
    ) -> Result<SignIn<Vec<AccountOfUser>>, CallError> {
        Ok(SignIn::Accepted(Box::default()))
    }
}

#[async_trait]
impl EndsSessions for Connection {
    async fn end_older(&mut self) -> Result<Vec<i64>, CallError> {
        self.within_limit(async |connection| {
            // A clone acts as its base, and would not see its own sessions.
            let query = format!("SET LOCAL ROLE NONE; {OLDER}");
            let rows = connection.begin_with(Access::Read, &query, &[]).await?;
            let ended = rows.iter().filter(|row| row.len() == 2).map(|row| connection.get(row, "pid"));
            let ended = ended.collect::<Result<Vec<i64>, _>>()?;
            connection.commit().await?;
            Ok(ended)
        })
        .await
    }

    /// A role has one password.
    async fn discard_old_password(&mut self, _used: &Password) -> Result<bool, CallError> {
        Ok(false)
    }

    async fn longest_sign_in(&mut self) -> Result<Duration, CallError> {
        self.within_limit(async |connection| {
            connection.begin(Access::Read).await?;
            let query =
                "SELECT setting::pg_catalog.int8 AS seconds FROM pg_catalog.pg_settings WHERE name = $1";
            let row = connection.row(query, &[text("authentication_timeout")]).await?;
            let seconds: i64 = connection.get(&row, "seconds")?;
            connection.commit().await?;
            Ok(Duration::from_secs(seconds.unsigned_abs()))
        })
        .await
    }

    async fn close(self: Box<Self>) {
        (*self).close().await;
    }
}
