//! Signing in, and what a failure means.

use rotation::ports::SignIn;
use rotation::{CallError, Cause, Password, Server, Tls, Username};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tracing::warn;

use super::connection::Connection;
use super::{errors, handshake};
use crate::dial::{Connector, OpenError};
use crate::limits::within;

/// How a sign-in ended; see [`SignIn`]. The server does not tell an expired password from a wrong one.
pub(super) enum Outcome {
    Accepted(Box<Connection>),
    Rejected(String),
}

impl From<Outcome> for SignIn<Connection> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted(connection) => Self::Accepted(connection),
            Outcome::Rejected(message) => Self::Rejected(message),
        }
    }
}

/// The database that every server has, used if a secret names none.
pub(super) const DEFAULT_DATABASE: &str = "postgres";

/// What a server shows of our sessions.
pub(super) const APPLICATION: &str = "rotation";

/// How to sign in. Every option is set here or in `handshake.rs`: the driver would take what is left out from PG* variables.
pub(super) fn options(server: &Server, user: &Username, password: &Password) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .username(&user.0)
        .password(password.expose())
        .database(server.database.as_deref().unwrap_or(DEFAULT_DATABASE))
        .application_name(APPLICATION)
        // A pooler in front of the server knows neither prepared statements nor this option.
        .statement_cache_capacity(0)
        .extra_float_digits(None)
        .disable_statement_logging()
}

/// For a superuser: no name is looked up in a schema that a database's owner may write to. As a start-up
/// option it applies before the first statement and wins over ALTER ROLE and ALTER DATABASE.
pub(super) fn with_safe_search_path(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("search_path", "pg_catalog")])
}

/// Signs in.
///
/// # Errors
/// All failures but a rejection, which is SQLSTATE 28P01 (wrong password, unknown user, expired password,
/// an md5 password under a scram rule), or `PgBouncer`'s message for it, and nothing else.
pub(super) async fn sign_in(connector: &Connector, options: PgConnectOptions) -> Result<Outcome, CallError> {
    let endpoint = &connector.server.endpoint;
    if connector.server.tls == Tls::Forbidden {
        warn!(db.host = %endpoint, "signing in without TLS, as \"ssl\": false in the secret demands");
    }
    let user = options.get_username().to_owned();
    let signed_in = within(connector.limits.connect, endpoint, async {
        match handshake::open(connector, options).await {
            Ok((driver, challenge)) => {
                let connection = Connection::new(driver, connector.clone(), challenge);
                Ok(Outcome::Accepted(Box::new(connection)))
            }
            Err(OpenError::Driver(error)) => not_accepted(connector, &user, &error),
            Err(OpenError::Failed(error)) => Err(error),
        }
    });
    signed_in.await
}

fn not_accepted(connector: &Connector, user: &str, error: &sqlx::Error) -> Result<Outcome, CallError> {
    let database = connector.server.database.as_deref().unwrap_or(DEFAULT_DATABASE);
    match errors::database_error(error) {
        Some(error) if errors::is_rejection(error) => Ok(Outcome::Rejected(errors::rejection(error))),
        Some(error) if errors::is_closed_database(error) => {
            Err(errors::closed_database(&connector.server.endpoint, database, error))
        }
        Some(error) if errors::is_without_connect(error) => {
            Err(errors::without_connect(&connector.server.endpoint, database, user, error))
        }
        _ => Err(errors::failed(&connector.server.endpoint, error)),
    }
}

/// Signs in with a password that has just been verified or set, so a rejection is an error as well.
///
/// # Errors
/// All failures.
pub(super) async fn sign_in_again(
    connector: &Connector,
    user: &Username,
    password: &Password,
) -> Result<Connection, CallError> {
    match sign_in(connector, options(&connector.server, user, password)).await? {
        Outcome::Accepted(connection) => Ok(*connection),
        Outcome::Rejected(message) => Err(CallError::failed(Cause::SignInRefused, message)),
    }
}
