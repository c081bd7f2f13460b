//! Signing in, and what a failure means.

use rotation::ports::SignIn;
use rotation::{CallError, Password, Refusal, Tls, Username};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use tracing::warn;

use super::connection::Connection;
use super::{errors, handshake};
use crate::dial::{Connector, OpenError};
use crate::limits::within;

/// How a sign-in ended; see [`SignIn`].
pub(super) enum Outcome {
    Accepted(Box<Connection>),
    Rejected(String),
    Expired(String),
}

impl From<Outcome> for SignIn<Connection> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted(connection) => Self::Accepted(connection),
            Outcome::Rejected(message) => Self::Rejected(message),
            Outcome::Expired(message) => Self::Expired(message),
        }
    }
}

/// Every option is set here. `PIPES_AS_CONCAT` and the time zone are settings that the driver would make by default.
fn options(connector: &Connector, user: &Username, password: &Password) -> MySqlConnectOptions {
    let server = &connector.server;
    let mode = match server.tls {
        Tls::Required => MySqlSslMode::VerifyIdentity,
        Tls::Forbidden => MySqlSslMode::Disabled,
    };
    let options = MySqlConnectOptions::new()
        // For the certificate; the driver connects to the relay.
        .host(&server.endpoint.host)
        .username(&user.0)
        .password(password.expose())
        .ssl_mode(mode)
        .ssl_ca_from_pem(connector.trusted.pem(&server.endpoint.host))
        .charset("utf8mb4")
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .statement_cache_capacity(0)
        .disable_statement_logging();
    match &server.database {
        Some(database) => options.database(database),
        None => options,
    }
}

/// Signs in.
///
/// # Errors
/// All failures but a rejection and an expired password: `Rejected` means error 1045 (wrong password, unknown user, an account
/// that demands another kind of connection), `Expired` means 1862, or 1820 if the server lets an expired user in only to change
/// its password.
pub(super) async fn sign_in(
    connector: &Connector,
    user: &Username,
    password: &Password,
) -> Result<Outcome, CallError> {
    let endpoint = &connector.server.endpoint;
    if connector.server.tls == Tls::Forbidden {
        warn!(db.host = %endpoint, "signing in without TLS, as \"ssl\": false in the secret demands");
    }
    let options = options(connector, user, password);
    let signed_in = within(connector.limits.connect, endpoint, async {
        match handshake::open(connector, options).await {
            Ok(driver) => Connection::begin(driver, connector.clone(), password).await,
            Err(OpenError::Driver(error)) => Err(errors::Failure::of(endpoint, &error)),
            Err(OpenError::Failed(error)) => return Err(error),
        }
        .map_or_else(
            |failure| not_accepted(connector, failure),
            |connection| Ok(Outcome::Accepted(Box::new(connection))),
        )
    });
    signed_in.await
}

fn not_accepted(connector: &Connector, failure: errors::Failure) -> Result<Outcome, CallError> {
    match failure.code {
        Some(errors::ACCESS_DENIED) if connector.server.tls == Tls::Forbidden => {
            let message = failure.message();
            Ok(Outcome::Rejected(format!("{message}; without TLS, which the account may demand")))
        }
        Some(errors::ACCESS_DENIED) => Ok(Outcome::Rejected(failure.message())),
        Some(errors::UNKNOWN_VARIABLE) => Err(too_old(connector, &failure).into()),
        Some(errors::EXPIRED_AT_SIGN_IN | errors::EXPIRED_IN_SESSION) => {
            Ok(Outcome::Expired(failure.message()))
        }
        _ => Err(failure.into()),
    }
}

/// The server lacks variables with which a session is set up, so a retry will not help.
fn too_old(connector: &Connector, failure: &errors::Failure) -> Refusal {
    let endpoint = &connector.server.endpoint;
    Refusal::Database {
        what: format!("{endpoint} is older than MySQL 8.0.17 and MariaDB 10.11 ({})", failure.message()),
        remedy: "upgrade it: no function of this project rotates its users".into(),
    }
}

/// Whether these credentials sign in.
///
/// # Errors
/// As [`sign_in`].
pub(super) async fn can_sign_in(
    connector: &Connector,
    user: &Username,
    password: &Password,
) -> Result<bool, CallError> {
    match sign_in(connector, user, password).await? {
        Outcome::Accepted(connection) => {
            connection.close().await;
            Ok(true)
        }
        Outcome::Expired(_) => Ok(true),
        Outcome::Rejected(_) => Ok(false),
    }
}
