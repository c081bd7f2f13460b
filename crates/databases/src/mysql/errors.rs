//! What the errors of MySQL and MariaDB mean (MySQL 8.4 and MariaDB Server error references; every number here
//! was tried).

use rotation::{CallError, Cause, Endpoint, server_words};
use sqlx::mysql::MySqlDatabaseError;

use crate::network_errors;

/// The user is unknown, or this is not its password, or the account demands TLS. Within a session it means that a GRANT
/// lacks a privilege, and no rejected sign-in.
pub(super) const ACCESS_DENIED: u16 = 1045;
/// The password is right and has expired.
pub(super) const EXPIRED_AT_SIGN_IN: u16 = 1862;
/// The same, in response to the first statement of a session that the server let in.
pub(super) const EXPIRED_IN_SESSION: u16 = 1820;
/// A table may not be read, or does not exist: it, its columns, its schema.
pub(super) const NOT_READABLE: [u16; 5] = [1142, 1143, 1146, 1044, 1049];
/// A table does not exist.
pub(super) const NO_SUCH_TABLE: u16 = 1146;
/// KILL names a session that has ended.
pub(super) const NO_SUCH_SESSION: u16 = 1094;
/// An account that is created or dropped is named as the definer of objects (MySQL 8.0.22 and later).
pub(super) const IS_DEFINER: u16 = 4006;
/// A superuser has restrictions (partial revokes) that the account does not have.
pub(super) const RESTRICTED: u16 = 3879;
/// One of these privileges is needed.
pub(super) const NEEDS_PRIVILEGE: u16 = 1227;
/// The password breaks a policy.
pub(super) const POLICY: u16 = 1819;
/// The password was used before.
pub(super) const REUSED: u16 = 3638;
/// The password named by REPLACE is not the account's primary one.
pub(super) const NOT_PRIMARY: u16 = 3891;
/// The account requires REPLACE.
pub(super) const DEMANDS_REPLACE: u16 = 3892;
/// The old password cannot be retained beside an empty one.
pub(super) const CANNOT_RETAIN: u16 = 3895;

/// A change of accounts failed in the storage engine, whose number the message has (MySQL, `my_base.h`).
const ACL_OPERATION: u16 = 3501;
/// The server ended a new session: `init_connect` failed.
const ABORTED: u16 = 1184;
/// The syntax is wrong. The message quotes the statement, which may hold a password.
pub(super) const SYNTAX: u16 = 1064;

/// A hash is not in the form that MariaDB's `old_passwords` demands.
pub(super) const OLD_HASH: u16 = 1372;
/// A query would run in a secondary engine, which has no such table.
pub(super) const SECONDARY_ENGINE_ONLY: u16 = 3889;
/// A variable with which a session is set up does not exist.
pub(super) const UNKNOWN_VARIABLE: u16 = 1193;

/// A failed call: its cause, and the error number if the server sent one.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Option<u16>,
    cause: Cause,
    message: String,
    endpoint: Endpoint,
}

impl Failure {
    /// Number and message, without the statement.
    pub(super) fn message(&self) -> String {
        match self.code {
            Some(code) => format!("{code}: {}", self.message),
            None => self.message.clone(),
        }
    }

    /// Classifies by cause.
    #[expect(clippy::wildcard_enum_match_arm, reason = "sqlx::Error is non-exhaustive")]
    pub(super) fn of(endpoint: &Endpoint, error: &sqlx::Error) -> Self {
        let without_code = |error: CallError| match error {
            CallError::Failed { cause, response } => (cause, response),
            CallError::Refused(refusal) => (Cause::QueryFailed, refusal.to_string()),
        };
        let (cause, message) = match error {
            sqlx::Error::Database(error) => match error.try_downcast_ref::<MySqlDatabaseError>() {
                Some(error) => return Self::of_server(endpoint, error),
                None => (Cause::QueryFailed, format!("{endpoint} responded with an error without a number")),
            },
            sqlx::Error::Io(error) => without_code(network_errors::from_io(endpoint, error)),
            sqlx::Error::Tls(error) => match error.downcast_ref::<rustls::Error>() {
                Some(error) => without_code(network_errors::from_tls(endpoint, error)),
                None => (Cause::TlsFailed, format!("no TLS with {endpoint} ({error})")),
            },
            // The driver is built without RSA: over cleartext it would encrypt the password with any key that it receives.
            sqlx::Error::Configuration(_) => (
                Cause::TlsRequired,
                format!(
                    "{endpoint} asks for a way to sign in (caching_sha2_password or sha256_password) that needs TLS"
                ),
            ),
            sqlx::Error::Protocol(message) => without_code(protocol(endpoint, message)),
            _ => without_code(network_errors::not_understood(endpoint)),
        };
        Self { code: None, cause, message, endpoint: endpoint.clone() }
    }

    fn of_server(endpoint: &Endpoint, error: &MySqlDatabaseError) -> Self {
        let code = error.number();
        let message = safe_message(code, error.message());
        Self { code: Some(code), cause: cause(code, &message), message, endpoint: endpoint.clone() }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        let what = match failure.code {
            Some(_) => format!("{} responded with {}", failure.endpoint, failure.message()),
            None => failure.message,
        };
        Self::failed(failure.cause, what)
    }
}

