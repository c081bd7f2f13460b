//! The ports of the process: every call that leaves it goes through one of these traits, and each has one
//! adapter. A failure is a [`CallError`] with its cause; no failure is ever mapped to "no".

mod database;
mod examination;
mod open_sessions;
mod secret_store;
mod session;
mod sign_in;
mod surroundings;
mod user_pair;
mod verification;

pub use database::{Database, ProofOfOtherUser, check_username};
pub use examination::{LockedOut, Lockout, Reached, SeenTls, ServerState};
pub use open_sessions::{ClientSessions, MOST_CLIENTS, Sessions, Since};
pub use secret_store::{Move, Page, Put, SecretStore};
pub use session::{Change, SuperuserSession, UserSession};
pub use sign_in::SignIn;
pub use surroundings::Surroundings;
pub use user_pair::{AlternationOutcome, Evidence, Membership, OwnedObjects, PairComparison, PairView};
pub use verification::{Comparison, OtherSession, Verification};

pub use crate::error::Unproven;
pub use crate::versions::Wanted;

use std::time::Duration;

use async_trait::async_trait;

use crate::error::CallError;
use crate::server::Endpoint;

/// Amazon RDS: which address belongs to which server.
#[async_trait]
pub trait Topology: Send + Sync {
    /// The host of the service's endpoint; `None` if that is not known.
    fn host(&self) -> Option<String>;

    /// The writer's endpoint of the instance or cluster with this ARN, and its engine.
    async fn server_of(&self, arn: &str) -> Result<(Endpoint, String), CallError>;

    /// Whether `reader` is an endpoint of a replica or reader of the server whose writer is at `primary`.
    /// Both addresses are compared whole with those that RDS returns.
    async fn is_reader_of(&self, reader: &Endpoint, primary: &Endpoint) -> Result<bool, CallError>;
}

/// Time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// How long until the step has to return.
    fn left(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}
