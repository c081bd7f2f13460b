//! Whether a rotation that goes on after a crash locks the user out: it finds the right password by trying.

use super::{Facts, Judgement, judged};
use crate::remedy::{ADMINISTRATOR, run_as};
use crate::strategy::Strategy;

/// How many sign-ins of a user are to be rejected before it is locked out, after a crash and after a rotation that was given up
/// (docs/operations.md, "Accounts that lock").
fn needed(facts: &Facts) -> (u32, u32) {
    match facts.strategy {
        Strategy::SingleUser => (3, 5),
        Strategy::AlternatingUsers if facts.has_superuser() => (3, 3),
        Strategy::AlternatingUsers => (2, 4),
        Strategy::DualPassword => (2, 2),
    }
}

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.rehearsal.state.as_ref(), |state| {
        let (least, enough) = needed(facts);
        match &state.lockout {
            None => Judgement::pass("rejected sign-ins lock nobody out"),
            Some(rule) if rule.attempts < least => Judgement::warn(
                format!(
                    "{} rejected sign-ins lock the user out; a rotation that goes on after a crash may need {least}",
                    rule.attempts
                ),
                run_as(ADMINISTRATOR, &[format!("{}{enough}", rule.allow)]),
            ),
            Some(rule) => {
                Judgement::pass(format!("{} rejected sign-ins in a row lock the user out", rule.attempts))
            }
        }
    })
}
