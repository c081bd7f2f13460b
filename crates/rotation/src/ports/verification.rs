//! The check of testSecret: is the user of the pending version what it should be?

use async_trait::async_trait;

use super::sign_in::SignIn;
use crate::error::{CallError, Refusal};
use crate::strategy::Alternation;
use crate::{Password, Username};

/// What a session says of its user.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "comparisons are a trait without Debug")]
pub struct Verification {
    /// What differs from what the user should be; nothing if it works.
    pub differences: Vec<String>,
    /// The comparison with the other of two alternating users, if the server shows a user its own account only. `None`
    /// if `differences` covers both users, or there is one user.
    pub comparison: Option<Box<dyn Comparison>>,
}

/// The account of one of two alternating users, to be compared with the other's.
#[async_trait]
pub trait Comparison: Send + Sync {
    /// Signs in as the other user, to the same server.
    async fn sign_in(
        &self,
        other: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OtherSession>, CallError>;
}

/// The other user, signed in to be compared with the first.
#[async_trait]
pub trait OtherSession: Send {
    /// What is wrong with the user whose turn it is. A clone must equal its base. The base must have every privilege of the
    /// clone; it may have more.
    async fn differences(&mut self) -> Result<Vec<String>, CallError>;

    /// What prevents an alternation that no superuser prepares, by the same rule; with the statements that settle it.
    async fn objection(&mut self, alternation: &Alternation) -> Result<Option<Refusal>, CallError>;

    /// Ends the session, so that the server's log shows no lost connection. Errors are ignored.
    async fn close(self: Box<Self>);
}
