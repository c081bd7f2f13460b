//! Whether rotation is on, when it last succeeded, and whether one is overdue.

use std::time::Duration;

use super::{Facts, Judgement};
use crate::diagnosis::time::relative;
use crate::error::Refusal;

/// Secrets Manager rotates within the day of `NextRotationDate`, in its window (User Guide, "Rotation schedules").
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Ok(described) = &facts.described else { return Judgement::skipped("the secret was not described") };
    let schedule = &described.schedule;
    let last = match schedule.last {
        Some(last) => format!("it was last rotated {}", relative(last, facts.now)),
        None => "it was never rotated".into(),
    };
    if schedule.is_deleted {
        let refusal = Judgement::of(&Refusal::MarkedForDeletion.into());
        let restore = format!("run aws secretsmanager restore-secret --secret-id {}", facts.secret);
        return Judgement {
            fix: Some(format!("{restore}, then {} --no-rotate-immediately", facts.rotate())),
            ..refusal
        };
    }
    if schedule.function.is_some() && described.rotation_enabled == Some(false) {
        let refusal = Judgement::of(&Refusal::RotationDisabled.into());
        return Judgement {
            seen: format!("{}; {last}", refusal.seen),
            fix: Some(format!("run {}", facts.rotate())),
            ..refusal
        };
    }
    match schedule.next {
        Some(next) if next + WINDOW < facts.now => Judgement::warn(
            format!("a rotation was due {}, and has not succeeded; {last}", relative(next, facts.now)),
            format!("settle what fails here, and run {}", facts.rotate()),
        ),
        Some(next) => {
            Judgement::pass(format!("the next rotation is due {}; {last}", relative(next, facts.now)))
        }
        None => Judgement::pass(last),
    }
}
