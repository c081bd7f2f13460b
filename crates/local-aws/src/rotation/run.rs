use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;

use super::invoke::invoke;
use super::{FunctionError, FunctionErrorKind, Step, StepResult};
use crate::lock::lock;
use crate::secrets::Secret;
use crate::service::Service;

/// A rotation to run in the background.
pub(crate) struct Run {
    pub(crate) arn: String,
    pub(crate) version: String,
    pub(crate) kind: Kind,
}

/// The kind of rotation that `RotateSecret` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All four steps.
    Rotation,
    /// testSecret only, on a temporary version that holds a copy of the current value.
    Probe,
}

impl Kind {
    fn steps(self) -> &'static [Step] {
        match self {
            Kind::Rotation => &Step::ALL,
            Kind::Probe => &[Step::TestSecret],
        }
    }
}

/// Starts a rotation in the background, unless it is already under way.
pub(crate) fn start(service: &Arc<Service>, run: Run) {
    if service.rotations.begin(&run.arn, &run.version) {
        lock(&service.tasks).spawn(rotate(Arc::clone(service), run));
    }
}

async fn rotate(service: Arc<Service>, run: Run) {
    let attempts = match run.kind {
        Kind::Rotation => service.settings.attempts.max(1),
        Kind::Probe => 1,
    };
    let mut result = Err(FunctionErrorKind::Cancelled);
    for attempt in 1..=attempts {
        if attempt > 1 {
            tokio::time::sleep(service.settings.pause).await;
        }
        service.rotations.begin_attempt(&run.arn, &run.version);
        result = try_once(&service, &run).await;
        if matches!(result, Ok(()) | Err(FunctionErrorKind::Cancelled)) {
            break;
        }
    }
    conclude(&service, &run, result.is_ok());
}

/// Calls the steps in order, and stops at the first that fails.
async fn try_once(service: &Service, run: &Run) -> Result<(), FunctionErrorKind> {
    for &step in run.kind.steps() {
        let mut outcome = call(service, run, step).await;
        if outcome.is_ok() && step == Step::FinishSecret {
            outcome = check_labels(service, run);
        }
        let failure = outcome.as_ref().err().map(|error| error.kind);
        match &outcome {
            Ok(()) => tracing::info!(step = %step, secret.id = %run.arn, "the step succeeded"),
            // Without the message: it is the function's text, and may contain anything.
            Err(error) => {
                tracing::warn!(step = %step, secret.id = %run.arn, failure = ?error.kind, "the step failed");
            }
        }
        service.rotations.add(&run.arn, &run.version, StepResult { step, outcome });
        if let Some(kind) = failure {
            return Err(kind);
        }
    }
    Ok(())
}

async fn call(service: &Service, run: &Run, step: Step) -> Result<(), FunctionError> {
    let lambda_arn = look_at(service, &run.arn, |secret| {
        secret.rotation.as_ref().filter(|config| config.enabled).map(|config| config.lambda_arn.clone())
    })?
    .ok_or_else(|| {
        FunctionError::new(FunctionErrorKind::Cancelled, "rotation of the secret was turned off")
    })?;
    if look_at(service, &run.arn, |secret| secret.versions.stages_of(&run.version).is_empty())? {
        return Err(FunctionError::new(
            FunctionErrorKind::Cancelled,
            "the rotation was abandoned: no label is on its version any more",
        ));
    }
    let event = json!({
        "Step": step.name(),
        "SecretId": run.arn,
        "ClientRequestToken": run.version,
        "RotationToken": uuid::Uuid::new_v4().to_string(),
    });
    invoke(service, &lambda_arn, &event).await
}

/// Checks that AWSPENDING is on the AWSCURRENT version, or on no version (user guide, "How rotation works"). Otherwise
/// the service treats the rotation as unfinished, even if finishSecret succeeded.
fn check_labels(service: &Service, run: &Run) -> Result<(), FunctionError> {
    let left = look_at(service, &run.arn, |secret| secret.versions.pending().map(str::to_owned))?;
    match left {
        None => Ok(()),
        Some(version) => Err(FunctionError::new(
            FunctionErrorKind::Unfinished,
            format!("finishSecret succeeded, but AWSPENDING is still on {version}, which is not AWSCURRENT"),
        )),
    }
}

fn look_at<T>(service: &Service, arn: &str, look: impl FnOnce(&Secret) -> T) -> Result<T, FunctionError> {
    match lock(&service.secrets).find(arn) {
        Ok(secret) if secret.deleted.is_none() => Ok(look(secret)),
        Ok(_) | Err(_) => Err(FunctionError::new(FunctionErrorKind::Cancelled, "the secret was deleted")),
    }
}

fn conclude(service: &Service, run: &Run, succeeded: bool) {
    if let Ok(secret) = lock(&service.secrets).find_live(&run.arn) {
        if run.kind == Kind::Probe {
            secret.versions.end_probe(&run.version);
        } else if succeeded {
            let now = OffsetDateTime::now_utc();
            (secret.rotated, secret.changed) = (Some(now), now);
        }
    }
    service.rotations.end(&run.arn, &run.version, succeeded);
}