/// The cause of an error that came in place of the greeting, before TLS. It may lead to a retry or to a remedy about the network
/// only: it proves nothing about a password or an account (MySQL sends 1040, 1129 and 1130 then).
pub(super) fn cause_before_tls(code: u16) -> Cause {
    match code {
        1040 => Cause::TooManyConnections,
        1053 | 1077 | 1079 => Cause::ServerUnavailable,
        1129 => Cause::HostBlocked,
        1130 => Cause::HostNotAllowed,
        _ => Cause::BeforeTls,
    }
}

/// The driver's message about a plugin that it does not have. The plugin's name comes from the server, so only its letters are
/// repeated.
fn protocol(endpoint: &Endpoint, message: &str) -> CallError {
    match message.strip_prefix("unknown authentication plugin: ") {
        None if message.starts_with("mysql_cleartext_plugin disabled") => {
            let what = "asks for the plain text of the password (mysql_clear_password; on RDS AWSAuthenticationPlugin)";
            CallError::failed(Cause::SignInMethod, format!("{endpoint} {what}, which is never sent"))
        }
        Some(plugin) => {
            let plugin: String =
                plugin.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
            let what =
                format!("{endpoint} asks this user to sign in by {plugin}, which the driver does not have");
            CallError::failed(Cause::SignInMethod, what)
        }
        None => network_errors::not_understood(endpoint),
    }
}

/// The part of the server's message that may be repeated.
fn safe_message(code: u16, message: &str) -> String {
    match code {
        SYNTAX => "the server does not know this form of the statement".to_owned(),
        // Comes before the first statement of a session is run.
        ABORTED => format!(
            "{}: correct the server's init_connect, which failed for this user",
            server_words(message)
        ),
        _ => server_words(message),
    }
}

fn cause(code: u16, message: &str) -> Cause {
    match code {
        ACCESS_DENIED => Cause::SignInRefused,
        1251 | 1524 | 1698 | 2059 => Cause::SignInMethod,
        EXPIRED_AT_SIGN_IN | EXPIRED_IN_SESSION => Cause::PasswordExpired,
        POLICY => Cause::PasswordPolicy,
        REUSED => Cause::PasswordReused,
        3118 | 4151 => Cause::Locked,
        3955 | 4150 => Cause::TemporarilyLocked,
        1040 | 1203 | 1226 => Cause::TooManyConnections,
        // 1317 is sent to a statement that is waiting when the server shuts down.
        // 3032 is offline mode, which lets in only users with CONNECTION_ADMIN.
        1053 | 1077 | 1079 | 1317 | 1927 | 3032 => Cause::ServerUnavailable,
        // The message names the option in every language.
        1290 if message.contains("strict-password-validation") => Cause::PasswordPolicy,
        1290 if message.contains("read-only") || message.contains("read_only") => Cause::ReadOnly,
        1792 | 1836 => Cause::ReadOnly,
        // The message holds InnoDB's number: the server is read-only, or a lock was not given.
        ACL_OPERATION if message.contains("165") => Cause::ReadOnly,
        ACL_OPERATION if message.contains("146") || message.contains("149") => Cause::LockTimeout,
        3159 => Cause::TlsRequired,
        RESTRICTED => Cause::PartialRevoke,
        1044 | 1142 | 1143 | 1370 | NEEDS_PRIVILEGE => Cause::MissingPrivilege,
        1049 => Cause::MissingDatabase,
        1205 | 1213 | 1969 => Cause::LockTimeout,
        _ => Cause::QueryFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_quotes_the_statement_and_is_not_repeated() {
        let message =
            "You have an error in your SQL syntax; check the manual ... near 'BY 'pass' RETAIN' at line 1";
        assert!(!safe_message(SYNTAX, message).contains("pass"));
        assert_eq!(safe_message(REUSED, "Cannot use these credentials"), "Cannot use these credentials");
    }

    /// One number has many causes, and the message names the cause in every language.
    #[test]
    fn the_message_tells_the_causes_of_one_number_apart() {
        let running = |option| {
            format!("The MySQL server is running with the --{option} option so it cannot execute this")
        };
        for (code, message, meant) in [
            (1290, running("super-read-only"), Cause::ReadOnly),
            (1290, running("strict-password-validation"), Cause::PasswordPolicy),
            (1290, running("skip-grant-tables"), Cause::QueryFailed),
            (1290, running("max-session-mem-used=8192"), Cause::QueryFailed),
            (3501, "... error from SE: errcode 165 - Table is read only".to_owned(), Cause::ReadOnly),
            (3501, "... error from SE: errcode 146 - Lock timed out".to_owned(), Cause::LockTimeout),
            (3501, "... error from SE: errcode 134 - No record".to_owned(), Cause::QueryFailed),
            (3879, "Access denied for AuthId `m`@`%` to database 'mysql'.".to_owned(), Cause::PartialRevoke),
        ] {
            assert_eq!(cause(code, &message), meant, "{code}: {message}");
        }
    }
}
