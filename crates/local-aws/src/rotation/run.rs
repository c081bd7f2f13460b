use std::sync::Arc;

use serde_json::json;

use super::invoke::invoke;
use super::{FunctionError, FunctionErrorKind, Kind, Run, Step, StepResult, report};
use crate::events::foreign_value;
use crate::lock::lock;
use crate::saving;
use crate::secrets::{Author, CURRENT, Secret};
use crate::service::Service;

/// Starts a rotation in the background, unless it is already under way.
pub(crate) fn start(service: &Arc<Service>, run: Run) {
    if service.rotations.begin(&run.arn, &run.version) {
        report::started(service, &run);
        let mut tasks = lock(&service.tasks);
        // Otherwise the set keeps those that have ended.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(rotate(Arc::clone(service), run));
    }
}

async fn rotate(service: Arc<Service>, run: Run) {
    loop {
        let result = attempt_all(&service, &run).await;
        match conclude(&service, &run, result) {
            Afterwards::Over => break,
            Afterwards::Again => {}
        }
    }
    if let Err(error) = saving::saved(&service).await {
        saving::report(&error);
    }
}

async fn attempt_all(service: &Service, run: &Run) -> Result<(), FunctionErrorKind> {
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
        result = try_once(service, run).await;
        if matches!(result, Ok(()) | Err(FunctionErrorKind::Cancelled)) {
            break;
        }
    }
    result
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
                report::failed(service, run, step, &function_of(service, run), error);
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
    let token = uuid::Uuid::new_v4().to_string();
    let lambda_arn = change(service, run, |secret| prepare(secret, &run.version, &token))??;
    let event = json!({
        "Step": step.name(),
        "SecretId": run.arn,
        "ClientRequestToken": run.version,
        "RotationToken": token,
    });
    invoke(service, &lambda_arn, &event).await.map(|_| ())
}

/// Checks that the next step may be called; returns the function. Each step has a rotation token of its own (seen in
/// published events).
fn prepare(secret: &mut Secret, version: &str, token: &str) -> Result<String, FunctionError> {
    let cancelled = |message: &str| Err(FunctionError::new(FunctionErrorKind::Cancelled, message));
    let Some(config) = secret.rotation.as_mut().filter(|config| config.enabled) else {
        return cancelled("rotation of the secret was turned off");
    };
    if secret.versions.stages_of(version).is_empty() {
        return cancelled("the rotation was abandoned: no label is on its version any more");
    }
    if secret
        .versions
        .get(version)
        .is_some_and(|version| version.value.is_some() && version.author == Author::Other)
    {
        return Err(FunctionError::new(
            FunctionErrorKind::ForeignValue,
            foreign_value(version, &secret.arn, &config.lambda_arn),
        ));
    }
    config.issue(token);
    Ok(config.lambda_arn.clone())
}

/// Checks that the version has become AWSCURRENT, and that AWSPENDING is on it, or on no version (user guide, "How
/// rotation works"). Otherwise the service treats the rotation as unfinished, even if finishSecret succeeded.
fn check_labels(service: &Service, run: &Run) -> Result<(), FunctionError> {
    let (current, pending) = change(service, run, |secret| {
        let holder = |stage| secret.versions.holder(stage).map(str::to_owned);
        (holder(CURRENT), secret.versions.pending().map(str::to_owned))
    })?;
    let unfinished = |what: String| {
        Err(FunctionError::new(FunctionErrorKind::Unfinished, format!("finishSecret succeeded, but {what}")))
    };
    match pending {
        Some(version) => unfinished(format!("AWSPENDING is still on {version}, which is not AWSCURRENT")),
        None if current.as_deref() != Some(&run.version) => {
            unfinished(format!("AWSCURRENT is not on {}, the version of this rotation", run.version))
        }
        None => Ok(()),
    }
}

/// The function's ARN; empty if the secret was deleted, which is a cancelled rotation.
fn function_of(service: &Service, run: &Run) -> String {
    let function = change(service, run, |secret| Some(secret.rotation.as_ref()?.lambda_arn.clone()));
    function.ok().flatten().unwrap_or_default()
}

fn change<T>(
    service: &Service,
    run: &Run,
    change: impl FnOnce(&mut Secret) -> T,
) -> Result<T, FunctionError> {
    let mut account = lock(&service.account);
    let secret = account
        .find_live(&run.arn)
        .map_err(|_| FunctionError::new(FunctionErrorKind::Cancelled, "the secret was deleted"))?;
    let result = change(secret);
    saving::changed(service);
    Ok(result)
}

/// What follows on the last attempt of a rotation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    Over,
    Again,
}

/// Records the end of a rotation, while the account is locked: a `RotateSecret` either finds it under way, or begins it
/// anew. One that turned rotation on again after a cancelled step found it under way, so that it has to be run again.
pub(super) fn conclude(service: &Service, run: &Run, result: Result<(), FunctionErrorKind>) -> Afterwards {
    let mut account = lock(&service.account);
    // Even a secret that was marked for deletion meanwhile: it can be restored.
    if let Ok(secret) = account.find_any(&run.arn) {
        if result == Err(FunctionErrorKind::Cancelled) && is_turned_on_again(secret, run) {
            return Afterwards::Again;
        }
        if run.kind == Kind::Probe {
            secret.end_test(&run.version);
        } else if result.is_ok() {
            let now = service.clock.now();
            (secret.rotated, secret.changed) = (Some(now), now);
        }
        saving::changed(service);
    }
    if result.is_ok() {
        report::succeeded(service, run);
    }
    service.rotations.end(&run.arn, &run.version, result.is_ok());
    drop(account);
    service.schedules.reconsider(&run.arn);
    Afterwards::Over
}

fn is_turned_on_again(secret: &Secret, run: &Run) -> bool {
    let is_pending = secret.versions.pending() == Some(run.version.as_str());
    run.kind == Kind::Rotation && secret.deleted.is_none() && secret.rotates() && is_pending
}
