//! Whether a rotation that goes on after a crash locks the user out: it finds the right password by trying.

use super::{Facts, Judgement, judged};
use crate::ports::{LockedOut, Lockout};
use crate::remedy::{ADMINISTRATOR, run_as};
use crate::strategy::{Strategy, base_of};

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
                run_as(ADMINISTRATOR, &statements(facts, rule, enough)),
            ),
            Some(rule) => {
                Judgement::pass(format!("{} rejected sign-ins in a row lock the user out", rule.attempts))
            }
        }
    })
}

/// What lets a rotation try `enough` passwords. A rule of one alone of two users that are to be equal would be a difference, unless
/// a superuser makes the clone equal to its base.
fn statements(facts: &Facts, rule: &Lockout, enough: u32) -> Vec<String> {
    let (host, allow) = match &rule.of {
        LockedOut::Anybody(statement) => return vec![format!("{statement}{enough}")],
        LockedOut::Account { host, allow } => (host, allow),
    };
    let current = facts.versions.as_ref().and_then(|versions| versions.current.as_ref().ok());
    let Some(user) = current.map(|current| &current.username) else { return Vec::new() };
    let mut users = vec![user.clone()];
    // Before the first rotation a superuser has made no clone.
    if facts.strategy.alternates() && (!facts.has_superuser() || base_of(user).is_some()) {
        users.push(facts.strategy.next_user(user));
    }
    users.iter().map(|user| allow(user, host, enough)).collect()
}
