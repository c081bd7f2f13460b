//! What differs between two users that a superuser keeps equal. The next rotation repairs it.

use super::{Facts, Judgement, judged};

pub(super) fn judge(facts: &Facts) -> Judgement {
    if facts.rehearsal.change.is_some() && facts.rehearsal.differences.is_none() {
        return Judgement::skipped("no superuser keeps two users equal");
    }
    judged(facts, facts.rehearsal.differences.as_ref(), |differences| {
        if differences.is_empty() {
            return Judgement::pass("nothing differs");
        }
        Judgement::warn(
            differences.join("; "),
            format!(
                "run aws secretsmanager rotate-secret --secret-id {}, which makes the clone equal",
                facts.secret
            ),
        )
    })
}
