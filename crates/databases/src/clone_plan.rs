//! What a person runs, who has the rights for it, to make the clone of a user that exists.

use std::fmt;

use async_trait::async_trait;
use rotation::ports::{Database, SignIn};
use rotation::{Alternation, CallError, Password, SecretId, Server};

/// The statements that make a clone, and what they leave out.
#[derive(Clone, PartialEq, Eq)]
pub struct ClonePlan {
    /// In order. Together they are safe to run once: if one fails, the clone does not sign in. They hold a verifier of the clone's
    /// password, and not the password.
    pub statements: Vec<String>,
    /// What the base has and the clone is not given, and why.
    pub left_out: Vec<String>,
}

impl fmt::Debug for ClonePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClonePlan").field("left_out", &self.left_out).finish_non_exhaustive()
    }
}

/// A database in which a person makes the clones, because no superuser is within reach of the function.
#[async_trait]
pub trait PlansClones: Database {
    /// Signs in as the base with `password`, and plans its clone, which gets the password `next`. Changes nothing.
    ///
    /// # Errors
    /// Refuses whatever the pair's rotations would be refused for, as far as the base sees it: a base that may not change its own
    /// password, has expired, or has accounts at several hosts. Also a clone that exists.
    async fn plan_clone(
        &self,
        server: &Server,
        password: &Password,
        alternation: &Alternation,
        secret: &SecretId,
        next: &Password,
    ) -> Result<SignIn<ClonePlan>, CallError>;
}
