//! Everything that setSecret checks before it changes a password: the superuser and its privileges, the other user, what differs.

use super::{Facts, Judgement, judged};
use crate::steps::NextChange;

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.rehearsal.change.as_ref(), |change| {
        Judgement::pass(match change {
            NextChange::Own(user) => format!("{user} can set its own password"),
            NextChange::Anothers { superuser, user } => format!("{superuser} can set the password of {user}"),
            NextChange::IdleUsers(user) => format!("{user}, which is idle, can set its own password"),
        })
    })
}
