//! Whether the server accepts passwords as the function's settings make them.

use super::{Facts, Judgement, judged};

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.rehearsal.password.as_ref(), |()| {
        Judgement::pass("the server says nothing against passwords as this function makes them")
    })
}
