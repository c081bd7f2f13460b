//! The check of testSecret: is the user of the pending version what it should be?

use async_trait::async_trait;

use super::sign_in::SignIn;
use crate::error::CallError;
use crate::{Password, Username};

/// What a session says of its user.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "comparisons are a trait without Debug")]
pub struct Verification {
    /// What differs from what the user should be; nothing if it works.
    pub differences: Vec<String>,
    /// The comparison with the outgoing of two alternating users, if the server shows a user its own account only. `None`
    /// if `differences` covers both users, or there is one user.
    pub comparison: Option<Box<dyn Comparison>>,
}

/// The account of the incoming user, to be compared with the outgoing one's.
#[async_trait]
pub trait Comparison: Send + Sync {
    /// Signs in as the outgoing user, to the same server.
    async fn sign_in(
        &self,
        outgoing: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OutgoingSession>, CallError>;
}

/// The outgoing user, signed in to be compared with the incoming one.
#[async_trait]
pub trait OutgoingSession: Send {
    /// What is wrong with the incoming user. A clone must equal its base. The base must have every privilege of the clone;
    /// it may have more.
    async fn differences(&mut self) -> Result<Vec<String>, CallError>;

    /// Ends the session, so that the server's log shows no lost connection. Errors are ignored.
    async fn close(self: Box<Self>);
}
