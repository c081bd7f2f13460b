//! Who still has sessions as the user whose password the next rotation changes: clients that have not gone over to AWSCURRENT.

use super::{Facts, Judgement};
use crate::cause::Cause;
use crate::idle_user::OnIdleUserSessions;

pub(super) fn judge(facts: &Facts) -> Judgement {
    if !facts.strategy.alternates() {
        return Judgement::skipped(
            "there is no idle user: nobody can tell by which password a session was opened",
        );
    }
    let refuses = facts.on_idle_user_sessions == OnIdleUserSessions::Refuse;
    match &facts.rehearsal.sessions {
        None if refuses && matches!(facts.rehearsal.change, Some(Ok(_))) => Judgement::fail(
            "the sessions of the idle user cannot be seen, and this function is set to refuse a rotation then",
            "let the user that sets the password see them, or set REFUSE_WHILE_IDLE_USER_HAS_SESSIONS to false",
        ),
        None => Judgement::skipped("what comes before it failed, or the server does not show them"),
        Some(sessions) if sessions.count == 0 => Judgement::pass("there are none"),
        Some(sessions) if refuses => {
            Judgement::fail(sessions.to_string(), Cause::IdleUserHasSessions.remedy())
        }
        Some(sessions) => Judgement::warn(
            sessions.to_string(),
            "let these clients read AWSCURRENT and open new connections: the next rotation ends no session, but after it they cannot open \
             another one with the password that they have",
        ),
    }
}
