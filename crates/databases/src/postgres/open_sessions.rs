//! Who has open sessions as a user, from `pg_stat_activity`.

use rotation::ports::{ClientSessions, MOST_CLIENTS, Sessions, Since};
use rotation::{CallError, Username, server_words};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::begin::Access;
use super::connection::Connection;
use super::query::text;
use super::sign_in::APPLICATION;

/// How many columns a row about sessions has; those of BEGIN have fewer.
const COLUMNS: usize = 5;

/// The open sessions of `user` but for those of rotation functions, in one message, whose transaction gives up after 3 s. After an
/// error the session can be used.
///
/// Every role sees how many there are, and what an application calls itself. The rest the server shows of one's own role and of those
/// that it is a member of, to `pg_read_all_stats` (RDS: a part of `rds_superuser`) and to a superuser (PostgreSQL documentation, "The
/// Cumulative Statistics System"; tried: 13, 18). So the role is the one that signed in: a clone that acts as its base would not see
/// its own.
pub(super) async fn of(connection: &mut Connection, user: &Username) -> Result<Sessions, CallError> {
    // What is hidden is NULL: backend_start never is otherwise, the kind of process may be. Other processes of the server act as a
    // user, too, and sign in with no password: those of a query beside its session, of a subscription, of an extension.
    let query = format!(
        "SET LOCAL ROLE NONE; SET LOCAL statement_timeout = '3s'; \
         SELECT pg_catalog.count(*) AS sessions, s.address, s.application, \
         pg_catalog.to_char(pg_catalog.min(s.began) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS since, \
         (pg_catalog.sum(pg_catalog.count(*)) OVER ())::pg_catalog.int8 AS all_sessions FROM ( \
             SELECT coalesce(pg_catalog.host(a.client_addr), CASE WHEN a.backend_start IS NOT NULL THEN 'localhost' END) AS address, \
             nullif(a.application_name, '') AS application, a.backend_start AS began \
             FROM pg_catalog.pg_stat_activity a \
             WHERE a.usename = $1 AND a.pid <> pg_catalog.pg_backend_pid() AND a.application_name IS DISTINCT FROM $2 \
             AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')) s \
         GROUP BY s.address, s.application ORDER BY pg_catalog.min(s.began), s.address, s.application LIMIT {MOST_CLIENTS}; COMMIT"
    );
    match connection.begin_with(Access::Read, &query, &[text(&user.0), text(APPLICATION)]).await {
        Ok(rows) => read(connection, &rows),
        Err(error) => {
            // The transaction has failed, or the connection is lost; then so does what comes next.
            let _ = connection.rollback().await;
            Err(error)
        }
    }
}

fn read(connection: &Connection, rows: &[PgRow]) -> Result<Sessions, CallError> {
    let mut sessions = Sessions::default();
    for row in rows.iter().filter(|row| row.len() == COLUMNS) {
        let number = |column| connection.get::<i64>(row, column).map(i64::unsigned_abs);
        let words = |column| {
            connection.get::<Option<String>>(row, column).map(|text| text.map(|text| server_words(&text)))
        };
        sessions.count = number("all_sessions")?;
        sessions.clients.push(ClientSessions {
            count: number("sessions")?,
            address: words("address")?,
            application: words("application")?,
            since: words("since")?.map(Since::Exactly),
        });
    }
    Ok(sessions)
}
