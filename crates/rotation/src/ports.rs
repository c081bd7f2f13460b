//! The edges of the process: every call that leaves it goes through one of these traits, and each has one
//! real implementation. A failure is an [`CallError`] with its cause; no failure is ever mapped to "no".

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{CallError, Refusal};
use crate::server::{Endpoint, Server};
use crate::strategies::{Alternation, OldPassword, SetBy};
use crate::versions::Versions;
use crate::{Password, RotationToken, SecretId, SecretText, Username, VersionId};

pub use crate::versions::Wanted;

/// Secrets Manager.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// `DescribeSecret`.
    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError>;

    /// `GetSecretValue`; none where that version has no value yet, or no version has the label.
    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError>;

    /// `PutSecretValue` on AWSPENDING. A version's value is immutable, so of two writers one wins and the
    /// other is told so.
    async fn put_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        text: &SecretText,
        token: Option<&RotationToken>,
    ) -> Result<Put, CallError>;

    /// `ListSecretVersionIds`: the versions without a label, newest first.
    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError>;

    /// `UpdateSecretVersionStage` of AWSCURRENT, if `from` still holds it: a compare-and-swap.
    async fn move_current(
        &self,
        secret: &SecretId,
        from: &VersionId,
        to: &VersionId,
    ) -> Result<Move, CallError>;
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The version has the value that was sent.
    Written,
    /// The version had a value already, which stays.
    AlreadyWritten,
}

/// What became of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It stands where it was to go.
    Done,
    /// It was not where it was said to be; nothing has changed.
    NotThere,
}

/// One engine.
#[async_trait]
pub trait Database: Send + Sync {
    /// The values of a secret's `engine` that are this one's.
    fn engines(&self) -> &'static [&'static str];

    /// The port where a secret names none.
    fn default_port(&self) -> u16;

    /// Why no user of this name can be rotated where the secret's `engine` says so, in words that follow the
    /// name; none where one can.
    fn username_error(&self, user: &Username, engine: &str) -> Option<&'static str>;

    /// How an account is shown to be the other of two users.
    fn proof_of_other_user(&self) -> ProofOfOtherUser;

    /// What a person runs when no stored version signs in as `user`.
    fn manual_remedy(&self, user: &Username) -> String;

    /// Signs in as a user of the application. Unreachable, locked, full and so on are errors, never
    /// [`SignIn::Rejected`].
    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn, CallError>;

    /// Signs in as a superuser, into a session that trusts nothing that a database's owner defined.
    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn, CallError>;

    /// Gives the objects that the clone owns in `databases` to its base, signed in as the clone. What stays where it is in a
    /// stranger's database is warned of; only what passes by itself fails there.
    async fn reassign_owned(
        &self,
        server: &Server,
        alternation: &Alternation,
        password: &Password,
        databases: &[ObjectsIn],
    ) -> Result<(), CallError>;
}

/// A database in which the clone owns objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectsIn {
    /// Its name.
    pub database: String,
    /// Whether it is neither the application's nor of an administrator of the two users: its owner may close it.
    pub is_strangers: bool,
}

/// How an account that exists is shown to be the other of two users. A name is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofOfOtherUser {
    /// The superuser reads what the server stores of its password, and compares: nobody signs in.
    StoredVerifier,
    /// The superuser itself has made the clone a member of the base, or else a version of the secret signs in as it.
    MembershipOrSignIn,
}

/// A server's answer to a user name and a password, given over the connection that the secret asks for and after a
/// challenge; with TLS, over verified TLS. Everything else is an error.
pub enum SignIn {
    /// Signed in.
    Accepted(Box<dyn Session>),
    /// The user does not exist or this is not its password; with the server's code and message.
    Rejected(String),
    /// This is its password, which has expired: it proves who the user is, and opens no session. With the
    /// server's code and message.
    Expired(String),
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Accepted(_) => f.write_str("Accepted"),
            Self::Rejected(answer) => f.debug_tuple("Rejected").field(answer).finish(),
            Self::Expired(answer) => f.debug_tuple("Expired").field(answer).finish(),
        }
    }
}

/// What became of a user's wish to change its own password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The password is installed.
    Made,
    /// The server lets no user do that; with its code and message.
    NotAllowed(String),
}

