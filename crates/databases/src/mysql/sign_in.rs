//! Signing in, and what the answers mean.

use rotation::ports::SignIn;
use rotation::{CallError, Password, Refusal, Server, Tls, Username};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use tracing::warn;

use super::connection;
use super::errors;
use super::session::MySqlSession;
use crate::connect::{Limits, within};
use crate::dial::Unopened;
use crate::tls::TrustAnchors;

/// A server, and how to come in.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) server: Server,
    pub(super) trusted: TrustAnchors,
    pub(super) limits: Limits,
}

/// What a server said at the door.
pub(super) enum Answer {
    Accepted(Box<MySqlSession>),
    Rejected(String),
    Expired(String),
}

impl From<Answer> for SignIn<MySqlSession> {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Accepted(session) => Self::Accepted(session),
            Answer::Rejected(answer) => Self::Rejected(answer),
            Answer::Expired(answer) => Self::Expired(answer),
        }
    }
}

impl Connector {
    /// Every option is set here. `PIPES_AS_CONCAT` and the time zone are the driver's ideas of a session.
    fn options(&self, user: &Username, password: &Password) -> MySqlConnectOptions {
        let mode = match self.server.tls {
            Tls::Required => MySqlSslMode::VerifyIdentity,
            Tls::Forbidden => MySqlSslMode::Disabled,
        };
        let options = MySqlConnectOptions::new()
            // For the certificate; the driver connects to the relay.
            .host(&self.server.endpoint.host)
            .username(&user.0)
            .password(password.expose())
            .ssl_mode(mode)
            .ssl_ca_from_pem(self.trusted.pem(&self.server.endpoint.host))
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        match &self.server.database {
            Some(database) => options.database(database),
            None => options,
        }
    }

    /// Signs in.
    ///
    /// # Errors
    /// All but a refusal and an expired password: `Rejected` means error 1045 (wrong password, unknown user, an account
    /// that demands another kind of connection), `Expired` means 1862, or 1820 where the server lets an expired
    /// user in to do nothing but change its password.
    pub(super) async fn sign_in(&self, user: &Username, password: &Password) -> Result<Answer, CallError> {
        let endpoint = &self.server.endpoint;
        if self.server.tls == Tls::Forbidden {
            warn!(db.host = %endpoint, "signing in without TLS, as \"ssl\": false in the secret demands");
        }
        let options = self.options(user, password);
        let signed_in = within(self.limits.connect, endpoint, async {
            match connection::open(&self.server, options).await {
                Ok(connection) => MySqlSession::begin(connection, self.clone(), password).await,
                Err(Unopened::Answered(error)) => Err(errors::Failure::of(endpoint, &error)),
                Err(Unopened::Failed(error)) => return Err(error),
            }
            .map_or_else(
                |failure| self.turned_away(failure),
                |session| Ok(Answer::Accepted(Box::new(session))),
            )
        });
        signed_in.await
    }

    fn turned_away(&self, failure: errors::Failure) -> Result<Answer, CallError> {
        match failure.code {
            Some(errors::REFUSED) if self.server.tls == Tls::Forbidden => {
                let answer = failure.answer();
                Ok(Answer::Rejected(format!("{answer}; without TLS, which the account may demand")))
            }
            Some(errors::REFUSED) => Ok(Answer::Rejected(failure.answer())),
            Some(errors::UNKNOWN_VARIABLE) => Err(self.too_old(&failure).into()),
            Some(errors::EXPIRED | errors::EXPIRED_INSIDE) => Ok(Answer::Expired(failure.answer())),
            _ => Err(failure.into()),
        }
    }

    /// A session cannot be set up there: a retry will not help.
    fn too_old(&self, failure: &errors::Failure) -> Refusal {
        let endpoint = &self.server.endpoint;
        Refusal::Database {
            what: format!("{endpoint} is older than MySQL 8.0.17 and MariaDB 10.11 ({})", failure.answer()),
            remedy: "upgrade it: no function of this project rotates its users".into(),
        }
    }

    /// Whether these credentials sign in, where that is the question itself.
    ///
    /// # Errors
    /// As [`Self::sign_in`].
    pub(super) async fn can_sign_in(&self, user: &Username, password: &Password) -> Result<bool, CallError> {
        match self.sign_in(user, password).await? {
            Answer::Accepted(session) => {
                session.end().await;
                Ok(true)
            }
            Answer::Expired(_) => Ok(true),
            Answer::Rejected(_) => Ok(false),
        }
    }
}
