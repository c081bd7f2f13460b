//! What PostgreSQL's errors mean (PostgreSQL documentation, Appendix A; every code here was tried).

use rotation::{CallError, Cause, Endpoint, Refusal, Username, run_as, server_words};
use sqlx::postgres::PgDatabaseError;

use super::quoting::identifier;
use crate::network_errors;

/// Code and primary message, without detail, hint, context or statement.
fn message(error: &PgDatabaseError) -> String {
    format!("{}: {}", server_words(error.code()), server_words(error.message()))
}

/// Describes a rejected sign-in. A right password after its VALID UNTIL is rejected in the same way.
pub(super) fn rejection(error: &PgDatabaseError) -> String {
    let message = message(error);
    if error.code() == "28P01" { format!("{message}, also the response after VALID UNTIL") } else { message }
}

pub(super) fn database_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref())
}

/// Whether a sign-in was rejected. `PgBouncer` uses 08P01 for everything, and its messages are in English only.
pub(super) fn is_rejection(error: &PgDatabaseError) -> bool {
    error.code() == "28P01" || (error.code() == "08P01" && error.message().contains("authentication failed"))
}

/// Whether the database accepts no connections (`ALLOW_CONNECTIONS false`), which does not end by itself.
pub(super) fn is_closed_database(error: &PgDatabaseError) -> bool {
    error.code() == "55000" && error.routine() == Some("CheckMyDatabase")
}

/// Refuses because the database accepts no connections.
pub(super) fn closed_database(endpoint: &Endpoint, database: &str, error: &PgDatabaseError) -> CallError {
    let open =
        format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", identifier(&Username(database.to_owned())));
    refused(
        format!("{endpoint} responded with {}: the database has ALLOW_CONNECTIONS false", message(error)),
        format!(
            "{}; or name another database in \"dbname\"",
            run_as("the owner of that database, from another one,", &[open])
        ),
    )
}

/// Whether the user lacks CONNECT on the database.
pub(super) fn is_without_connect(error: &PgDatabaseError) -> bool {
    error.code() == "42501" && error.routine() == Some("CheckMyDatabase")
}

/// Refuses because the user lacks CONNECT.
pub(super) fn without_connect(
    endpoint: &Endpoint,
    database: &str,
    user: &str,
    error: &PgDatabaseError,
) -> CallError {
    let [database, user] = [database, user].map(|name| identifier(&Username(name.to_owned())));
    refused(
        format!("{endpoint} responded with {}: the user has no CONNECT", message(error)),
        format!(
            "{}; or name another database in \"dbname\"",
            run_as(
                "the owner of that database",
                &[format!("GRANT CONNECT ON DATABASE {database} TO {user}")]
            )
        ),
    )
}

/// Classifies by cause.
#[expect(clippy::wildcard_enum_match_arm, reason = "sqlx::Error is non-exhaustive")]
pub(super) fn failed(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match error {
        sqlx::Error::Database(_) => match database_error(error) {
            // A real server's error has a code, whatever else it lacks.
            Some(error) if error.code().is_empty() => network_errors::not_understood(endpoint),
            // Before a session, only a login event trigger (17 and later) runs code that raises errors of its own.
            Some(error) if error.routine() == Some("exec_stmt_raise") => Refusal::Database {
                what: format!("{endpoint} responded with {}, raised by a login event trigger", message(error)),
                remedy: "change that trigger to let this user in, or, as its owner, run ALTER EVENT TRIGGER ... DISABLE, and \
                         rotate again"
                    .into(),
            }
            .into(),
            Some(error) => CallError::failed(cause(error), format!("{endpoint} responded with {}", message(error))),
            None => {
                CallError::failed(Cause::QueryFailed, format!("{endpoint} responded with an error without a code"))
            }
        },
        sqlx::Error::Io(error) => network_errors::from_io(endpoint, error),
        sqlx::Error::Configuration(_) => CallError::failed(
            // Names are checked before.
            Cause::PasswordCharacters,
            "the driver does not accept this password (SASLprep, RFC 4013)",
        ),
        _ => network_errors::not_understood(endpoint),
    }
}

/// The same for a statement: a password hook, function or event trigger may raise any code, and none of them rejects a sign-in.
pub(super) fn statement_failed(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match database_error(error) {
        Some(error) if error.code().starts_with("28") || error.routine() == Some("exec_stmt_raise") => {
            CallError::failed(Cause::QueryFailed, format!("{endpoint} responded with {}", message(error)))
        }
        Some(_) | None => failed(endpoint, error),
    }
}

/// The same for ALTER ROLE ... PASSWORD, which a password hook may refuse (credcheck: 28000; passwordcheck: 22023). The hook
/// receives a verifier, in which it can check little.
pub(super) fn password_not_accepted(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match database_error(error).filter(|error| error.code().starts_with("28") || error.code() == "22023") {
        Some(error) => Refusal::Database {
            what: format!("a password hook of {endpoint} does not accept the next password ({})", message(error)),
            remedy: "if it requires the plain text, which no server log may hold, let it accept verifiers (credcheck: \
                     credcheck.encrypted_password_allowed = on); if it refuses this password, remove AWSPENDING from the version \
                     and rotate again, which makes another password"
                .into(),
        }
        .into(),
        None => statement_failed(endpoint, error),
    }
}

pub(super) fn refused(what: impl Into<String>, remedy: impl Into<String>) -> CallError {
    Refusal::Database { what: what.into(), remedy: remedy.into() }.into()
}

/// The same for BEGIN: on a standby, `BEGIN READ WRITE` is not a forbidden write (25006) but an unsupported feature (0A000).
pub(super) fn not_begun(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match database_error(error).filter(|error| error.code() == "0A000") {
        Some(error) => {
            CallError::failed(Cause::ReadOnly, format!("{endpoint} responded with {}", message(error)))
        }
        None => statement_failed(endpoint, error),
    }
}

fn cause(error: &PgDatabaseError) -> Cause {
    // Messages come in the server's language, but the name of the routine that raised them does not. Only a rule that requires TLS
    // cannot be told from other host rules by that: its message is recognized in English.
    let raised_by = |routine| error.routine() == Some(routine);
    match error.code() {
        "28000" if raised_by("InitializeSessionUserId") => Cause::Locked,
        // "no encryption" from 14 on.
        "28000" if ["no encryption", "SSL off"].iter().any(|part| error.message().contains(part)) => {
            Cause::TlsRequired
        }
        // Another method than a password has failed: on RDS, that of a member of rds_iam.
        "28000" if raised_by("auth_failed") => Cause::SignInMethod,
        "28P01" | "28000" => Cause::SignInRefused,
        "3D000" => Cause::MissingDatabase,
        "25006" => Cause::ReadOnly,
        "42501" => Cause::MissingPrivilege,
        "53300" => Cause::TooManyConnections,
        "55000" | "57P01" | "57P02" | "57P03" => Cause::ServerUnavailable,
        "55P03" | "40P01" => Cause::LockTimeout,
        // Of two concurrent changes of one role, the second fails instead of waiting (tried: 13, 18).
        "XX000" if raised_by("simple_heap_update") || raised_by("simple_heap_delete") => {
            Cause::ConcurrentChange
        }
        "23505" if raised_by("_bt_check_unique") => Cause::ConcurrentChange,
        "42710" if raised_by("CreateRole") => Cause::ConcurrentChange,
        _ => Cause::QueryFailed,
    }
}