/// What either of two alternating users sees of both.
#[derive(Debug)]
pub struct PairView {
    /// The databases in which the clone owns objects.
    pub owned: Vec<ObjectsIn>,
    /// How the clone belongs to the base, where it exists and this session can tell.
    pub membership: Option<Membership>,
    /// What the turn would cost the application, which stands in its way once both users are known to be the
    /// application's.
    pub objection: Option<Refusal>,
}

/// How a clone came to be a member of its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Who granted it, but for the bootstrap superuser, as which the grants of every role with SUPERUSER are recorded. Empty
    /// where the server does not say that the two are this secret's: then a grant proves nothing.
    pub grantors: Vec<Username>,
    /// What is said where that proves nothing, and no version of the secret signs in.
    pub unproven: Unproven,
}

/// An account that may be somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// What was found.
    pub what: String,
    /// What a person can run if it is the application's, beside storing its credentials in the secret.
    pub if_ours: Option<String>,
    /// What a person can do if it is not.
    pub otherwise: String,
}

/// What shows that an account which exists is the other of two users.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// What the superuser sees at the server has to be enough.
    None,
    /// The passwords of the secret's versions for the two users: what the server stores of its password is compared.
    Passwords(Vec<Password>),
    /// A version has signed in as that user in this step.
    SignedIn,
}

/// What became of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlternationOutcome {
    /// The next user is what it must be, and has its password.
    Done,
    /// Nothing was changed: the evidence does not show that an account is the other user's.
    NeedsProof(Unproven),
}

/// What a session says of its user.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// What differs from what the user should be; nothing is the proof.
    pub differences: Vec<String>,
    /// How the user sees itself, where a server shows a user its own account only: then the other of two users
    /// has to be asked as well. Else `differences` covers both.
    pub own: Option<AccountView>,
}

/// An account as its user sees it, without its name.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// What the user may do.
    pub rights: Arc<dyn Rights>,
    /// What it is held to: limits, TLS, rules for passwords and so on; in lines that two users share where they are equal.
    pub rules: BTreeSet<String>,
}

/// What an account may do. Only its engine can compare two of them: a right may be held in many ways, and a line about an
/// account may also take something away.
pub trait Rights: Debug + Send + Sync {
    /// What `other`, an account of the same server, may do and this one may not; nothing if this one may do as much.
    fn lacks(&self, other: &dyn Rights) -> Vec<String>;

    /// For an engine that meets its own rights again.
    fn as_any(&self) -> &dyn Any;
}

/// A signed-in user. Each method is one transaction where the engine has them around accounts, and may be repeated in any
/// case; after an error the session is only good for dropping.
#[async_trait]
pub trait Session: Send {
    /// As the user itself, signed in with `used`: installs its next password, and sees to the former one.
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError>;

    /// As the user itself, whose next password was installed before: does what a change does after that.
    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError>;

    /// As a superuser: installs the password of another user, for which `used` has just been proven, and ends every other one
    /// that it has.
    async fn install_password(
        &mut self,
        user: &Username,
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError>;

    /// As either of two alternating users, which are those of `secret`: what it sees of the two.
    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairView, CallError>;

    /// As a superuser, for `secret`: makes the next user what it must be and installs its password last, in place of every other one
    /// that it has. An account that exists has to be shown to be that user. What a crash leaves behind does not sign in
    /// with the new password, and the next attempt goes on from there.
    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError>;

    /// As the user of the pending version: proves that it is the user it should be and can run a query. Under
    /// alternating users also as the outgoing one, where a server shows a user its own account only.
    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError>;

    /// Whether the server is a replica, which may lag.
    async fn on_replica(&mut self) -> Result<bool, CallError>;

    /// Ends the session, so that the server's log shows no lost connection. Errors are ignored.
    async fn close(self: Box<Self>);
}

/// Amazon RDS: which address belongs to which server.
#[async_trait]
pub trait Topology: Send + Sync {
    /// The writer's endpoint of the instance or cluster with this ARN, and its engine.
    async fn server_of(&self, arn: &str) -> Result<(Endpoint, String), CallError>;

    /// Whether `reader` is an endpoint of a replica or reader of the server whose writer is at `primary`:
    /// both compared whole with what RDS answers.
    async fn is_reader_of(&self, reader: &Endpoint, primary: &Endpoint) -> Result<bool, CallError>;
}

/// Time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// How long until the step has to answer.
    fn left(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}
