//! PostgreSQL 13 to 18, and Aurora PostgreSQL.

mod alternation;
mod begin;
mod clone_check;
mod clone_plan;
mod connection;
mod equality;
mod errors;
mod examination;
mod handshake;
mod memberships;
mod open_sessions;
mod owned_objects;
mod password;
mod query;
mod quoting;
mod reassign_owned;
mod revocation;
mod role_change;
mod role_settings;
mod scram_users;
mod session;
mod sign_in;
mod superuser;
mod verifier;
mod verify;

use async_trait::async_trait;
use rotation::ports::{Database, ProofOfOtherUser, Reached, SignIn, SuperuserSession, UserSession};
use rotation::{Alternation, CallError, Password, Server, Stage, Username, run_as};

use crate::dial::Connector;
use crate::limits::Limits;
use crate::reach::reach;
use crate::tls::TrustAnchors;
use quoting::identifier;
use scram_users::ScramUsers;
use sign_in::{Outcome, sign_in};

/// PostgreSQL truncates longer names silently (SQLSTATE 42622), and two of them can then collide.
const NAME_BYTES: usize = 63;

/// Rotates users of PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    trusted: TrustAnchors,
    limits: Limits,
    scram_users: ScramUsers,
}

impl Postgres {
    /// Trusts `trusted` beside the public authorities.
    #[must_use]
    pub fn new(trusted: TrustAnchors, limits: Limits) -> Self {
        Self { trusted, limits, scram_users: ScramUsers::default() }
    }

    fn connector(&self, server: &Server) -> Connector {
        Connector { server: server.clone(), trusted: self.trusted.clone(), limits: self.limits }
    }
}

#[async_trait]
impl Database for Postgres {
    fn engines(&self) -> &'static [&'static str] {
        &["postgres", "aurora-postgresql"]
    }

    fn default_port(&self) -> u16 {
        5432
    }

    fn username_error(&self, user: &Username, _engine: &str) -> Option<&'static str> {
        if user.0.len() > NAME_BYTES {
            return Some("is longer than 63 bytes, the limit of PostgreSQL");
        }
        // RFC 5802 has a comma escaped; the driver does not.
        if user.0.contains(',') {
            return Some("holds a comma, with which SCRAM-SHA-256 does not work here");
        }
        // The driver prepares the name together with the letter before it, so right-to-left names fail.
        let unprepared = stringprep::saslprep(&format!("n={user}")).is_err();
        unprepared.then_some("holds characters that the driver cannot sign in with (SASLprep, RFC 4013)")
    }

    fn opens_one_database(&self) -> bool {
        true
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        ProofOfOtherUser::MembershipOrSignIn
    }

    fn manual_remedy(&self, user: &Username, stage: Stage) -> String {
        let quoted = identifier(user);
        let missing = user.0.strip_suffix("_clone").map(|base| {
            format!(
                " (if the clone is missing, as after a restore, first run CREATE ROLE {quoted} LOGIN; GRANT {} TO {quoted})",
                identifier(&Username(base.to_owned()))
            )
        });
        format!(
            "in psql as a superuser, run \\password {quoted} with the password of the {stage} version (after SET \
             password_encryption = 'scram-sha-256' if the server accepts nothing else){}, then rotate again; or, if \
             that password is right and its VALID UNTIL is in the past, {}",
            missing.unwrap_or_default(),
            run_as("an administrator", &[format!("ALTER ROLE {quoted} VALID UNTIL 'infinity'")])
        )
    }

    fn creation_of_clone(&self, Alternation { base, clone, .. }: &Alternation) -> String {
        let (base, clone) = (identifier(base), identifier(clone));
        format!(
            "as an administrator run CREATE ROLE {clone} LOGIN; GRANT {base} TO {clone}; ALTER ROLE {clone} SET role = {base}, and in \
             psql \\password {clone}"
        )
    }

    async fn reach(&self, server: &Server) -> Result<Reached, CallError> {
        let connector = self.connector(server);
        reach(&connector, |socket| handshake::secured(socket, &server.endpoint, &connector.trusted)).await
    }

    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let options = sign_in::options(server, user, password);
        let outcome = sign_in(&self.connector(server), options).await?;
        if let Outcome::Accepted(connection) = &outcome {
            self.scram_users.record(user, connection.used_scram());
        }
        Ok(SignIn::from(outcome).map::<dyn UserSession>(|connection| connection))
    }

    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        let options = sign_in::with_safe_search_path(sign_in::options(server, user, password));
        let mut outcome = sign_in(&self.connector(server), options).await?;
        if let Outcome::Accepted(connection) = &mut outcome {
            connection.set_scram_users(&self.scram_users);
        }
        Ok(SignIn::from(outcome).map::<dyn SuperuserSession>(|connection| connection))
    }
}
