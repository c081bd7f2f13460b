//! Whether rotation is on, when it last succeeded, and whether one is overdue.

use super::{Facts, Judgement};
use crate::error::Refusal;
use crate::overdue::Overdue;
use crate::time::relative;

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
    let begun = facts.versions.as_ref().and_then(|versions| versions.begun);
    if let Some(overdue) = Overdue::judge(schedule.next, begun, facts.now, facts.overdue_after) {
        return Judgement::warn(
            format!("{}; {last}", overdue.describe(facts.now)),
            format!("settle what fails here, and run {}", facts.rotate()),
        );
    }
    match schedule.next {
        Some(next) => {
            Judgement::pass(format!("the next rotation is due {}; {last}", relative(next, facts.now)))
        }
        None => Judgement::pass(last),
    }
}
