//! Whether the server's clock and the function's agree: expiry of certificates and passwords is read from them.

use std::time::Duration;

use super::{Facts, Judgement, judged};
use crate::time::duration;

/// AWS rejects a request that is signed more than five minutes off.
const MOST: Duration = Duration::from_secs(5 * 60);

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.rehearsal.state.as_ref(), |state| {
        let Some(theirs) = state.time else { return Judgement::skipped("the server does not say") };
        let ahead = theirs.duration_since(facts.now);
        let skew = ahead.clone().unwrap_or_else(|error| error.duration());
        if skew < MOST {
            return Judgement::pass("the server's clock and the function's agree");
        }
        let direction = if ahead.is_ok() { "ahead of" } else { "behind" };
        Judgement::warn(
            format!("the server's clock is {} {direction} the function's", duration(skew)),
            "set the server's clock: passwords and certificates expire by it",
        )
    })
}
