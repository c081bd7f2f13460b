//! What the server is: its version, whether accounts can be changed there, and whether there is room for sessions.

use super::{Facts, Judgement, judged};
use crate::cause::Cause;

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.rehearsal.state.as_ref(), |state| {
        let seen = format!("{}, signed in by {}", state.version, state.signed_in_by);
        match (&state.read_only, state.sessions) {
            // Only where the user itself sets its password: a superuser's secret may name the writer.
            (Some(why), _) if !facts.has_superuser() => {
                Judgement::fail(format!("{seen}; it {why}"), Cause::ReadOnly.remedy())
            }
            (_, Some((sessions, most))) if u64::from(sessions) * 10 > u64::from(most) * 9 => Judgement::warn(
                format!("{seen}; {sessions} of {most} sessions are in use"),
                Cause::TooManyConnections.remedy(),
            ),
            (Some(why), _) => Judgement::pass(format!("{seen}; it {why}")),
            (None, Some((sessions, most))) => {
                Judgement::pass(format!("{seen}; {sessions} of {most} sessions are in use"))
            }
            (None, None) => Judgement::pass(seen),
        }
    })
}
