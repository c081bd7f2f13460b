//! What differs between two users that a superuser keeps equal. The next rotation repairs it.

use super::{Facts, Judgement, judged};
use crate::strategy::base_of;

pub(super) fn judge(facts: &Facts) -> Judgement {
    if facts.rehearsal.change.is_some() && facts.rehearsal.differences.is_none() {
        return Judgement::skipped(
            "no superuser keeps two users equal, or AWSPREVIOUS does not show the other one",
        );
    }
    judged(facts, facts.rehearsal.differences.as_ref(), |differences| {
        if differences.is_empty() {
            return Judgement::pass("nothing differs");
        }
        let rotate = facts.rotate();
        Judgement::warn(
            differences.join("; "),
            if is_clones_turn(facts) {
                format!("run {rotate}, which makes the clone equal")
            } else {
                format!(
                    "run {rotate} and, after that rotation, again {rotate}: the clone's turn makes it equal"
                )
            },
        )
    })
}

/// Whether the next rotation is the clone's: AWSCURRENT is for the other user.
fn is_clones_turn(facts: &Facts) -> bool {
    let current = facts.versions.as_ref().and_then(|versions| versions.current.as_ref().ok());
    current.is_some_and(|current| base_of(&current.username).is_none())
}
