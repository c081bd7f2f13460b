//! Whether the function may list the versions without a label, one of which may hold the password after an abandoned rotation.

use super::{Facts, Judgement};

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Some(versions) = &facts.versions else { return Judgement::skipped("the versions were not read") };
    match &versions.unlabelled {
        Ok(number) => Judgement::pass(format!("there are {number}")),
        Err(error) => Judgement::warning_of(error),
    }
}
