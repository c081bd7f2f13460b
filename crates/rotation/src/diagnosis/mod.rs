//! A diagnosis: read-only checks of everything that a rotation of a secret needs, from where the function runs.
//!
//! [`facts`] gathers, each of [`checks`] judges what was gathered, and [`report`] is what the function responds. What a step
//! would refuse is refused here in the step's own words, because it is the step's own check.

mod checks;
mod event;
mod facts;
mod report;

pub use event::DiagnosisEvent;
pub use report::{Finding, Report, Status, Topic};

use crate::Rotation;
use crate::ports::Surroundings;
use checks::CHECKS;

/// Diagnoses the rotation of a secret. Changes nothing, at the server and in the secret, and does not fail: what cannot be read
/// is a finding.
pub async fn diagnose(
    rotation: &Rotation<'_>,
    surroundings: &dyn Surroundings,
    event: &DiagnosisEvent,
) -> Report {
    let facts = facts::gather(rotation, surroundings, &event.secret_id).await;
    let findings = CHECKS.iter().map(|check| check.finding(&facts)).collect();
    Report { secret: event.secret_id.to_string(), findings }
}
