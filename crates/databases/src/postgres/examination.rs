//! What a diagnosis asks of a signed-in user. Needs no privilege and changes nothing.

use std::time::{Duration, SystemTime};

use rotation::ports::ServerState;
use rotation::{CallError, Cause, Username};

use super::begin::Access;
use super::connection::Connection;
use super::query::text;

/// What the server says of itself.
pub(super) async fn server_state(connection: &mut Connection) -> Result<ServerState, CallError> {
    let query = "SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.pg_is_in_recovery() AS in_recovery, \
         extract(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.int8 AS time, \
         (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL)::pg_catalog.int4 AS sessions, \
         pg_catalog.current_setting('max_connections')::pg_catalog.int4 AS most_sessions";
    let rows = connection.begin_with(Access::Read, &format!("{query}; COMMIT"), &[]).await?;
    let row = rows.last().ok_or_else(|| connection.no_rows())?;
    let version: String = connection.get(row, "version")?;
    let (time, sessions, most): (i64, i32, i32) = (
        connection.get(row, "time")?,
        connection.get(row, "sessions")?,
        connection.get(row, "most_sessions")?,
    );
    let in_recovery: bool = connection.get(row, "in_recovery")?;
    Ok(ServerState {
        version: format!("PostgreSQL {version}"),
        signed_in_by: if connection.used_scram() { "SCRAM-SHA-256" } else { "md5" }.into(),
        read_only: in_recovery.then(|| "is a replica".into()),
        time: u64::try_from(time).ok().map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
        sessions: Some((sessions.unsigned_abs(), most.unsigned_abs())),
        // Of its own PostgreSQL has none.
        lockout: None,
    })
}

/// Whether the session's user may set its own password here: not on a replica, nor where RDS restricts that to members of
/// `rds_password` (Amazon RDS User Guide, "Restricting password management").
pub(super) async fn check_own_change(
    connection: &mut Connection,
    user: &Username,
) -> Result<Option<String>, CallError> {
    let query = "SELECT pg_catalog.pg_is_in_recovery() AS in_recovery, \
         coalesce(pg_catalog.current_setting('rds.restrict_password_commands', true), 'off') IN ('on', '1', 'true') \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'rds_password' \
                         AND pg_catalog.pg_has_role($1::pg_catalog.name, r.oid, 'MEMBER')) AS is_restricted";
    let rows = connection.begin_with(Access::Read, &format!("{query}; COMMIT"), &[text(&user.0)]).await?;
    let row = rows.last().ok_or_else(|| connection.no_rows())?;
    if connection.get(row, "in_recovery")? {
        let what = format!("{} is a replica", connection.connector.server.endpoint);
        return Err(CallError::failed(Cause::ReadOnly, what));
    }
    let is_restricted: bool = connection.get(row, "is_restricted")?;
    Ok(is_restricted.then(|| {
        "rds.restrict_password_commands is on, and the user is no member of rds_password".to_owned()
    }))
}
