//! A database engine.

use async_trait::async_trait;

use super::examination::Reached;
use super::session::{SuperuserSession, UserSession};
use super::sign_in::SignIn;
use crate::error::{CallError, Refusal};
use crate::server::Server;
use crate::strategy::Alternation;
use crate::versions::Stage;
use crate::{Password, Username};

/// One engine.
#[async_trait]
pub trait Database: Send + Sync {
    /// The values of a secret's `engine` that mean this engine.
    fn engines(&self) -> &'static [&'static str];

    /// The port if a secret names none.
    fn default_port(&self) -> u16;

    /// Why no user of this name can be rotated under the secret's `engine`, in words that follow the name; `None` if one
    /// can.
    fn username_error(&self, user: &Username, engine: &str) -> Option<&'static str>;

    /// Whether a session sees the rights in one database only, the one that it opens.
    fn opens_one_database(&self) -> bool;

    /// How an account is shown to be the other of two users.
    fn proof_of_other_user(&self) -> ProofOfOtherUser;

    /// What a person runs when no stored version signs in as `user`, who then has the password of the version with this label.
    fn manual_remedy(&self, user: &Username, stage: Stage) -> String;

    /// What a person runs to create the clone; what it lacks after that is said by [`super::UserSession::compare_pair`].
    fn creation_of_clone(&self, alternation: &Alternation) -> String;

    /// Connects to each address of a server, and ends before the sign-in.
    ///
    /// # Errors
    /// [`crate::Cause::NameNotResolved`].
    async fn reach(&self, server: &Server) -> Result<Reached, CallError>;

    /// Signs in as a user of the application. Unreachable, locked, full and so on are errors, never
    /// [`SignIn::Rejected`].
    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError>;

    /// Signs in as a superuser, into a session that trusts nothing that a database's owner defined.
    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError>;
}

/// Refuses a name that no user can be rotated under: by the engine's rule, or longer than `limit` characters
/// (`USERNAME_CHARACTER_LIMIT`).
///
/// # Errors
/// [`Refusal::UsernameNotAllowed`].
pub fn check_username(
    database: &dyn Database,
    user: &Username,
    engine: &str,
    limit: Option<usize>,
) -> Result<(), Refusal> {
    let too_long = || {
        let limit = limit.filter(|limit| user.0.chars().count() > *limit)?;
        Some(format!("is longer than {limit} characters, the USERNAME_CHARACTER_LIMIT"))
    };
    match database.username_error(user, engine).map(String::from).or_else(too_long) {
        Some(why) => Err(Refusal::UsernameNotAllowed { username: user.clone(), why }),
        None => Ok(()),
    }
}

/// How an account that exists is shown to be the other of two users. A name is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofOfOtherUser {
    /// The superuser reads the verifier of its password that the server stores, and compares: nobody signs in.
    StoredVerifier,
    /// The superuser itself has made the clone a member of the base, or else a version of the secret signs in as it.
    MembershipOrSignIn,
}
