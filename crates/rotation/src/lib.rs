//! The protocol of a rotation, as AWS Secrets Manager drives it: four steps that may each be repeated
//! at any time, and twice at once, and strategies that say whose password comes next.
//!
//! Steps give the order, strategies decide (pure), databases act. Everything that leaves the process
//! goes through a trait in [`ports`]; this crate knows no AWS, no SQL and no environment.

#[cfg(test)]
mod any_input;
mod cause;
mod credentials;
mod error;
mod event;
mod password;
pub mod ports;
mod progress;
mod remedy;
mod secret;
mod server;
mod steps;
mod strategies;
mod versions;
mod words;

pub use cause::Cause;
pub use credentials::{Password, SecretText, Username};
pub use error::{CallError, Error, Problem, Refusal};
pub use event::{RotationEvent, RotationToken, SecretId, Step, VersionId};
pub use password::{PasswordPolicy, PolicyError, PolicySettings};
pub use progress::Progress;
pub use remedy::{ADMINISTRATOR, run_as};
pub use secret::{Secret, SuperuserSecret, Tls};
pub use server::{Endpoint, Server};
pub use strategies::{
    AlternatingUsers, Alternation, DualPassword, OldPassword, SetBy, SingleUser, Strategy, Target,
};
pub use versions::{Admission, Stage, Versions};
pub use words::{PasswordsInUse, does_not_print, server_words};

use ports::{Clock, Database, SecretStore, Topology};

/// Everything that one function rotates with: its edges, its strategy, its rules for new passwords.
#[expect(
    missing_debug_implementations,
    reason = "the edges are traits without Debug: what they hold is secret"
)]
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    /// Secrets Manager.
    pub store: &'a dyn SecretStore,
    /// The engine that this function rotates.
    pub database: &'a dyn Database,
    /// RDS: which address belongs to which server. None where the strategy has no superuser, the only one who is asked for.
    pub topology: Option<&'a dyn Topology>,
    /// Time left, and waiting.
    pub clock: &'a dyn Clock,
    /// Whose password comes next, and who installs it.
    pub strategy: &'a dyn Strategy,
    /// What a new password is made of.
    pub policy: &'a PasswordPolicy,
    /// A limit on user names below the engine's own (`USERNAME_CHARACTER_LIMIT`), in characters.
    pub username_limit: Option<usize>,
    /// What is being waited for, so that an answer at the deadline can name it.
    pub progress: &'a Progress,
    /// What no error and no log line may repeat.
    pub passwords: &'a PasswordsInUse,
}

/// Runs one step of a rotation. Safe to repeat, at any time, and at once with itself.
///
/// # Errors
/// [`Error::Refused`] where a person must act, [`Error::Call`] where a retry may help. Nothing has been
/// changed for the worse in either case: a stored version that signed in before still does.
pub async fn rotate(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    match event.step {
        Step::CreateSecret => steps::create_secret(rotation, event).await,
        Step::SetSecret => steps::set_secret(rotation, event).await,
        Step::TestSecret => steps::test_secret(rotation, event).await,
        Step::FinishSecret => steps::finish_secret(rotation, event).await,
    }
}
