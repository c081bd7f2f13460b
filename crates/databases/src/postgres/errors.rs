//! What PostgreSQL's answers mean (PostgreSQL documentation, Appendix A; every code here was tried).

use rotation::{CallError, Cause, Endpoint, Refusal, server_words};
use sqlx::postgres::PgDatabaseError;

use crate::connect;

/// An answer in words: code and primary message, without detail, hint, context or statement.
pub(super) fn answer(error: &PgDatabaseError) -> String {
    format!("{}: {}", server_words(error.code()), server_words(error.message()))
}

/// A refused sign-in in words. A right password whose time is over is refused no differently.
pub(super) fn refusal(error: &PgDatabaseError) -> String {
    let answer = answer(error);
    if error.code() == "28P01" { format!("{answer}, which is also said after VALID UNTIL") } else { answer }
}

pub(super) fn database_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref())
}

/// Whether a sign-in was refused. `PgBouncer` has 08P01 for everything, and its words in English only.
pub(super) fn is_refusal(error: &PgDatabaseError) -> bool {
    error.code() == "28P01" || (error.code() == "08P01" && error.message().contains("authentication failed"))
}

/// Classifies by cause.
#[expect(clippy::wildcard_enum_match_arm, reason = "sqlx::Error is non-exhaustive")]
pub(super) fn failed(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match error {
        sqlx::Error::Database(_) => match database_error(error) {
            // An error of a server has a code, whatever else it lacks.
            Some(error) if error.code().is_empty() => connect::not_understood(endpoint),
            // Before a session only a trigger on logins (17 and later) runs code that raises errors of its own.
            Some(error) if error.routine() == Some("exec_stmt_raise") => Refusal::Database {
                what: format!("{endpoint} answered {}, as an event trigger on logins does", answer(error)),
                remedy: "let that trigger let this user in, or, as its owner, ALTER EVENT TRIGGER ... DISABLE, and rotate \
                         again"
                    .into(),
            }
            .into(),
            Some(error) => CallError::failed(cause(error), format!("{endpoint} answered {}", answer(error))),
            None => {
                CallError::failed(Cause::QueryFailed, format!("{endpoint} answered an error without a code"))
            }
        },
        sqlx::Error::Io(error) => connect::from_io(endpoint, error),
        sqlx::Error::Configuration(_) => CallError::failed(
            // Names are looked at before.
            Cause::PasswordCharacters,
            "the driver does not take this password (SASLprep, RFC 4013)",
        ),
        _ => connect::not_understood(endpoint),
    }
}

/// The same of a statement: no password hook, function or event trigger, whatever code it picks, refuses a sign-in.
pub(super) fn statement_failed(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match database_error(error) {
        Some(answered)
            if answered.code().starts_with("28") || answered.routine() == Some("exec_stmt_raise") =>
        {
            CallError::failed(Cause::QueryFailed, format!("{endpoint} answered {}", answer(answered)))
        }
        Some(_) | None => failed(endpoint, error),
    }
}

/// The same of ALTER ROLE ... PASSWORD, where a hook of the server has its say (credcheck: 28000; passwordcheck: 22023). It
/// is given a verifier, of which it can judge little.
pub(super) fn password_not_taken(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match database_error(error).filter(|error| error.code().starts_with("28") || error.code() == "22023") {
        Some(answered) => Refusal::Database {
            what: format!("a password hook of {endpoint} does not take the next password ({})", answer(answered)),
            remedy: "if it wants the plain text, which no server's log is to hold, let it take verifiers (credcheck: \
                     credcheck.encrypted_password_allowed = on); if it is about this password, remove AWSPENDING from the version \
                     and rotate again, which makes another password"
                .into(),
        }
        .into(),
        None => statement_failed(endpoint, error),
    }
}

/// A strategy that no function of this engine has.
pub(super) fn no_second_password() -> CallError {
    let what = "a PostgreSQL user has one password only".into();
    Refusal::Database { what, remedy: "use alternating users".into() }.into()
}

/// `BEGIN READ WRITE` on a standby is not a forbidden write (25006) but a feature that is missing (0A000).
pub(super) fn not_begun(endpoint: &Endpoint, error: &sqlx::Error) -> CallError {
    match database_error(error).filter(|error| error.code() == "0A000") {
        Some(error) => CallError::failed(Cause::ReadOnly, format!("{endpoint} answered {}", answer(error))),
        None => statement_failed(endpoint, error),
    }
}

fn cause(error: &PgDatabaseError) -> Cause {
    // Messages come in the server's language; the routine that raised them does not. Only to tell a demand
    // for TLS from other host rules are there just words, in English; in others it is a refusal.
    let raised_by = |routine| error.routine() == Some(routine);
    match error.code() {
        "28000" if raised_by("InitializeSessionUserId") => Cause::Locked,
        // "no encryption" from 14 on.
        "28000" if ["no encryption", "SSL off"].iter().any(|words| error.message().contains(words)) => {
            Cause::TlsRequired
        }
        // Another way to sign in than by password has failed: on RDS that of a member of rds_iam.
        "28000" if raised_by("auth_failed") => Cause::SignInMethod,
        "28P01" | "28000" => Cause::SignInRefused,
        "3D000" => Cause::MissingDatabase,
        "25006" => Cause::ReadOnly,
        "42501" => Cause::MissingPrivilege,
        "53300" => Cause::TooManyConnections,
        "55000" | "57P01" | "57P02" | "57P03" => Cause::ServerUnavailable,
        "55P03" | "40P01" => Cause::LockTimeout,
        // Of two changes of one role at once the second one fails, where others would wait (tried: 13, 18).
        "XX000" if raised_by("simple_heap_update") || raised_by("simple_heap_delete") => {
            Cause::ConcurrentChange
        }
        "23505" if raised_by("_bt_check_unique") => Cause::ConcurrentChange,
        "42710" if raised_by("CreateRole") => Cause::ConcurrentChange,
        _ => Cause::QueryFailed,
    }
}
