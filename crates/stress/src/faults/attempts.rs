//! Attempts at a rotation by Secrets Manager.

use super::checks::holder;
use super::injector::Attempt;
use super::subject::Subject;
use testbed::Application;

/// What Secrets Manager does next.
pub(super) enum Next {
    /// It begins a rotation, or continues the one that is not complete.
    Rotates,
    /// It runs the steps of this version once more: the version is current, but the service received no response that says
    /// so. `RotateSecret` would begin another rotation.
    Repeats(String),
}

impl Next {
    pub(super) async fn of<S: Subject>(application: &Application<'_, S>) -> Self {
        match application.unfinished_version() {
            Some(version) if holder(application, "AWSCURRENT").await.as_ref() == Some(&version) => {
                Self::Repeats(version)
            }
            Some(_) | None => Self::Rotates,
        }
    }

    pub(super) async fn run<S: Subject>(self, application: &Application<'_, S>) -> Outcome {
        match self {
            Self::Rotates => rotate(application).await,
            Self::Repeats(version) => match application.repeat(&version).await {
                Ok(()) => Outcome::Succeeded,
                Err((step, error)) => {
                    Outcome::Failed { step, class: error.error_type, message: error.error_message }
                }
            },
        }
    }
}

async fn rotate<S: Subject>(application: &Application<'_, S>) -> Outcome {
    let rotation = application.rotate().await;
    if rotation.succeeded {
        return Outcome::Succeeded;
    }
    let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
    let failed = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step.name(), error)));
    let (step, error) = failed.expect("a step failed");
    let class = error.error_type.clone().unwrap_or_default();
    Outcome::Failed { step, class, message: error.message.clone() }
}

/// How the steps of an attempt ended, whatever the cause.
pub(super) enum Outcome {
    Succeeded,
    Failed {
        step: &'static str,
        /// The error's type.
        class: String,
        message: String,
    },
}

impl Outcome {
    /// An error of one of these types is attributed to the fault.
    pub(super) async fn attributed_to<S: Subject>(
        self,
        classes: &[&str],
        application: &Application<'_, S>,
    ) -> Attempt {
        match self {
            Self::Succeeded => {
                let current = holder(application, "AWSCURRENT").await;
                Attempt::Completed(current.expect("a current version"))
            }
            Self::Failed { step, class, .. } if classes.contains(&class.as_str()) => {
                Attempt::Interrupted(step)
            }
            Self::Failed { step, class, message } => Attempt::Failed(format!("{step} {class}: {message}")),
        }
    }
}
