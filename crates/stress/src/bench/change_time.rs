//! When a password was changed, as the database recorded it.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use testbed::postgres;
use testbed::{
    App, MySql, MySqlOptions, Postgres, PostgresOptions, Server, mysql_versions, postgres_versions,
};

/// A server that records when a password was changed.
#[async_trait]
pub(super) trait ChangeTime: Server {
    /// When the last change of this user's password took effect. `None` if there was no change.
    async fn changed(&self, app: &App) -> Option<SystemTime>;
}

/// Starts a server for the function of this name.
pub(super) async fn start(function: &str) -> Box<dyn ChangeTime> {
    if function.starts_with("mysql") {
        Box::new(MySql::start(mysql_versions()[0], MySqlOptions::default()).await)
    } else {
        let settings = [("track_commit_timestamp", "on")];
        let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
        Box::new(Postgres::start(postgres_versions()[0], options).await)
    }
}

#[async_trait]
impl ChangeTime for Postgres {
    /// The commit of the transaction that last wrote the user's row.
    async fn changed(&self, app: &App) -> Option<SystemTime> {
        let user = postgres::text(app.user());
        let query = format!(
            "SELECT (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint FROM pg_authid \
             WHERE rolname = {user}"
        );
        let microseconds = self.values("postgres", &query).await.first()?.parse().ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_micros(microseconds))
    }
}

#[async_trait]
impl ChangeTime for MySql {
    /// When the server read the last statement that changes one's own password, which commits by itself: its execution
    /// counts as well. One rotation runs at a time.
    async fn changed(&self, _: &App) -> Option<SystemTime> {
        let log = self.whole_log().text();
        let change = |line: &&str| {
            let statement = line.split_once("Query\t").map(|(_, statement)| statement.trim_start());
            statement.is_some_and(|statement| {
                let statement = statement.to_ascii_uppercase();
                statement.starts_with("ALTER USER") || statement.starts_with("SET PASSWORD")
            })
        };
        let time = log.lines().rfind(change)?.split_whitespace().next()?;
        Some(OffsetDateTime::parse(time, &Rfc3339).ok()?.into())
    }
}
