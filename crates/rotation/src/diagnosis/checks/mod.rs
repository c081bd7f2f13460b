//! The checks, one file each: pure judgement of what was gathered.

mod addresses;
mod certificate;
mod change;
mod clock;
mod clone;
mod current;
mod description;
mod function;
mod labels;
mod lockout;
mod passwords;
mod pending;
mod previous;
mod regions;
mod schedule;
mod server;
mod services;
mod sessions;
mod sign_in;
mod unlabelled;

use super::facts::{Facts, gave_up};
use super::report::{Finding, Judgement, Topic};
use crate::error::Error;

/// One check.
pub(super) struct Check {
    topic: Topic,
    name: &'static str,
    judge: fn(&Facts) -> Judgement,
}

/// All checks, in the order of causes: what an earlier one finds may explain what a later one does.
pub(super) const CHECKS: [Check; 20] = [
    check(Topic::Network, "AWS's addresses", services::judge),
    check(Topic::Secret, "description", description::judge),
    check(Topic::Function, "function", function::judge),
    check(Topic::Secret, "schedule", schedule::judge),
    check(Topic::Secret, "AWSCURRENT", current::judge),
    check(Topic::Network, "server's addresses", addresses::judge),
    check(Topic::Network, "certificate", certificate::judge),
    check(Topic::Database, "sign-in", sign_in::judge),
    check(Topic::Database, "server", server::judge),
    check(Topic::Database, "lockout", lockout::judge),
    check(Topic::Database, "clock", clock::judge),
    check(Topic::Database, "passwords", passwords::judge),
    check(Topic::Database, "next password", change::judge),
    check(Topic::Secret, "labels", labels::judge),
    check(Topic::Secret, "AWSPENDING", pending::judge),
    check(Topic::Secret, "AWSPREVIOUS", previous::judge),
    check(Topic::Secret, "versions without a label", unlabelled::judge),
    check(Topic::Secret, "replicas in other regions", regions::judge),
    check(Topic::Database, "clone", clone::judge),
    check(Topic::Database, "sessions of the idle user", sessions::judge),
];

const fn check(topic: Topic, name: &'static str, judge: fn(&Facts) -> Judgement) -> Check {
    Check { topic, name, judge }
}

impl Check {
    /// What the check finds.
    pub(super) fn finding(&self, facts: &Facts) -> Finding {
        let Judgement { status, seen, fix } = (self.judge)(facts);
        let fix = fix.filter(|fix| !fix.is_empty());
        Finding { topic: self.topic, check: self.name, status, seen, fix }
    }
}

/// Judges what was seen; a failure in the words of the rotation's step.
fn judged<T>(
    facts: &Facts,
    seen: Option<&Result<T, Error>>,
    judge: impl FnOnce(&T) -> Judgement,
) -> Judgement {
    match (seen, &facts.gave_up) {
        (Some(Ok(seen)), _) => judge(seen),
        (Some(Err(error)), _) => Judgement::of(error),
        (None, Some(waiting_to)) if facts.is_ours() == Some(true) => Judgement::of(&gave_up(waiting_to)),
        (None, _) => Judgement::skipped("what comes before it failed"),
    }
}
