//! Two alternating users: what can be seen of them, and what shows that an account is one of them.

use async_trait::async_trait;

use super::open_sessions::Sessions;
use super::verification::Comparison;
use crate::error::{CallError, Refusal, Unproven};
use crate::server::Server;
use crate::{Password, Username};

/// What either of two alternating users sees of both.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "owned objects are a trait without Debug")]
pub struct PairView {
    /// The objects that the clone owns; `None` if it owns none, or the engine has no such thing.
    pub owned: Option<Box<dyn OwnedObjects>>,
    /// How the clone belongs to the base; `None` if there is no clone, or this session cannot tell.
    pub membership: Option<Membership>,
    /// What the application would lose by this alternation. The rotation is refused with it once both users are known to be
    /// the application's.
    pub objection: Option<Refusal>,
    /// The open sessions of the user whose turn it is, if this session may see more of them than the superuser has to.
    pub sessions: Option<Result<Sessions, CallError>>,
}

/// What a session sees of two alternating users that no superuser makes equal.
#[expect(missing_debug_implementations, reason = "owned objects and comparisons are traits without Debug")]
pub enum PairComparison {
    /// The server shows both users to each of them.
    Complete {
        /// The objects that the clone owns; `None` if it owns none.
        owned: Option<Box<dyn OwnedObjects>>,
        /// What prevents the alternation, with the statements that settle it.
        objection: Option<Refusal>,
    },
    /// The server shows a user its own account only, which has to be compared with the other's.
    Half(Box<dyn Comparison>),
}

/// The objects that a clone owns, left by an earlier rotation function. They belong to the base.
#[async_trait]
pub trait OwnedObjects: Send + Sync {
    /// The databases that hold them.
    fn databases(&self) -> Vec<&str>;

    /// Makes the base their owner, signed in to `server` as the clone with `password`. Objects that cannot be reassigned in
    /// a database of a stranger stay, with a warning; in such a database only what passes by itself is an error.
    async fn reassign(&self, server: &Server, password: &Password) -> Result<(), CallError>;
}

/// How a clone came to be a member of its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Who granted it, without the bootstrap superuser, as which the grants of every role with SUPERUSER are recorded.
    /// Empty if the server does not say that the two are this secret's: then a grant proves nothing.
    pub grantors: Vec<Username>,
    /// What the refusal says if the membership proves nothing and no version of the secret signs in.
    pub unproven: Unproven,
}

/// What shows that an existing account is the other of two users.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// What the superuser sees at the server has to be enough.
    None,
    /// The passwords of the secret's versions for that user, which are compared with the verifier that the server stores.
    Passwords(Vec<Password>),
    /// A version has signed in as that user in this step.
    SignedIn,
}

/// The result of setting up the next user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlternationOutcome {
    /// The next user is what it must be, and has its password.
    Done,
    /// Nothing was changed: the evidence does not show that an account is the other user's.
    NeedsProof(Unproven),
}
