//! How an attempt at a rotation is made, and how it ended.

use super::Attempt;
use super::checks::holder;
use super::subject::Subject;
use testbed::Application;

/// What the service does next.
pub(super) enum Next {
    /// Begins a rotation, or goes on with the one that is not complete.
    Rotates,
    /// Runs the steps of this version once more: it is current, and the service did not hear of it. `RotateSecret` would
    /// begin another rotation.
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

    pub(super) async fn run<S: Subject>(self, application: &Application<'_, S>) -> Rotated {
        match self {
            Self::Rotates => rotate(application).await,
            Self::Repeats(version) => match application.repeat(&version).await {
                Ok(()) => Rotated::Well,
                Err((step, error)) => {
                    Rotated::Failed { step, class: error.error_type, words: error.error_message }
                }
            },
        }
    }
}

async fn rotate<S: Subject>(application: &Application<'_, S>) -> Rotated {
    let rotation = application.rotate().await;
    if rotation.succeeded {
        return Rotated::Well;
    }
    let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
    let failed = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step.name(), error)));
    let (step, error) = failed.expect("a step failed");
    let class = error.error_type.clone().unwrap_or_default();
    Rotated::Failed { step, class, words: error.message.clone() }
}

/// What became of an attempt, whether or not a fault was behind it.
pub(super) enum Rotated {
    Well,
    Failed {
        step: &'static str,
        /// The error's type.
        class: String,
        words: String,
    },
}

impl Rotated {
    /// A failure of one of these types is the fault's.
    pub(super) async fn blamed_on<S: Subject>(
        self,
        classes: &[&str],
        application: &Application<'_, S>,
    ) -> Attempt {
        match self {
            Self::Well => {
                let current = holder(application, "AWSCURRENT").await;
                Attempt::Completed(current.expect("a current version"))
            }
            Self::Failed { step, class, .. } if classes.contains(&class.as_str()) => Attempt::Struck(step),
            Self::Failed { step, class, words } => Attempt::Failed(format!("{step} {class}: {words}")),
        }
    }
}
