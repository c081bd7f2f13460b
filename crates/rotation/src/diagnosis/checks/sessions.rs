//! Who still has sessions as the user whose password the next rotation changes: clients that have not gone over to AWSCURRENT.

use super::{Facts, Judgement};

pub(super) fn judge(facts: &Facts) -> Judgement {
    if !facts.strategy.alternates() {
        return Judgement::skipped(
            "there is no idle user: nobody can tell by which password a session was opened",
        );
    }
    match &facts.rehearsal.sessions {
        None => Judgement::skipped("what comes before it failed, or the server does not show them"),
        Some(sessions) if sessions.count == 0 => Judgement::pass("there are none"),
        Some(sessions) => Judgement::warn(
            sessions.to_string(),
            "let these clients read AWSCURRENT and connect anew: the next rotation ends no session, but after it they cannot open \
             another one with the password that they have",
        ),
    }
}
