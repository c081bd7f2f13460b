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
    if schedule.function.is_some() && described.rotation_enabled == Some(false) {
        let (_, fix) = split(&Refusal::RotationDisabled.to_string());
        return Judgement::fail(
            format!("rotation is off for this secret; {last}"),
            format!("{fix}: run aws secretsmanager rotate-secret --secret-id {}", facts.secret),
        );
    }
    match schedule.next {
        Some(next) if next + WINDOW < facts.now => Judgement::warn(
            format!("a rotation was due {}, and has not succeeded; {last}", relative(next, facts.now)),
            format!(
                "settle what fails here, and run aws secretsmanager rotate-secret --secret-id {}",
                facts.secret
            ),
        ),
        Some(next) => {
            Judgement::pass(format!("the next rotation is due {}; {last}", relative(next, facts.now)))
        }
        None => Judgement::pass(last),
    }
}

fn split(text: &str) -> (String, String) {
    let (what, fix) = text.split_once("; ").unwrap_or((text, ""));
    (what.to_owned(), fix.to_owned())
}
