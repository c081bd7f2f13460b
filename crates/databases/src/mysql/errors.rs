//! What the answers of MySQL and MariaDB mean (MySQL 8.4 and MariaDB Server error references; every number here
//! was tried).

use rotation::{CallError, Cause, Endpoint, server_words};
use sqlx::mysql::MySqlDatabaseError;

use crate::connect;

/// The user is unknown, or this is not its password, or the account demands TLS. Inside a session it is a GRANT that
/// lacks a privilege, and no refused sign-in.
pub(super) const REFUSED: u16 = 1045;
/// The password is right and has expired.
pub(super) const EXPIRED: u16 = 1862;
/// The same, said to the first statement of a session that the server let in.
pub(super) const EXPIRED_INSIDE: u16 = 1820;
/// A table that is not there.
pub(super) const NO_SUCH_TABLE: u16 = 1146;
/// An account that is made or dropped is named as the definer of objects (MySQL 8.0.22 and later).
pub(super) const IS_DEFINER: u16 = 4006;
/// A superuser is restricted (partial revokes) in what the account is not.
pub(super) const RESTRICTED: u16 = 3879;
/// One of these privileges is needed.
pub(super) const NEEDS_PRIVILEGE: u16 = 1227;
/// The password breaks a policy.
pub(super) const POLICY: u16 = 1819;
/// The password was used before.
pub(super) const REUSED: u16 = 3638;
/// The password named by REPLACE is not the account's primary one.
pub(super) const NOT_PRIMARY: u16 = 3891;
/// The account demands REPLACE.
pub(super) const DEMANDS_REPLACE: u16 = 3892;
/// The former password cannot be kept beside an empty one.
pub(super) const CANNOT_RETAIN: u16 = 3895;

/// A change of accounts failed in the storage engine, whose number the message has (MySQL, `my_base.h`).
const ACL_OPERATION: u16 = 3501;
/// The server ended a new session: `init_connect` failed.
const ABORTED: u16 = 1184;
/// The syntax is wrong: the message quotes the statement, which may hold a password.
pub(super) const SYNTAX: u16 = 1064;

/// A hash is in the form that MariaDB's `old_passwords` demands no more.
pub(super) const OLD_HASH: u16 = 1372;
/// A query is to run in a secondary engine, which has no such table.
pub(super) const SECONDARY_ENGINE_ONLY: u16 = 3889;
/// What a session is set up with is not there.
pub(super) const UNKNOWN_VARIABLE: u16 = 1193;

/// A failed call: its cause, and the server's number where the server answered.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Option<u16>,
    cause: Cause,
    words: String,
    endpoint: Endpoint,
}

impl Failure {
    /// Number and message, without the statement.
    pub(super) fn answer(&self) -> String {
        match self.code {
            Some(code) => format!("{code}: {}", self.words),
            None => self.words.clone(),
        }
    }

    /// Classifies by cause.
    #[expect(clippy::wildcard_enum_match_arm, reason = "sqlx::Error is non-exhaustive")]
    pub(super) fn of(endpoint: &Endpoint, error: &sqlx::Error) -> Self {
        let not_the_servers = |error: CallError| match error {
            CallError::Failed { cause, answer } => (cause, answer),
            CallError::Refused(refusal) => (Cause::QueryFailed, refusal.to_string()),
        };
        let (cause, words) = match error {
            sqlx::Error::Database(error) => match error.try_downcast_ref::<MySqlDatabaseError>() {
                Some(error) => return Self::answered(endpoint, error),
                None => (Cause::QueryFailed, format!("{endpoint} answered an error without a number")),
            },
            sqlx::Error::Io(error) => not_the_servers(connect::from_io(endpoint, error)),
            sqlx::Error::Tls(error) => match error.downcast_ref::<rustls::Error>() {
                Some(error) => not_the_servers(connect::from_tls(endpoint, error)),
                None => (Cause::TlsFailed, format!("no TLS with {endpoint} ({error})")),
            },
            // The driver is built without RSA: over cleartext it would encrypt the password with whatever key it is sent.
            sqlx::Error::Configuration(_) => (
                Cause::TlsRequired,
                format!(
                    "{endpoint} asks for a way to sign in (caching_sha2_password or sha256_password) that needs TLS"
                ),
            ),
            sqlx::Error::Protocol(words) => not_the_servers(protocol(endpoint, words)),
            _ => not_the_servers(connect::not_understood(endpoint)),
        };
        Self { code: None, cause, words, endpoint: endpoint.clone() }
    }

