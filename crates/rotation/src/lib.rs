//! The protocol of a rotation, as AWS Secrets Manager drives it: four steps that may each be repeated
//! at any time, and twice at once, and strategies that say whose password comes next.
//!
//! Steps give the order, strategies decide (pure), databases act. Everything that leaves the process
//! goes through a trait in [`ports`]; this crate knows no AWS, no SQL and no environment.

mod cause;
mod credentials;
mod diagnosis;
mod error;
mod event;
mod function_arn;
mod idle_user;
mod ids;
#[cfg(test)]
mod in_memory;
mod overdue;
mod password;
pub mod ports;
mod progress;
mod promotion;
mod redaction;
mod remedy;
mod replication;
mod rotation;
mod secret;
mod server;
mod steps;
mod strategy;
#[cfg(test)]
mod tests;
mod time;
mod variables;
mod versions;
mod watch;

pub use cause::Cause;
pub use credentials::{Password, SecretText, Username};
pub use diagnosis::{DiagnosisEvent, Finding, Report, Status, Topic, diagnose};
pub use error::{CallError, Error, Problem, Refusal};
pub use event::{RotationEvent, RotationToken, Step};
pub use idle_user::{IdleUserSessions, OnIdleUserSessions};
pub use ids::{SecretId, VersionId};
pub use password::{PasswordPolicy, PolicyError, PolicySettings};
pub use progress::Progress;
pub use promotion::Promotion;
pub use redaction::{PasswordsInUse, does_not_print, server_words};
pub use remedy::{ADMINISTRATOR, run_as, some_of};
pub use replication::{Replica, ReplicaStatus, Replication};
pub use rotation::Rotation;
pub use secret::{Secret, SuperuserSecret};
pub use server::{Endpoint, Server, Tls};
pub use strategy::{Alternation, OldPassword, SetBy, Strategy, Target};
pub use variables::{overdue_after, username_limit};
pub use versions::{Admission, Schedule, Stage, Versions};
pub use watch::{OverdueSecret, WatchEvent, Watched, watch};

use tracing::info;

use steps::Context;

/// Runs one step of a rotation. Safe to repeat, at any time, and concurrently with itself.
///
/// # Errors
/// [`Error::Refused`] if a person must act, [`Error::Call`] if a retry may help. Nothing has been
/// changed for the worse in either case: a stored version that signed in before still does.
pub async fn rotate(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let context = Context::new(rotation, event);
    let (versions, read) = tokio::join!(context.describe(), context.read_ahead());
    let Admission::Pending { current } = versions?.admit(&event.version_id)? else {
        info!("the version is current already");
        return match event.step {
            Step::FinishSecret => steps::look_at_regions(&context).await,
            Step::CreateSecret | Step::SetSecret | Step::TestSecret => Ok(()),
        };
    };
    read?;
    match event.step {
        Step::CreateSecret => steps::create_secret(&context).await,
        Step::SetSecret => match rotation.promotion {
            Promotion::InFinishSecret => steps::set_secret(&context).await,
            Promotion::InSetSecret => steps::set_and_promote(&context, &current).await,
        },
        Step::TestSecret => steps::test_secret(&context).await,
        Step::FinishSecret => steps::finish_secret(&context, &current).await,
    }
}
