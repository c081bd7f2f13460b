//! How an attempt at a rotation is made, and how it ended.

use local_aws::Rotation;

use super::Attempt;
use super::checks::holder;
use super::subject::Subject;
use crate::Application;

/// Goes on with the rotation of this version as the service does: with the same token, although it may be current by
/// now. `RotateSecret` would begin another rotation then.
pub(super) async fn goes_on<S: Subject>(application: &Application<'_, S>, version: &str) -> Rotated {
    if holder(application, "AWSCURRENT").await.as_deref() == Some(version) {
        return match application.repeat(version).await {
            Ok(()) => Rotated::Well(version.to_owned()),
            Err((step, error)) => {
                Rotated::Failed { step, class: error.error_type, words: error.error_message }
            }
        };
    }
    rotated(application).await
}

/// Begins a rotation, or goes on with the one that is not complete.
pub(super) async fn rotated<S: Subject>(application: &Application<'_, S>) -> Rotated {
    let rotation = application.rotate().await;
    if rotation.succeeded {
        let current = holder(application, "AWSCURRENT").await;
        return Rotated::Well(current.expect("a current version"));
    }
    failed(&rotation)
}

/// The step at which it failed.
fn failed(rotation: &Rotation) -> Rotated {
    let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
    let failed = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step.name(), error)));
    let (step, error) = failed.expect("a step failed");
    let class = error.error_type.clone().unwrap_or_default();
    Rotated::Failed { step, class, words: error.message.clone() }
}

/// What became of an attempt, whether or not a fault was behind it.
pub(super) enum Rotated {
    /// This version is current.
    Well(String),
    Failed {
        step: &'static str,
        /// The error's type.
        class: String,
        words: String,
    },
}

impl Rotated {
    /// A failure of one of these types is the fault's.
    pub(super) fn blamed_on(self, classes: &[&str]) -> Attempt {
        match self {
            Self::Well(version) => Attempt::Completed(version),
            Self::Failed { step, class, .. } if classes.contains(&class.as_str()) => Attempt::Struck(step),
            Self::Failed { step, class, words } => Attempt::Failed(format!("{step} {class}: {words}")),
        }
    }
}
