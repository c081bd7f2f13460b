//! PostgreSQL 13 to 18, and Aurora PostgreSQL.

mod admin;
mod alternation;
mod begin;
mod clone_check;
mod connection;
mod errors;
mod memberships;
mod owned_objects;
mod query;
mod reassign_owned;
mod session;
mod settings;
mod sign_in;
mod verifier;
mod verify;

use async_trait::async_trait;
use rotation::ports::{Database, ProofOfOtherUser, SignIn, SuperuserSession, UserSession};
use rotation::{CallError, Password, Server, Username, run_as};

use crate::connect::Limits;
use crate::tls::TrustAnchors;
use clone_check::identifier;
use session::ScramUsers;

/// PostgreSQL cuts longer names silently (SQLSTATE 42622), and two of them can then collide.
const NAME_BYTES: usize = 63;

/// Rotates users of PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    trusted: TrustAnchors,
    limits: Limits,
    scram: ScramUsers,
}

impl Postgres {
    /// Trusts `trusted` beside the public authorities.
    #[must_use]
    pub fn new(trusted: TrustAnchors, limits: Limits) -> Self {
        Self { trusted, limits, scram: ScramUsers::default() }
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
        // As the driver prepares it, together with the letter before it: right-to-left names do not pass.
        let unprepared = stringprep::saslprep(&format!("n={user}")).is_err();
        unprepared.then_some("holds characters that the driver cannot sign in with (SASLprep, RFC 4013)")
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        ProofOfOtherUser::MembershipOrSignIn
    }

    fn manual_remedy(&self, user: &Username) -> String {
        let quoted = identifier(user);
        let gone = user.0.strip_suffix("_clone").map(|base| {
            format!(
                " (a clone that is gone, as after a restore, is first made: CREATE ROLE {quoted} LOGIN; GRANT {} TO {quoted})",
                identifier(&Username(base.to_owned()))
            )
        });
        format!(
            "in psql as a superuser, run \\password {quoted} with the password of the AWSCURRENT version (after SET \
             password_encryption = 'scram-sha-256' where the server takes nothing else){}, then rotate again; or, if \
             that password is right and its VALID UNTIL is over, {}",
            gone.unwrap_or_default(),
            run_as("an administrator", &[format!("ALTER ROLE {quoted} VALID UNTIL 'infinity'")])
        )
    }

    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let options = sign_in::options(server, user, password);
        let answer = sign_in::sign_in(options, server, &self.trusted, self.limits).await?;
        if let Ok(session) = &answer {
            self.scram.signed_in(user, session.came_by_scram());
        }
        Ok(sign_in::response(answer).map::<dyn UserSession>(|session| session))
    }

    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        let options = sign_in::trusting_nothing(sign_in::options(server, user, password));
        let mut answer = sign_in::sign_in(options, server, &self.trusted, self.limits).await?;
        if let Ok(session) = &mut answer {
            session.store_for(&self.scram);
        }
        Ok(sign_in::response(answer).map::<dyn SuperuserSession>(|session| session))
    }
}
