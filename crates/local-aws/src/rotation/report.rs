use super::{FunctionError, FunctionErrorKind, Kind, Run, Step};
use crate::events::{Event, EventName, step_failed};
use crate::service::Service;

/// Emits the event that a rotation, or a test of one, has begun.
pub(super) fn started(service: &Service, run: &Run) {
    let name = match run.kind {
        Kind::Rotation => EventName::RotationStarted,
        Kind::Probe => EventName::TestRotationStarted,
    };
    emit(service, run, name, None);
}

/// Emits the event that all steps have succeeded.
pub(super) fn succeeded(service: &Service, run: &Run) {
    let name = match run.kind {
        Kind::Rotation => EventName::RotationSucceeded,
        Kind::Probe => EventName::TestRotationSucceeded,
    };
    emit(service, run, name, None);
}

/// Emits the event that an attempt has failed. Its message is the service's, never the function's.
pub(super) fn failed(service: &Service, run: &Run, step: Step, lambda_arn: &str, error: &FunctionError) {
    let name = match run.kind {
        Kind::Rotation => EventName::RotationFailed,
        Kind::Probe => EventName::TestRotationFailed,
    };
    let message = match error.kind {
        FunctionErrorKind::ErrorResponse | FunctionErrorKind::Unreachable | FunctionErrorKind::TimedOut => {
            step_failed(lambda_arn, step.name())
        }
        // These two texts are not the function's.
        FunctionErrorKind::Unfinished | FunctionErrorKind::ForeignValue => error.message.clone(),
        FunctionErrorKind::Cancelled => return,
    };
    emit(service, run, name, Some(message));
}

fn emit(service: &Service, run: &Run, name: EventName, error: Option<String>) {
    let (arn, version) = (run.arn.clone(), run.version.clone());
    service.events.emit(&Event { name, arn, version, error, at: service.clock.now() });
}
