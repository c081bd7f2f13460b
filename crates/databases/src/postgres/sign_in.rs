//! Signing in, and what the answers mean.

use rotation::ports::SignIn;
use rotation::{CallError, Cause, Password, Server, Tls, Username};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tracing::warn;

use super::connection;
use super::errors;
use super::session::PostgresSession;
use crate::connect::{Limits, within};
use crate::dial::Unopened;
use crate::tls::TrustAnchors;

/// The database that every server has, where a secret names none.
pub(super) const DEFAULT_DATABASE: &str = "postgres";

/// How to sign in. Every option is set here or in `connection.rs`: the driver would take what is left out from PG* variables.
pub(super) fn options(server: &Server, user: &Username, password: &Password) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .username(&user.0)
        .password(password.expose())
        .database(server.database.as_deref().unwrap_or(DEFAULT_DATABASE))
        .application_name("rotation")
        // A pooler in front of the server knows neither prepared statements nor this option.
        .statement_cache_capacity(0)
        .extra_float_digits(None)
        .disable_statement_logging()
}

/// For a superuser: no name is looked up in a schema that a database's owner may write to. As a start-up
/// option it comes before the first statement and wins over ALTER ROLE and ALTER DATABASE.
pub(super) fn trusting_nothing(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("search_path", "pg_catalog")])
}

/// Signs in; answers a refusal in words.
///
/// # Errors
/// All but a refusal, which is SQLSTATE 28P01 (wrong password, unknown user, expired password,
/// an md5 password under a scram rule), or `PgBouncer`'s word for it, and nothing else.
pub(super) async fn sign_in(
    options: PgConnectOptions,
    server: &Server,
    trusted: &TrustAnchors,
    limits: Limits,
) -> Result<Result<PostgresSession, String>, CallError> {
    connect(options, server, trusted, limits).await
}

/// The same as the response of a [`rotation::ports::Database`].
pub(super) fn response(response: Result<PostgresSession, String>) -> SignIn<PostgresSession> {
    match response {
        Ok(session) => SignIn::Accepted(Box::new(session)),
        Err(response) => SignIn::Rejected(response),
    }
}

/// Signs in where a password has just been proven or set, so that a refusal is an error as well.
///
/// # Errors
/// All.
pub(super) async fn session(
    options: PgConnectOptions,
    server: &Server,
    trusted: &TrustAnchors,
    limits: Limits,
) -> Result<PostgresSession, CallError> {
    let answer = connect(options, server, trusted, limits).await?;
    answer.map_err(|answer| CallError::failed(Cause::SignInRefused, answer))
}

async fn connect(
    options: PgConnectOptions,
    server: &Server,
    trusted: &TrustAnchors,
    limits: Limits,
) -> Result<Result<PostgresSession, String>, CallError> {
    let endpoint = &server.endpoint;
    if server.tls == Tls::Forbidden {
        warn!(db.host = %endpoint, "signing in without TLS, as \"ssl\": false in the secret demands");
    }
    within(limits.connect, endpoint, async {
        match connection::open(server, options, trusted).await {
            Ok((connection, challenge)) => {
                Ok(Ok(PostgresSession::new(connection, challenge, endpoint.clone(), trusted.clone(), limits)))
            }
            Err(Unopened::Failed(error)) => Err(error),
            Err(Unopened::Answered(error)) => match errors::database_error(&error) {
                Some(answer) if errors::is_refusal(answer) => Ok(Err(errors::refusal(answer))),
                _ => Err(errors::failed(endpoint, &error)),
            },
        }
    })
    .await
}