    fn answered(endpoint: &Endpoint, error: &MySqlDatabaseError) -> Self {
        let code = error.number();
        let words = words(code, error.message());
        Self { code: Some(code), cause: cause(code, &words), words, endpoint: endpoint.clone() }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        let answer = match failure.code {
            Some(_) => format!("{} answered {}", failure.endpoint, failure.answer()),
            None => failure.words,
        };
        Self::failed(failure.cause, answer)
    }
}

/// What an error means that came in place of the greeting. It may choose a wait or a remedy of the network, and no more: it
/// says nothing of a password or of an account (MySQL answers 1040, 1129 and 1130 so).
pub(super) fn cause_before_tls(code: u16) -> Cause {
    match code {
        1040 => Cause::TooManyConnections,
        1053 | 1077 | 1079 => Cause::ServerUnavailable,
        1129 => Cause::HostBlocked,
        1130 => Cause::HostNotAllowed,
        _ => Cause::BeforeTls,
    }
}

/// The driver's words for a plugin that it does not have. The name is the server's: only its letters are repeated.
fn protocol(endpoint: &Endpoint, words: &str) -> CallError {
    match words.strip_prefix("unknown authentication plugin: ") {
        None if words.starts_with("mysql_cleartext_plugin disabled") => {
            let what = "asks for the plain text of the password (mysql_clear_password; on RDS AWSAuthenticationPlugin)";
            CallError::failed(Cause::SignInMethod, format!("{endpoint} {what}, which is not sent to it"))
        }
        Some(plugin) => {
            let plugin: String =
                plugin.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
            let answer = format!("{endpoint} wants this user to sign in by {plugin}");
            CallError::failed(Cause::SignInMethod, answer)
        }
        None => connect::not_understood(endpoint),
    }
}

/// What is repeated of the server's words.
fn words(code: u16, message: &str) -> String {
    match code {
        SYNTAX => "the server does not know this form of the statement".to_owned(),
        // Before the first statement of a session is heard.
        ABORTED => format!(
            "{}: correct the server's init_connect, which failed for this user",
            server_words(message)
        ),
        _ => server_words(message),
    }
}

fn cause(code: u16, words: &str) -> Cause {
    match code {
        REFUSED => Cause::SignInRefused,
        1251 | 1524 | 1698 | 2059 => Cause::SignInMethod,
        EXPIRED | EXPIRED_INSIDE => Cause::PasswordExpired,
        POLICY => Cause::PasswordPolicy,
        REUSED => Cause::PasswordReused,
        3118 | 4151 => Cause::Locked,
        3955 | 4150 => Cause::TemporarilyLocked,
        1040 | 1203 | 1226 => Cause::TooManyConnections,
        // 1317 is said to a statement that waits when the server shuts down.
        // 3032 is offline mode, which lets in who has CONNECTION_ADMIN only.
        1053 | 1077 | 1079 | 1317 | 1927 | 3032 => Cause::ServerUnavailable,
        // The option is named in every language.
        1290 if words.contains("strict-password-validation") => Cause::PasswordPolicy,
        1290 if words.contains("read-only") || words.contains("read_only") => Cause::ReadOnly,
        1792 | 1836 => Cause::ReadOnly,
        // What InnoDB said to a change of accounts has its own number: a server that it may not write on, a lock.
        ACL_OPERATION if words.contains("165") => Cause::ReadOnly,
        ACL_OPERATION if words.contains("146") || words.contains("149") => Cause::LockTimeout,
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
        assert!(!words(SYNTAX, message).contains("pass"));
        assert_eq!(words(REUSED, "Cannot use these credentials"), "Cannot use these credentials");
    }

    /// One number for many reasons, of which the message names one in every language.
    #[test]
    fn a_number_with_several_causes_is_told_by_what_its_message_names() {
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
