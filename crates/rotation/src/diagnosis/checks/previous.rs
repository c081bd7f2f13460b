//! What AWSPREVIOUS is for.

use super::{Facts, Judgement};

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Some(versions) = &facts.versions else { return Judgement::skipped("the versions were not read") };
    match &versions.previous {
        Ok(Some(previous)) => Judgement::pass(format!("is for {}", previous.username)),
        Ok(None) => Judgement::pass("there is none"),
        // Where a rotation needs it, that check fails.
        Err(error) => Judgement::warning_of(error),
    }
}
