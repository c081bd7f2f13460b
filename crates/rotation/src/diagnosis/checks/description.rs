//! Whether the secret can be described: it exists, Secrets Manager responds, and the role may.

use super::{Facts, Judgement};

pub(super) fn judge(facts: &Facts) -> Judgement {
    match &facts.described {
        Ok(described) => Judgement::pass(format!("{} versions have labels", described.stages.len())),
        Err(error) => Judgement::of(error),
    }
}
