//! Whether the labels are as a finished rotation leaves them.

use super::{Facts, Judgement};
use crate::versions::Stage;

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Ok(described) = &facts.described else { return Judgement::skipped("the secret was not described") };
    let (current, pending) = (described.holder(Stage::Current), described.holder(Stage::Pending));
    match (current, pending) {
        (Some(current), Some(pending)) if current != pending => Judgement::warn(
            format!("AWSPENDING is on {pending}: a rotation is under way, or one was not finished"),
            format!("if none is under way, run {}, which goes on with that version", facts.rotate()),
        ),
        (Some(current), _) => Judgement::pass(format!("AWSCURRENT is on {current}")),
        // The check of AWSCURRENT says so.
        (None, _) => Judgement::skipped("no version is AWSCURRENT"),
    }
}
