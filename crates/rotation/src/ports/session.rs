//! What a signed-in user may do: an application's user, or a superuser.

use async_trait::async_trait;

use super::examination::ServerState;
use super::open_sessions::Sessions;
use super::user_pair::{AlternationOutcome, Evidence, PairComparison, PairView};
use super::verification::Verification;
use crate::error::CallError;
use crate::strategy::{Alternation, OldPassword, SetBy};
use crate::{Password, SecretId, Username};

/// A signed-in user of the application. Each method is one transaction if the engine has transactions around accounts, and
/// may be repeated in any case; after an error the session can only be dropped.
#[async_trait]
pub trait UserSession: Send {
    /// Sets the user's own next password, signed in with `used`, and discards or retains the old one.
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError>;

    /// Does what [`Self::change_own_password`] does after it has set the password, which an earlier attempt did.
    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError>;

    /// Describes an account of the user at another host that has `password`, or that is in use; `None` if it sees none, or if a user
    /// is one account whatever the host.
    async fn elsewhere(&mut self, _password: &Password) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    /// What this user, one of the two alternating users of `secret`, sees of both.
    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairView, CallError>;

    /// Compares this user, one of the two alternating users of `secret`, with the other: whether the alternation is possible if no
    /// superuser makes them equal.
    async fn compare_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairComparison, CallError>;

    /// Checks that the user of the pending version is who it should be and can run a query.
    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError>;

    /// Whether the server is a replica, which may lag.
    async fn on_replica(&mut self) -> Result<bool, CallError>;

    /// Does the checks of [`Self::change_own_password`], as far as they are possible without a change. Returns why the server lets
    /// no user do that; `None` if nothing prevents it.
    async fn check_own_change(
        &mut self,
        user: &Username,
        used: &Password,
        old: OldPassword,
    ) -> Result<Option<String>, CallError>;

    /// Whether the server's rules accept all of `samples`, which are nobody's passwords. Servers that do not say so accept it.
    async fn check_passwords(&mut self, samples: &[Password]) -> Result<(), CallError>;

    /// What the server says of itself.
    async fn server_state(&mut self) -> Result<ServerState, CallError>;

    /// The open sessions of `user`, as far as the server shows them to this one, which is not among them. Changes nothing, and
    /// the session can be used after an error as well.
    ///
    /// # Errors
    /// `MissingPrivilege` if the server does not show them at all; on PostgreSQL it shows at least how many there are.
    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError>;

    /// Ends the session, so that the server's log shows no lost connection. Errors are ignored.
    async fn close(self: Box<Self>);
}

/// A signed-in superuser. Each method is one transaction if the engine has transactions around accounts, and may be
/// repeated in any case; after an error the session can only be dropped.
#[async_trait]
pub trait SuperuserSession: Send {
    /// Installs the password of another user, for which `used` has just been proven, and ends every other one
    /// that it has.
    async fn install_password(
        &mut self,
        user: &Username,
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError>;

    /// Makes the next user of `secret` what it must be, and installs its password last, in place of every other one that it
    /// has. An account that exists has to be shown to be that user. A user that a crash leaves behind does not sign in
    /// with the new password, and the next attempt goes on from there.
    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError>;

    /// Does every check of [`Self::set_up_next_user`] and none of its changes.
    async fn check_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError>;

    /// The same as [`UserSession::sessions_of`].
    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError>;

    /// Ends the session, so that the server's log shows no lost connection. Errors are ignored.
    async fn close(self: Box<Self>);
}

/// The result of a user's request to change its own password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The password is installed.
    Made,
    /// The server lets no user do that; with its code and message.
    NotAllowed(String),
}
