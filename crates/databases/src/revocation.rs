//! What ends a password that others may know, beside its rotation.

use std::time::Duration;

use async_trait::async_trait;
use rotation::ports::{Database, SignIn};
use rotation::{CallError, Password, Server, Username};

/// A database in which a person ends what others have opened with a password.
#[async_trait]
pub trait Revokes: Database {
    /// Signs in as `user`, to end its other sessions.
    ///
    /// # Errors
    /// As [`Database::sign_in`].
    async fn sign_in_to_end_sessions(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn EndsSessions>, CallError>;

    /// Whether a user name can have several accounts, each with a password of its own.
    fn has_accounts_by_host(&self) -> bool;

    /// As `administrator`: the accounts of these user names, and whether `password` signs in by them, also as a second
    /// password. Nobody else signs in. Empty on an engine without accounts by host.
    ///
    /// # Errors
    /// Refuses if the administrator may not read accounts, with the GRANT.
    async fn accounts_of(
        &self,
        server: &Server,
        administrator: (&Username, &Password),
        users: &[&Username],
        password: &Password,
    ) -> Result<SignIn<Vec<AccountOfUser>>, CallError>;
}

/// A user's session that ends the others of that user.
#[async_trait]
pub trait EndsSessions: Send {
    /// Asks the server to end each session of this user that began before this one, as far as it shows them, and returns their
    /// ids: empty if none is left. May be repeated.
    ///
    /// # Errors
    /// If this session is lost, or the server does not let the user end its own sessions.
    async fn end_older(&mut self) -> Result<Vec<i64>, CallError>;

    /// Ends a second password of this user, unless it is `used`, by which this session has signed in; returns false where `used` is
    /// the second one itself, where the user may have no second one or may not discard it.
    async fn discard_old_password(&mut self, used: &Password) -> Result<bool, CallError>;

    /// For how long the server waits for a client that signs in. A sign-in that began before this session can become a session
    /// until then, and belong to one of the sessions that are older.
    async fn longest_sign_in(&mut self) -> Result<Duration, CallError>;

    /// Ends the session. Errors are ignored.
    async fn close(self: Box<Self>);
}

/// An account, and what a password is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOfUser {
    /// As in statements, quoted.
    pub account: String,
    /// What the password is to it.
    pub accepts: Accepts,
    /// The statement by which an administrator locks it.
    pub lock: String,
}

/// What a password is to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// It does not sign in.
    No,
    /// It signs in.
    Yes,
    /// The account has another way to sign in than a password that is known here.
    Unknown,
}
